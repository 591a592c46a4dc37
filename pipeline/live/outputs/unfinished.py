"""What a run that was killed left open is finished by the next one that writes into the same folder.

    .gate.20261127T091500Z.recording    while a file is open: its description as far as it is known before a word is said,
    .gate.20261126T231500Z.journal      then, of a recording, what was told of it and how far it has come

Who writes a mark holds a lock on it, which ends with the process: of runs at once none finishes what another still writes. Where a file
system has no locks nothing is finished.
"""

import fcntl
import json
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from models.temporary import stale
from pipeline.accident import ours, refused
from pipeline.errors import InputError
from pipeline.formats.json import from_text, to_text
from pipeline.live.events import Event, line, told
from pipeline.safe_open import append, lines_of
from pipeline.sanitize import json_line
from pipeline.types import Document

LONGEST_ROW = 1 << 20
"""bytes"""
MOST_ROWS = 100_000
TRIES, PAUSE = 50, 0.01
"""for the lock of a mark that is new, seconds between two: another run may be looking at it in just this moment"""
OLD = 60.0
"""seconds; a mark that has said nothing for so long, and that nobody holds, is of a run that was killed as it made it"""


class Mark:
    """The mark of one file. A disk that takes none stops nothing: then only a killed run's description stays away."""

    def __init__(self, base: Path, kind: str, head: Document, *, start: float = 0.0) -> None:
        """``head``: the description without a caption. ``start``: of the file, on the stream's clock."""
        self._path = base.with_name(f".{base.name}.{kind}")
        self._file: BinaryIO | None = None
        with suppress(OSError):
            self._file = append(self._path, create=True)
            _lock(self._file)
        self.head(head, start=start)

    def head(self, head: Document, *, start: float = 0.0) -> None:
        """More is known of the film than there was: the description without a caption anew."""
        self._write(json_line({"description": to_text(head), "start": start}))

    def add(self, event: Event) -> None:
        """Something was told of the file."""
        self._write(line(event))

    def reached(self, end: float) -> None:
        """The file goes on to here, on the stream's clock."""
        self._write(json_line({"until": end}))

    def done(self) -> None:
        """The description is written."""
        if self._file is not None:
            with suppress(OSError):
                self._path.unlink()
        self.leave()

    def leave(self) -> None:
        """Nothing more is written here: where the description is not, the next run writes it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, row: str) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.write(row.encode("utf-8", "backslashreplace") + b"\n")
                self._file.flush()


@dataclass(frozen=True, slots=True)
class Left:
    """What a run left."""

    base: Path
    head: Document
    start: float
    end: float
    """how far the file had come"""
    told: tuple[Event, ...]


def finish_left(folder: Path, kind: str, finish: Callable[[Left], None], warn: Callable[..., None]) -> None:
    """``finish`` all that runs which are over left in a folder; what fails is told by ``warn``, and left for the next run."""
    name = re.compile(rf"\.(.+\.\d{{8}}T\d{{6}}Z(?:-\d+)?)\.{kind}")
    for path in sorted(folder.iterdir()):
        if not (found := name.fullmatch(path.name)):
            continue
        with suppress(OSError), lines_of(path) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            one = _read(file, folder / found.group(1))
            if one is None:
                about = os.fstat(file.fileno())
                if not about.st_size and stale(about.st_mtime, OLD):
                    path.unlink()
                continue
            try:
                finish(one)
            except Exception as error:  # one file's accident is no reason not to begin
                wrong = refused(error) or ours(error)
                warn(f"{one.base.name}, which a killed run left, could not be described: {wrong.message}", reason=wrong.code)
            else:
                path.unlink()


def _lock(file: BinaryIO) -> None:
    """Raises OSError where the file system has no locks, or somebody keeps it."""
    for left in reversed(range(TRIES)):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not left:
                raise
            time.sleep(PAUSE)
        else:
            return


def _read(file: BinaryIO, base: Path) -> Left | None:
    """None: it holds no head yet, or is none of ours."""
    try:
        first = json.loads(file.readline(LONGEST_ROW))
        head, start = from_text(first["description"]), float(first["start"])
    except (ValueError, KeyError, TypeError, RecursionError, InputError):
        return None
    end, events = start, list[Event]()
    for _ in range(MOST_ROWS):
        if not (row := file.readline(LONGEST_ROW)):
            break
        with suppress(ValueError, TypeError, RecursionError, InputError):  # the last one may be half a row
            found: Any = json.loads(row)
            if "until" in found:
                end = max(end, float(found["until"]))
            elif "description" in found:
                head = from_text(found["description"])
            else:
                events.append(told(row))
    return Left(base, head, start, end, tuple(events))
