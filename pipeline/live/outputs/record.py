"""``--record DIR``: what is described is kept as it came, in files that every other command works on.

    DIR/gate.20261127T091500Z.ts                     from keyframe to keyframe, some minutes long
    DIR/gate.20261127T091500Z.descriptions.json      .srt  .vtt         when the file is over and all in it is told of

What a run that was killed left without descriptions, the next one into the same folder describes (``unfinished``).

A file is over after so many minutes, at a loss and at a discontinuity: its stamps go on from its first picture to its last. The oldest
are removed where they are more, or older, than may be kept; a disk that is full ends recording and not the description.
"""

import asyncio
import shutil
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.captioning.recipe import Recipe
from pipeline.errors import OutputError
from pipeline.files import explained
from pipeline.live.document import document_of
from pipeline.live.events import STRETCHES, Event
from pipeline.live.outputs.journal import write_texts
from pipeline.live.outputs.keeping import Keeping
from pipeline.live.outputs.pictures import PictureOutput
from pipeline.live.outputs.taking import SHORT, Taking, finished, inside
from pipeline.live.outputs.unfinished import Mark, finish_left
from pipeline.live.pieces import Piece
from pipeline.safe_open import append, stands_at
from pipeline.types import Caption, Document, Model, Notice

APART = 0.5
"""seconds between two pieces that are not one film any more"""
PATIENCE = 120.0
"""seconds for which a file that is over waits for the last of its descriptions"""
FREE = 1 << 28
"""bytes of the disk that are left to others"""
RECENT = 100
"""events"""


