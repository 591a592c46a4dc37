"""``/v1/films/ID/tracks``: captions in every format, made when they are asked for; and the files that jobs wrote."""

import asyncio
import mimetypes
import os
from hashlib import blake2b
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import FileResponse

from pipeline import chapters as chapter_formats
from pipeline import formats
from pipeline.cues import make_track
from pipeline.cues import profile as layout_of
from pipeline.filenames import fitted
from pipeline.languages import check_tag
from pipeline.serve.faults import HttpError
from pipeline.serve.held_file import HeldFile
from pipeline.serve.service import Service
from pipeline.speech.known import possible

KINDS = {
    "vtt": "text/vtt", "srt": "application/x-subrip", "ass": "text/x-ssa", "ttml": "application/ttml+xml", "json": "application/json",
    "txt": "text/plain", "csv": "text/csv",
}  # fmt: skip
SUMMARY = {"json": "application/json", "md": "text/markdown; charset=utf-8"}
Profile = Literal["netflix", "bbc", "vertical", "none"]


def attachment(name: str) -> str:
    """The Content-Disposition of a file that is kept under this name (RFC 6266): in plain letters, and as it is."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"


def router(service: Service) -> APIRouter:
    routes = APIRouter(prefix="/v1/films/{id}", tags=["tracks"])

    @routes.get("/tracks/descriptions.{language}.{form}", response_class=Response)
    async def track(
        id: str,
        language: str,
        form: Literal["vtt", "srt", "ass", "ttml", "json", "txt", "csv"],
        request: Request,
        profile: Annotated[Profile | None, Query(description="layout of the cues; the service's where it is not given")] = None,
        download: bool = False,
    ) -> Response:
        """The descriptions as a subtitle file. ``ETag`` changes whenever the captions do."""
        film = service.films.get(id)
        found = service.library.find(film.id, check_tag(language))
        layout = layout_of(profile) if profile is not None else service.studio.layout
        tag = f'"{blake2b(f"{found.tag} {form} {layout!r}".encode(), digest_size=10).hexdigest()}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        if download:
            ending = ".descriptions.json" if form == "json" else f".descriptions.{found.language}{formats.suffix(form)}"
            headers["Content-Disposition"] = attachment(fitted(os.path.splitext(film.name)[0]) + ending)
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)

        def written() -> str:
            document = found.document()
            made, _ = make_track(document, possible(layout, document))
            return formats.write(form, made, document)

        text = await asyncio.to_thread(written)
        return Response(text.encode(), media_type=f"{KINDS[form]}; charset=utf-8", headers=headers)

    def made(id: str, language: str | None, ending: str, what: str, kind: str) -> HeldFile:
        film = service.films.get(id)
        found = service.library.find(film.id, check_tag(language) if language is not None else None)
        path = service.library.made(film.id, found.language, ending)
        if path is None:
            raise HttpError(404, "not_found", f"this film has no {what} yet; ask for a job with the task summarize")
        return HeldFile(path, kind=kind, headers={"Cache-Control": "private, no-cache"})

    @routes.get("/chapters.{form}", response_class=FileResponse)
    async def chapters(id: str, form: Literal["vtt", "json", "txt", "ffmeta"], language: str | None = None) -> HeldFile:
        """The chapters, where a job made them: for players, podcasts, YouTube, ffmpeg."""
        return made(id, language, f".chapters.{form}", "chapters", chapter_formats.find(form).media_type)

    @routes.get("/summary.{form}", response_class=FileResponse)
    async def summary(id: str, form: Literal["json", "md"], language: str | None = None) -> HeldFile:
        """The summary, where a job made one; each sentence with its times."""
        return made(id, language, f".summary.{form}", "summary", SUMMARY[form])

    @routes.get("/files/{language}/{name}", response_class=FileResponse)
    async def file(id: str, language: str, name: str) -> HeldFile:
        """A file that a job wrote: a sidecar, a video with the descriptions in it. Also in ranges."""
        film = service.films.get(id)
        path = service.library.files(film.id, check_tag(language)).get(name)
        if path is None:
            raise HttpError(404, "not_found", f"no job wrote a file {name[:120]!r} for this film")
        return HeldFile(path, kind=mimetypes.guess_type(name)[0] or "text/plain", name=name)

    return routes
