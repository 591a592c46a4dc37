"""What is already captioned of one film, so that a killed run goes on where it was.

A text file beside the outputs, ``.NAME.descriptions.journal``: its first line names the film and the settings that captions
depend on, each further line is one caption. Lines are appended as captions finish, in any order; a line that a crash cut short
is dropped. A journal of another film or of other settings is started anew. When the JSON is written the journal goes.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pipeline.files import explained
from pipeline.types import Caption, Outcome

VERSION = 1


class Journal:
    """The captions of one film, on disk as they come. A context manager; leaving it keeps the file, ``discard`` removes it."""

    def __init__(self, path: Path, key: Mapping[str, Any], *, resume: bool = True) -> None:
        """Read what an earlier run left under the same ``key`` (any JSON values); the folder is made where there is none.

        Raises OutputError ``unwritable`` or ``no_space``.
        """
        self.path = path
        self._head = json.dumps({"journal": VERSION, "key": key}, sort_keys=True)
        self.captions: tuple[Caption, ...] = self._read() if resume else ()
        temporary = path.with_name(path.name + ".tmp")
        try:
            # Written anew, not appended to: what a crash cut short would run into the next line.
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(temporary, "w", encoding="utf-8") as file:
                file.write(self._head + "\n")
                file.writelines(_line(caption) for caption in self.captions)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
            self._file = open(path, "a", encoding="utf-8")  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise explained(path.parent, error) from error
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)  # there only where it could not take its name
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

    def discard(self) -> None:
        """The film is done: the file goes."""
        self.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _read(self) -> tuple[Caption, ...]:
        try:
            head, *lines = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return ()
        if head != self._head:
            return ()
        captions = []
        for line in lines[:-1]:  # behind the last newline stands nothing, or what a crash cut short
            try:
                raw = json.loads(line)
                captions.append(Caption(**{**raw, "outcome": Outcome(raw["outcome"]), "frames": tuple(raw["frames"])}))
            except (ValueError, TypeError, KeyError):
                break
        return tuple(captions)


def _line(caption: Caption) -> str:
    return json.dumps(asdict(caption), ensure_ascii=True) + "\n"