class Recording(PictureOutput):
    name = "recording"

    def __init__(
        self, folder: Path, formats: Sequence[str], recipe: Recipe, model: Model, shape: Callable[[str], dict[str, Any]], *,
        seconds: float, keep_bytes: float | None, keep_days: float | None,
    ) -> None:  # fmt: skip
        """``seconds``: of a file. ``keep_bytes`` and ``keep_days``: what may be kept of each stream; None: all."""
        super().__init__(folder, recipe, model, shape)
        self._formats, self._seconds = formats, seconds
        self._keeping = Keeping(folder, most_bytes=keep_bytes, days=keep_days)
        self._open: dict[str, tuple[Taking, BinaryIO]] = {}
        self._over: dict[str, deque[Taking]] = {}
        self._edges: dict[str, float] = {}
        self._recent: dict[str, deque[Event]] = {}
        """what was told last: a piece is there when it is over, and some of it is described by then"""
        self.files = 0

    async def open(self) -> None:
        """Raises OutputError ``unwritable``."""
        await super().open()
        await asyncio.to_thread(finish_left, self._folder, self.name, partial(finished, formats=self._formats), self._warn)

    def wants(self, event: Event) -> bool:
        return event["event"] in STRETCHES or event["event"] in ("piece", "source", "heartbeat")

    async def finish(self) -> None:
        """What is open is over."""
        for stream in list(self._edges):
            for _ in range(len(self._takings(stream)) + 1):  # a file that fails is left out: those after it are described
                if await self._surely(self._end, stream):
                    break

    def take(self, event: Event) -> None:
        stream, kind = event["stream"], event["event"]
        if kind == "piece":
            self._keep(event["_piece"])
        elif kind == "source":
            if event["state"] == "ended":
                self._end(stream)
            return
        elif kind in STRETCHES:
            self._edges[stream] = event["end"]
            self._recent.setdefault(stream, deque(maxlen=RECENT)).append(event)
            for taking in self._takings(stream):
                if taking.over_since is None or event["start"] < taking.end - SHORT:
                    taking.tell(event)
        self._tell(stream)
        if self._keeping.due(stream):
            self._tidy(stream)

    def _tidy(self, stream: str) -> None:
        self._keeping.tidy(stream, [taking.film for taking in self._takings(stream)])

    def _takings(self, stream: str) -> list[Taking]:
        one = self._open.get(stream)
        return [*self._over.get(stream, ()), *([one[0]] if one is not None else [])]

    def _keep(self, piece: Piece) -> None:
        one = self._open.get(piece.stream)
        if one is not None:
            taking = one[0]
            gone_on = piece.epoch == taking.epoch and abs(piece.start - taking.end) < APART and stands_at(taking.film, one[1])
            if not gone_on or (piece.keyed and piece.end - taking.start > self._seconds):
                self._close(piece.stream)
                one = None
        if one is None:
            if not piece.keyed:
                return
            one = self._begin(piece)
        taking, file = one
        self._room()
        try:
            file.write(piece.data)
            file.flush()
        except OSError as error:
            self._close(piece.stream)
            raise explained(taking.film, error) from None
        taking.end = piece.end
        if taking.mark is not None:
            taking.mark.reached(piece.end)

    def _begin(self, piece: Piece) -> tuple[Taking, BinaryIO]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)  # somebody may have taken it away
        except OSError as error:
            raise explained(self._folder, error) from None
        self._room()
        stamp = datetime.fromtimestamp(piece.utc, UTC).strftime("%Y%m%dT%H%M%SZ")
        base = self._folder / f"{piece.stream}.{stamp}"
        number = 1
        while base.with_name(base.name + ".ts").exists():  # clocks that were set back
            number += 1
            base = self._folder / f"{piece.stream}.{stamp}-{number}"
        taking = Taking(base=base, start=piece.start, end=piece.start, epoch=piece.epoch)
        try:
            file = append(taking.film, create=True)
        except OSError as error:
            raise explained(taking.film, error) from None
        self._keeping.records(taking.film)
        taking.mark = Mark(base, self.name, self._document(piece.stream, taking, 0, [], []), start=piece.start)
        for event in self._recent.get(piece.stream, ()):
            if event["end"] > piece.start + SHORT:
                taking.tell(event)
        self._edges.setdefault(piece.stream, 0.0)
        self._open[piece.stream] = taking, file
        return taking, file

    def _room(self) -> None:
        """Raise OutputError ``no_space`` where the disk is nearly full."""
        if shutil.disk_usage(self._folder).free < FREE:
            for stream in list(self._open):
                self._close(stream)
            raise OutputError("no_space", f"the disk of {self._folder} is nearly full: nothing is recorded until there is room")

    def _close(self, stream: str) -> None:
        taking, file = self._open.pop(stream)
        file.close()
        taking.over_since = time.monotonic()
        self._keeping.records(taking.film)
        self._over.setdefault(stream, deque()).append(taking)

    def _end(self, stream: str) -> None:
        if stream in self._open:
            self._close(stream)
        self._edges[stream] = float("inf")
        self._tell(stream)

    def _tell(self, stream: str) -> None:
        """Write the descriptions of files that are over, as far as all is told of."""
        over = self._over.get(stream)
        while over:
            taking = over[0]
            assert taking.over_since is not None
            if self._edges.get(stream, 0.0) < taking.end - SHORT and time.monotonic() - taking.over_since < PATIENCE:
                return
            over.popleft()
            self._describe(stream, taking)
            self._tidy(stream)

    def _describe(self, stream: str, taking: Taking) -> None:
        try:
            size = taking.film.stat().st_size
            write_texts(self._document(stream, taking, size, *inside(taking)), taking.base, self._formats)
            if taking.mark is not None:
                taking.mark.done()
        except OSError as error:  # somebody took it away
            raise explained(taking.film, error) from None
        finally:
            if taking.mark is not None:
                taking.mark.leave()
        self.files += 1

    def _document(
        self, stream: str, taking: Taking, size: int, captions: Sequence[Caption], notices: Sequence[Notice]
    ) -> Document:
        return document_of(
            captions, notices, name=taking.film.name, size=size, duration=taking.end - taking.start, shape=self._shape(stream),
            recipe=self._recipe, model=self._model, stream={"name": stream},
        )  # fmt: skip
