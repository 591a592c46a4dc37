"""A record as one HTML page that needs no network: what it shows is put into words and numbers here.

All text from films, models and file names is escaped by the template engine; a content security policy forbids everything from
elsewhere and every script but the one of the search box, by its hash, should that ever fail.
"""

import base64
import hashlib
import os
import re
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import __version__
from pipeline.clock import clock
from pipeline.engine.opening import limits
from pipeline.errors import OutputError
from pipeline.files import explained, write_whole
from pipeline.report.plot import plot, span
from pipeline.report.summary import shown
from pipeline.safe_open import starts_with
from pipeline.sanitize import clean

if TYPE_CHECKING:
    from markupsafe import Markup

    from pipeline.observing import Result
    from pipeline.report.recorder import FilmRecord, Recorder
    from pipeline.studio import Studio
    from pipeline.types import Notice

SAID = {
    "ok": "",
    "truncated": "cut at a whole sentence",
    "empty": "no answer",
    "repeated": "cut before it repeats itself",
    "failed": "refused by the engine",
}
"""outcome of a window -> what is written beside it"""

SECONDS = {
    "total": "in all",
    "engine_start": "loading the model",
    "decode": "decoding, all processes",
    "wait_for_frames": "waiting for frames",
    "wait_for_engine": "waiting for the engine",
    "engine": "first question to last answer",
    "write": "writing",
}
"""key of the document's seconds -> what it says"""


MARK = b'<meta name="generator" content="Scenescribe">'
HELD_BACK_BY = {"decode": "decoding", "engine": "the engine", "writing": "writing files"}
"""what held a run back -> how it is said"""


def check(path: Path, *, overwrite: bool, otherwise: str = "--overwrite replaces it") -> None:
    """Find out before the run whether the report can be written after it; an older report is replaced. ``otherwise``: what to do where
    the file is somebody else's.

    Raises OutputError ``output_exists`` where something else has its name, ``unwritable``.
    """
    if path.is_dir():
        raise OutputError("unwritable", f"{path} is a folder; name a file for the report", path=str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        ours = not path.exists() or starts_with(path, MARK, 1024)
    except OSError as error:
        raise explained(path, error) from error
    if not ours and not overwrite:
        raise OutputError("output_exists", f"{path} is there and is no report of Scenescribe's; {otherwise}", path=str(path))
    if not os.access(path.parent, os.W_OK):
        raise OutputError("unwritable", f"{path.parent} can't be written; name another place for the report", path=str(path))


def write(path: Path, record: "Recorder") -> None:
    """The report of a run as a file. Raises OutputError ``unwritable``, ``no_space``."""
    write_whole(path, render(record).encode("utf-8", "replace"))


def render(record: "Recorder") -> str:
    """The page as text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("pipeline.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    return environment.get_template("page.html.jinja").render(view(record))


def breakable(name: str) -> "Markup":
    """A name, an id or a path that a narrow page may break after its separators and nowhere else; escaped."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"(?<=[/._-])(?=[^/._-])", "<wbr>", str(escape(name))))


def view(record: "Recorder") -> dict[str, Any]:
    """What the template is given: plain values alone."""
    studio, seconds = record.studio, record.ended - record.started
    films = [_film(film, studio) for film in record.films]
    states = [film["state"] for film in films]
    length = sum(film["seconds"] for film in films if film["state"] == "done")
    loading = studio.engine.starting_seconds(record.started, record.ended)
    model = studio.model
    script = _script()
    return {
        "version": __version__,
        "script": script,
        "script_hash": "sha256-" + base64.b64encode(hashlib.sha256(str(script).encode()).digest()).decode(),
        "when": time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(record.when)),
        "model": {
            "author": clean(model.author),
            "name": clean(model.name),
            "id": clean(model.id),
            "revision": clean(model.revision),
        },
        "engine": f"{model.engine} {model.engine_version}",
        "knows": limits(studio.preset, model.engine),
        "prompt": clean(studio.recipe.prompt),
        "counts": [(state, states.count(state)) for state in ("done", "skipped", "failed") if state in states],
        "facts": _facts(seconds, loading, length, record),
        "plot": plot(
            record.flow.points,
            seconds,
            studio.engine.limit,
            [(start - record.started, end - record.started) for start, end in studio.engine.starts],
        ),
        "films": films,
    }


