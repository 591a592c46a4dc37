"""``-o DIR``: each stream's events as they come, and at its end its description as films have it.

    DIR/gate.20261126T231500Z.events.jsonl       appended, on the disk every SYNC seconds
    DIR/gate.20261126T231500Z.descriptions.json  .srt  .vtt          when the stream or the command ends

What was said is read back from the events, so that days of it are never held whole; so the next run into the same folder describes what
a run that was killed left (``unfinished``).
"""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from pipeline import log
from pipeline.captioning.recipe import Recipe
from pipeline.files import check_folder, explained, write_whole
from pipeline.live.document import caption_of, document_of, notice_of
from pipeline.live.events import Event, line, told
from pipeline.live.outputs.base import Output
from pipeline.live.outputs.unfinished import Left, Mark, finish_left
from pipeline.safe_open import append, lines_of, stands_at
from pipeline.types import Caption, Document, Model, Notice

SYNC = 5.0
LONGEST_EVENT = 1 << 20
"""bytes of a line"""
NOTICES = 10_000
"""gaps that a description tells of; the events have them all"""
_log = log.get("pipeline.live")


class Journal(Output):
    name = "journal"
    most = 100_000

    def __init__(
        self, folder: Path, formats: Sequence[str], recipe: Recipe, model: Model, shape: Callable[[str], dict[str, Any]]
    ) -> None:
        """``shape``: size, rate and codec of a stream's pictures, where they are known."""
        super().__init__()
        self._folder, self._formats, self._recipe, self._model, self._shape = folder, formats, recipe, model, shape
        self._stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self._files: dict[str, IO[bytes]] = {}
        self._marks: dict[str, Mark] = {}
        self._shapes: dict[str, dict[str, Any]] = {}
        """of each stream, as its mark has it"""
        self._synced = 0.0

    async def open(self) -> None:
        """Raises OutputError ``unwritable``: the folder can't be written."""
        check_folder(self._folder)
        await super().open()
        await asyncio.to_thread(finish_left, self._folder, self.name, self._finished, self._warn)

    def wants(self, event: Event) -> bool:
        return str(event["event"]) != "heartbeat"

    def path(self, stream: str, suffix: str) -> Path:
        return self._folder / f"{stream}.{self._stamp}{suffix}"

    async def write(self, event: Event) -> None:
        await asyncio.to_thread(self._put, event)
        if event["event"] == "source" and event["state"] == "ended":
            await asyncio.to_thread(self._conclude, event["stream"])

    def _put(self, event: Event) -> None:
        path = self.path(event["stream"], ".events.jsonl")
        try:
            file = self._files.get(event["stream"])
            if file is not None and not stands_at(path, file):
                self._begin_anew(event["stream"])
                file = None
            if file is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                file = self._files[event["stream"]] = append(path, create=True)  # open as long as the stream
            self._mark(event["stream"], path)
            file.write(line(event).encode("utf-8", "backslashreplace") + b"\n")
            file.flush()
            if time.monotonic() - self._synced > SYNC:
                self._synced = time.monotonic()
                for one in self._files.values():
                    os.fsync(one.fileno())
        except OSError as error:
            raise explained(path, error) from None

    def _begin_anew(self, stream: str) -> None:
        """Somebody took a stream's file away, or all of the folder. Raises OSError."""
        self._files.pop(stream).close()
        if stream in self._marks:
            self._marks.pop(stream).leave()
        self._shapes.pop(stream, None)
        self._warn(
            f"{self.path(stream, '.events.jsonl').name} was taken away and is begun anew; what was told before is not in it"
        )

    async def finish(self) -> None:
        """Streams that did not end are concluded as far as they came."""
        for stream in list(self._files):
            await self._surely(self._conclude, stream)

    def _conclude(self, stream: str) -> None:
        """Write the description of the whole."""
        file = self._files.pop(stream, None)
        if file is None:
            return
        try:
            os.fsync(file.fileno())
            file.close()
        except OSError as error:
            raise explained(self.path(stream, ".events.jsonl"), error) from None
        path = self.path(stream, ".events.jsonl")
        write_texts(self._described(stream, path, *_read_back(path)), self.path(stream, ""), self._formats)
        self._shapes.pop(stream, None)
        if stream in self._marks:
            self._marks.pop(stream).done()

    def _mark(self, stream: str, path: Path) -> None:
        """Begin a stream's mark, or tell it what its pictures are, which is known when the first one is there."""
        if self._shapes.get(stream) == (shape := self._shape(stream)):
            return
        self._shapes[stream] = dict(shape)
        head = self._described(stream, path, [], [], 0.0)
        if stream in self._marks:
            self._marks[stream].head(head)
        else:
            self._marks[stream] = Mark(self.path(stream, ""), self.name, head)

    def _finished(self, one: Left) -> None:
        """Describe what a killed run left. Raises OutputError."""
        path = one.base.with_name(f"{one.base.name}.events.jsonl")
        if not path.exists():
            return  # somebody took it away
        captions, notices, end = _read_back(path)
        source = replace(one.head.source, duration=end)
        document = replace(one.head, source=source, captions=tuple(captions), warnings=tuple(notices))
        write_texts(document, one.base, self._formats)
        _log.info("what a killed run left is described", events=path.name)

    def _described(self, stream: str, path: Path, captions: Sequence[Caption], notices: Sequence[Notice], end: float) -> Document:
        return document_of(
            captions, notices, name=stream, size=0, duration=end, shape=self._shape(stream), recipe=self._recipe,
            model=self._model, stream={"name": stream, "events": path.name},
        )  # fmt: skip


def _read_back(path: Path) -> tuple[list[Caption], list[Notice], float]:
    """Captions, notices and the end of what was told. Raises OutputError."""
    captions: list[Caption] = []
    notices: list[Notice] = []
    end, broken = 0.0, 0
    try:
        with lines_of(path) as lines:
            while text := lines.readline(LONGEST_EVENT):
                try:
                    event = told(text)
                except ValueError:
                    broken += 1
                    continue
                end = max(end, event.get("end", 0.0))
                if event["event"] == "caption" and event["text"]:
                    captions.append(caption_of(event))
                elif event["event"] in ("gap", "offline") and len(notices) < NOTICES:
                    notices.append(notice_of(event))
    except OSError as error:
        raise explained(path, error) from None
    if broken:
        notices.append(Notice(code="events_damaged", message=f"{broken} lines of {path.name} could not be read back"))
    return captions, notices, end


def write_texts(document: Document, base: Path, formats: Sequence[str]) -> list[Path]:
    """``BASE.descriptions.json`` and the formats beside it. Raises OutputError ``no_space``, ``unwritable``."""
    from pipeline import formats as family
    from pipeline.cues import make_track
    from pipeline.formats.json import to_text

    track, _ = make_track(document)
    written = []
    for name in ("json", *formats):
        suffix = ".descriptions.json" if name == "json" else family.find(name).suffix
        text = to_text(document) if name == "json" else family.find(name).write(track, document)
        path = base.with_name(base.name + suffix)
        write_whole(path, text.encode("utf-8"))
        written.append(path)
    return written
