"""What the service's objects look like over HTTP: one function a noun."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pipeline.serve.films import KnownFilm
from pipeline.serve.jobs import Job

if TYPE_CHECKING:
    from pipeline.serve.service import Service

TRACKS = ("vtt", "srt", "ass", "ttml", "json", "txt", "csv")


def file_view(service: "Service", film: KnownFilm) -> dict[str, Any]:
    """An upload, as OpenAI's clients read it."""
    return {
        "id": film.id, "object": "file", "bytes": film.size, "created_at": int(film.created_at), "filename": film.name,
        "purpose": film.purpose, "status": "processed", "expires_at": int(film.used_at + service.settings.keep_days * 86_400),
    }  # fmt: skip


def film_view(service: "Service", film: KnownFilm) -> dict[str, Any]:
    """A film, what is known of it, and where its tracks are."""
    here = f"/v1/films/{film.id}"
    described = service.library.described(film.id)
    return {
        "id": film.id,
        "object": "film",
        "name": film.name,
        "path": service.roots.name_of(film.root, film.relative) if film.root is not None else None,
        "bytes": film.size,
        "created_at": int(film.created_at),
        **film.facts,
        "described": list(described),
        "tracks": {
            language: {form: f"{here}/tracks/descriptions.{language}.{form}" for form in TRACKS} for language in described
        },
        "files": {
            language: {name: file_link(film.id, language, name) for name in sorted(service.library.files(film.id, language))}
            for language in described
        },
        "summaries": [language for language in described if service.library.made(film.id, language, ".summary.json")],
        "links": {
            "self": here,
            "video": f"{here}/video",
            "frame": f"{here}/frame.jpg?t=0",
            "page": f"/films/{film.id}",
            "preview": f"{here}/preview.mp4" if service.previews.there(film.id) else None,
        },
    }


def file_link(film: str, language: str, name: str) -> str:
    """Where a file of a film's is fetched: ``What?.srt`` and ``100%.srt`` are names too."""
    return f"/v1/films/{film}/files/{language}/{quote(name, safe='')}"


def job_view(service: "Service", job: Job) -> dict[str, Any]:
    """A job, in the shape that OpenAI's clients know from videos."""
    said = {"code": job.code, "message": job.message} if job.code else None
    return {
        "id": job.id,
        "object": "job",
        "film": job.film,
        "task": job.task,
        "settings": dict(job.settings),
        "status": job.status,
        "progress": job.progress,
        "captions": job.captions,
        "position": service.jobs.position(job) if job.status == "queued" else None,
        "eta": service.worker.left(job) if not job.over else None,
        "attempts": job.attempts,
        "created_at": int(job.created_at),
        "started_at": int(job.started_at) or None,
        "completed_at": int(job.completed_at) or None,
        "error": said if job.status != "completed" else None,
        "warnings": [said] if said and job.status == "completed" else [],
        "outputs": list(job.outputs),
        "links": {"self": f"/v1/jobs/{job.id}", "events": f"/v1/jobs/{job.id}/events", "film": f"/v1/films/{job.film}"},
    }
