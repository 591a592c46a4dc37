"""A fault of ours at any step of a job's life is that job's failure: told, with its traceback in the log; the other jobs and the service go on.

Films are made-up texts, so that a job takes milliseconds.
"""

import os
from pathlib import Path
from typing import Any

import pytest
from accidents import ACCIDENTS, breaks, event_of
from serving import Running, breaks_once, events_of

from pipeline import one_reading
from pipeline.engine.supervisor import Supervisor
from pipeline.passes.files import SummaryFiles
from pipeline.retrieval.index import Index
from pipeline.serve import progress, worker
from pipeline.serve.captions import Library
from pipeline.serve.jobs import Jobs
from pipeline.serve.previews import Previews
from pipeline.serve.progress import Progress
from pipeline.serve.service import Service
from pipeline.serve.worker import ATTEMPTS
from pipeline.sinks.files import FileSink
from pipeline.store.journal import Journal
from pipeline.store.lookup import FileLookup, WhatIsThere
from pipeline.studio import Studio
from pipeline.summarizer import Summarizer
from scripts.soaks.madeup import Reading, TextFilm

CAPTION: dict[str, tuple[Any, str]] = {
    "its settings": (worker, "job_settings"),
    "a studio": (worker, "Studio"),
    "its outputs": (Library, "outputs"),
    "progress begins": (Progress, "__aenter__"),
    "the film is opened": (Service, "opened"),
    "what is there": (FileLookup, "find"),
    "described": (Studio, "describe"),
    "probe": (TextFilm, "probe"),
    "the journal": (Journal, "__init__"),
    "windows": (TextFilm, "windows"),
    "read": (Reading, "__iter__"),
    "asked": (Supervisor, "ask"),
    "journaled": (Journal, "add"),
    "told": (Progress, "captioned"),
    "summed up": (one_reading, "film_stats"),
    "written": (FileSink, "_write_texts"),
    "all told": (Progress, "all_of"),
    "progress written": (Progress, "_write"),
    "progress ends": (Progress, "__aexit__"),
    "an older summary goes": (worker, "forget_summary"),
    "links": (worker, "file_link"),
    "ended": (Jobs, "finish"),
}
OTHERS: dict[str, tuple[str, Any, str]] = {
    "summarize: what is there": ("summarize", WhatIsThere, "find"),
    "summarize: the older one goes": ("summarize", worker, "forget_summary"),
    "summarize: where it goes": ("summarize", Summarizer, "files"),
    "summarize: an earlier one": ("summarize", SummaryFiles, "earlier"),
    "summarize: made": ("summarize", Summarizer, "write"),
    "summarize: written": ("summarize", SummaryFiles, "write_texts"),
    "chapters": ("chapters", SummaryFiles, "write_texts"),
    "export": ("export", FileSink, "_write_texts"),
    "index": ("index", Index, "update"),
    "burn": ("burn", FileSink, "_videos"),
    "mux": ("mux", FileSink, "_videos"),
    "speak": ("speak", worker, "speak"),
    "preview": ("preview", Previews, "make"),
}


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(("task", "owner", "name"), [
    *(pytest.param("caption", *step, id=f"caption: {what}") for what, step in CAPTION.items()),
    *(pytest.param(*step, id=what) for what, step in OTHERS.items()),
])  # fmt: skip
def test_an_accident_at_any_step_of_a_job(
    made_up: Running, made_up_films: list[str], task: str, owner: Any, name: str, accident: Exception, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, made_up_media: None,
) -> None:  # fmt: skip
    settings = {} if task == "preview" else {"overwrite": True}
    struck: list[object] = []
    monkeypatch.setattr(progress, "EVERY", 3600.0)  # written at the end of a job alone, however long it takes
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, breaks_once(accident, getattr(owner, name), struck))
        jobs = [made_up.done(made_up.job(id, task, **settings)["id"]) for id in made_up_films]
    assert len(struck) == 1
    passes = isinstance(accident, OSError)  # a disk that is full: tried again, and there is room
    failed, *done = sorted(jobs, key=lambda job: (job["status"] == "completed", -job["attempts"]))
    assert [(job["status"], job["attempts"]) for job in done] == [("completed", 1)] * (len(made_up_films) - 1), done
    told = [event for _, event, _ in events_of(made_up.client.get(failed["links"]["events"]).text)]
    if passes:
        assert (failed["status"], failed["attempts"], failed["error"], told[-1]) == ("completed", 2, None, "done")
    else:
        assert (failed["status"], failed["error"]["code"], failed["outputs"]) == ("failed", "internal_error", [])
        assert type(accident).__name__ in failed["error"]["message"]
        assert (told[-1], "done" in told) == ("error", False)
    logged = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert [(entry["event"], os.fspath(entry["path"]), entry["exc_info"]) for entry in logged if "exc_info" in entry] == [
        (event_of(accident), failed["id"], accident)
    ]
    again = made_up.done(made_up.job(failed["film"], task, **settings)["id"])
    assert (again["status"], again["error"]) == ("completed", None)
    assert left(made_up) == []
    assert made_up.client.get("/readyz").status_code == 200


@pytest.mark.parametrize("task", ["burn", "mux", "export"])
def test_what_an_earlier_job_made_stays_until_the_new_one_is_whole(
    made_up: Running, made_up_films: list[str], task: str, made_up_media: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = made_up_films[0]
    first = made_up.done(made_up.job(film, task)["id"])
    assert first["status"] == "completed"
    before = made_up.client.get(first["outputs"][-1]).content
    step = "_write_texts" if task == "export" else "_videos"
    with monkeypatch.context() as patch:
        patch.setattr(FileSink, step, breaks(getattr(FileSink, step), [ACCIDENTS[1]] * ATTEMPTS))
        failed = made_up.done(made_up.job(film, task)["id"])
        assert (failed["status"], failed["attempts"], failed["error"]["code"]) == ("failed", ATTEMPTS, "no_space")
    assert made_up.client.get(first["outputs"][-1]).content == before, "it is not lost for a job that failed"
    (path,) = (one for one in made_up.service.folder.rglob("*") if one.name == first["outputs"][-1].rpartition("/")[2])
    old = path.stat().st_ino, path.stat().st_mtime_ns
    assert made_up.done(made_up.job(film, task)["id"])["status"] == "completed"
    assert (path.stat().st_ino, path.stat().st_mtime_ns) != old, "and made anew by the next one"


@pytest.fixture
def made_up_media(monkeypatch: pytest.MonkeyPatch) -> None:
    """Videos of made-up films, which ffmpeg can't write."""

    def video(film: Path, _: object, out: Path, **__: object) -> tuple[()]:
        out.write_bytes(b"video")
        return ()

    async def spoken(_job: object, _settings: object, film: Path, _document: object, out: Path, _progress: object) -> None:
        out.write_bytes(b"spoken")

    monkeypatch.setattr("pipeline.media.burn", video)
    monkeypatch.setattr("pipeline.media.mux", video)
    monkeypatch.setattr("pipeline.serve.previews.preview", lambda film, out, **_: out.write_bytes(b"copy"))
    monkeypatch.setattr(worker, "speak", spoken)


def left(made_up: Running) -> list[str]:
    """What no job leaves behind."""
    folder = made_up.service.folder
    return [path.name for path in folder.rglob("*") if path.name.startswith(".") or ".tmp" in path.name] + [
        path.name for place in ("incoming", "held") for path in (folder / place).glob("*")
    ]