def _script() -> "Markup":
    """The search box's program, which is ours and holds nothing of a film."""
    from markupsafe import Markup

    return Markup(resources.files("pipeline.report").joinpath("search.js").read_text(encoding="utf-8"))


def _facts(seconds: float, loading: float, length: float, record: "Recorder") -> list[tuple[str, str]]:
    engine, working = record.studio.engine, max(seconds - loading, 0.001)
    asked = sum(
        int(film.result.document.stats.get("asked", 0)) for film in record.films if film.result and film.result.state == "done"
    )
    facts = [("time", f"{seconds:.1f} s"), ("of it loading the model", f"{loading:.1f} s")]
    if asked:
        facts += [
            ("film described", clock(length)),
            ("speed", f"{length / working:.1f} times real time"),
            ("windows asked", f"{asked}, {asked / working:.1f} a second"),
            ("most in flight", f"{engine.peak[0]} of {engine.limit} windows, {engine.peak[1] / 1e6:.3g} MB of frames"),
            ("held back by", HELD_BACK_BY[engine.clock.run_held_back_by(working, _writing(record))]),
        ]
    return facts


def _writing(record: "Recorder") -> float:
    """Seconds of writing files, summed over films: what their documents tell, and what was written after these."""
    done = [film.result for film in record.films if film.result and film.result.state == "done"]
    before = sum(float(one.document.stats.get("seconds", {}).get("write", 0.0)) for one in done if one.described)
    return before + sum(one.write_seconds for one in done)


def _film(record: "FilmRecord", studio: "Studio") -> dict[str, Any]:
    name = shown_name(record.name)
    empty: dict[str, Any] = {
        "name": name, "state": "failed", "reason": "not finished", "message": "", "seconds": 0.0, "about": [], "windows": [], "cues": [],
        "shots": [], "warnings": [], "faults": 0, "timings": [], "outputs": [], "language": "en",
        "without_room": record.without_room, "not_shown": record.not_shown, "summary": None,
    }  # fmt: skip
    if record.error is not None:
        return empty | {"reason": record.error.code, "message": clean(record.error.message)}
    if record.result is None:
        return empty
    return empty | _described(record, record.result, studio)


def _described(record: "FilmRecord", result: "Result", studio: "Studio") -> dict[str, Any]:
    document, info = result.document, result.info
    track, _ = studio.make_track(document)
    length = max(info.duration, *(caption.end for caption in document.captions), 0.001)
    windows: list[dict[str, Any]] = [
        {
            "at": clock(caption.start), "until": clock(caption.end), "text": clean(caption.text), "outcome": str(caption.outcome),
            "said": SAID.get(caption.outcome, ""), "span": span(caption.start, caption.end, length), "reused": caption.reused,
            "frames": len(caption.frames), "thumbnail": record.thumbnails.get(round(caption.start, 3), ""),
        }
        for caption in document.captions
    ]  # fmt: skip
    seconds = dict(document.stats.get("seconds", {}))
    if "write" in seconds:  # what is kept there was written before the other files were
        seconds["write"] += result.write_seconds
    return {
        "state": result.state,
        "reason": "",
        "seconds": info.duration,
        "about": [
            clock(info.duration), f"{info.width}x{info.height}", f"{info.fps:.4g} frames a second", info.codec, f"{info.size / 1e6:.1f} MB",
        ],
        "windows": windows,
        "cues": [
            Shown(clock(cue.start, 1), clock(cue.end, 1), clean(cue.text), span(cue.start, cue.end, length)) for cue in track.cues
        ],
        "shots": [span(shot, shot, length).left for shot in document.shots],
        "warnings": [_warning(notice) for notice in result.notices],
        "faults": sum(notice.fault for notice in result.notices),  # as the screen counts them: a text shown fast is none
        "timings": [(SECONDS[key], f"{float(seconds[key]):.2f} s") for key in SECONDS if key in seconds],
        "outputs": [shown_name(path) for path in result.outputs],
        "language": track.language,
        "summary": shown(result.summary, document.captions) if result.summary is not None else None,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A cue, ready to be shown."""

    at: str
    until: str
    text: str
    span: Any


def _warning(notice: "Notice") -> tuple[str, str, str]:
    return (notice.code, clock(notice.start, 1) if notice.start is not None else "", clean(notice.message))


def shown_name(path: Path | str) -> str:
    """A file's name as text: bytes that are no UTF-8 and characters that can't be seen are escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
