"""One job of the daemon, as its row in the table ``jobs`` has it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.captioning.recipe import Recipe
from pipeline.file_version import FileVersion
from pipeline.store.database import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One row: one path and the version of its file that was last seen."""

    id: int
    root: Path
    path: Path
    stamp: FileVersion
    state: str
    reason: str
    message: str
    attempts: int
    crashes: int
    stem: str
    """of its outputs' names"""
    place: Path
    """folder of its outputs"""
    written: str
    """``CONTENT SETTINGS`` of the document that all its outputs were written from; empty before that and while they are"""
    ours: bool
    """files under its outputs' names may have been written for it before"""
    source: str
    """what kind of source ``path`` is: ``film``"""
    recipe: Recipe | None
    """with which it is or was described; None where it never was"""
    outputs: tuple[str, ...]
    captions: int
    seconds: float
    queued_at: float
    started_at: float
    finished_at: float


def as_bytes(path: Path) -> bytes:
    """Names are bytes: not all of them are text."""
    return os.fsencode(path)


def as_path(raw: bytes) -> Path:
    """``as_bytes``, undone."""
    return Path(os.fsdecode(raw))


def as_text(path: Path | str) -> str:
    """A name that can be shown and put into JSON, whatever its bytes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def job_of(row: Row) -> Job:
    """A row of the table ``jobs``. Raises ValueError or TypeError where no version of ours wrote it."""
    outputs = json.loads(row["outputs"])
    if not isinstance(outputs, list) or not all(isinstance(name, str) for name in outputs):
        raise ValueError("outputs are no list of names")
    values: dict[str, Any] = {name: int(row[name]) for name in ("id", "attempts", "crashes", "captions")}
    values |= {name: str(row[name]) for name in ("state", "reason", "message", "written", "source")}
    values |= {name: float(row[name]) for name in ("seconds", "queued_at", "started_at", "finished_at")}
    return Job(
        **values,
        root=as_path(row["root"]),
        path=as_path(row["path"]),
        stamp=FileVersion(int(row["size"]), int(row["mtime_ns"])),
        stem=os.fsdecode(row["stem"]),
        place=as_path(row["place"]),
        ours=bool(row["ours"]),
        recipe=Recipe.from_json(json.loads(row["recipe"])) if row["recipe"] else None,
        outputs=tuple(outputs),
    )
