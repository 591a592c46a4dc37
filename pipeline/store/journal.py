"""What is already captioned of one film, so that a killed run goes on where it was.

A text file beside the outputs, ``.NAME.descriptions.journal``: its first line names the film and the settings that captions
depend on, each further line is one caption. Lines are appended as captions finish, in any order; a line that a crash cut short
is dropped. A journal of another film or of other settings is started anew; one that is damaged, or is no file at all, is set aside
as ``.NAME.descriptions.journal.damaged``. When the JSON is written the journal goes.
"""

import contextlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pipeline.filenames import name_in
from pipeline.files import explained, write_whole
from pipeline.safe_open import append, read_text
from pipeline.types import Caption, Notice, Outcome

VERSION = 1
LARGEST = 64 * 1024 * 1024
"""bytes; a day of film has 10 MB"""


class Journal:
    """The captions of one film, on disk as they come. A context manager; leaving it keeps the file, ``discard`` removes it."""

    def __init__(self, path: Path, key: Mapping[str, Any], *, resume: bool = True) -> None:
        """Read what an earlier run left under the same ``key`` (any JSON values); the folder is made where there is none.

        What stands there and is no journal is set aside, and ``notices`` says so. Raises OutputError ``unwritable``, ``no_space``.
        """
        self.path = path
        self._head = json.dumps({"journal": VERSION, "key": key}, sort_keys=True)
        self.notices: tuple[Notice, ...] = ()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explained(path.parent, error) from error
        self.captions: tuple[Caption, ...] = self._earlier() if resume else ()
        # Written anew, not appended to: what a crash cut short would run into the next line.
        write_whole(path, b"".join((f"{self._head}\n".encode(), *map(_line, self.captions))))
        try:
            self._file = append(path)
        except OSError as error:
            raise explained(path, error) from error
        self._empty = not self.captions

    def add(self, caption: Caption) -> None:
        """Keep one caption; once this returns, a killed process does not lose it."""
        try:
            self._file.write(_line(caption))
            self._file.flush()
            self._empty = False
        except OSError as error:
            raise explained(self.path, error) from error

    def close(self) -> None:
        """Let the file go; it stays for the next run, unless there is no caption in it."""
        with contextlib.suppress(OSError):  # what it says of the last caption was said when that was added
            self._file.close()
        if self._empty:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _earlier(self) -> tuple[Caption, ...]:
        """The captions that are there; none where the file is of another film or of other settings, or had to be set aside."""
        try:
            return self._read()
        except FileNotFoundError:
            return ()
        except (OSError, _Damaged) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        aside = name_in(self.path.parent, self.path.name, ".damaged")
        try:
            os.replace(self.path, aside)  # a link is moved itself, not what it points to
        except OSError as error:
            raise explained(self.path, error) from error
        sentence = (
            f"what an earlier run left can't be used ({reason.lower()}): it is set aside as {aside.name}, and the film begun anew"
        )
        self.notices = (Notice(code="journal_damaged", message=sentence),)
        return ()

    def _read(self) -> tuple[Caption, ...]:
        """Raises OSError, and _Damaged where a line was not written by ``add``."""
        text = read_text(self.path, LARGEST, follow=False, errors="replace")
        head, *lines = text.split("\n")
        if head != self._head:
            if not head.startswith('{"journal": ') and text.strip():
                raise _Damaged("it is no journal")
            return ()
        return tuple(_caption(number, line) for number, line in enumerate(lines[:-1], 2))  # behind the last newline: cut short


class _Damaged(Exception):
    """A line that was not written by ``add``."""


def _line(caption: Caption) -> bytes:
    return (json.dumps(asdict(caption), ensure_ascii=True) + "\n").encode()


def _caption(number: int, line: str) -> Caption:
    """The caption in a line. Raises _Damaged: a journal lies where others may write, so its types and times are looked at."""
    try:
        raw = json.loads(line)
        caption = Caption(**{**raw, "outcome": Outcome(raw["outcome"]), "frames": tuple(raw["frames"])})
        times = (caption.start, caption.end, *caption.frames)
        right = (
            all(type(time) in (int, float) and math.isfinite(time) for time in times)
            and type(caption.text) is str
            and (caption.original is None or type(caption.original) is str)
            and type(caption.prompt_tokens) is int
            and type(caption.completion_tokens) is int
            and type(caption.reused) is bool
        )
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        right = False
    if not right:
        raise _Damaged(f"line {number} is no caption")
    return caption
