"""A film's units, done by whichever hosts took them, joined to one stream of captions in order.

unit 0  done on host 1 ---+
unit 1  done on host 0 ---+--> captions of 0, 1, 2 in order; shots, notices, seconds and counts of all
unit 2  done on host 1 ---+
"""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import fields, replace
from types import TracebackType
from typing import Any, Self

import numpy as np

from pipeline.caption_stream import Told
from pipeline.captioning.recipe import Recipe
from pipeline.captioning.tally import Tally
from pipeline.engine.engine import Engine
from pipeline.fleet import messages
from pipeline.fleet.coordinator import Coordinator
from pipeline.fleet.job import Job
from pipeline.fleet.units import units_of
from pipeline.frames import FrameBatch
from pipeline.sources.base import Source
from pipeline.sources.film import FilmSource
from pipeline.stretch import Indivisible
from pipeline.types import Caption, Notice, Span, Window, span_of
from pipeline.video.damage import joined


class FleetStream:
    """See pipeline.caption_stream."""

    def __init__(
        self, coordinator: Coordinator, engine: Engine, source: Source, recipe: Recipe, *, known: Mapping[Span, Caption], on: Told,
        tally: Tally,
    ) -> None:  # fmt: skip
        assert isinstance(source, FilmSource), "hosts read films"
        self._coordinator, self._engine, self._source, self._recipe = coordinator, engine, source, recipe
        self._known, self._on, self._tally = known, on, tally
        self._jobs: list[Job] = []
        self._read: set[int] = set()
        self._all_read = False
        self._counted: set[Job] = set()
        """those whose tally is in ours"""
        self._notices: dict[Notice, None] = {}
        self._shots: list[float] = []
        self._noted: set[Notice] = set()
        self.decode_seconds = 0.0
        self._readers: dict[str, None] = {}

    @property
    def notices(self) -> tuple[Notice, ...]:
        return joined(tuple(self._notices))

    @property
    def reader(self) -> str:
        both = {one for reader in self._readers for one in reader.split("+")} > {"nvdec"}
        return "pyav+nvdec" if both else next(iter(self._readers), "")

    @property
    def shots(self) -> tuple[float, ...]:
        return tuple(self._shots)

    async def __aenter__(self) -> Self:
        units = units_of(self._source.info, self._recipe, self._known, pictures=self._on.pictures)
        self._jobs = [self._coordinator.add(unit, self._told) for unit in units]
        self._flow = self._captions()
        return self

    def __aiter__(self) -> AsyncIterator[Caption]:
        return self._flow

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._flow.aclose()
        for job in self._jobs:
            self._coordinator.withdraw(job)

    async def _captions(self) -> AsyncGenerator[Caption, None]:
        given = -math.inf
        with suppress(Indivisible):
            for job in self._jobs:
                async for caption in self._of(job):
                    given = caption.start
                    yield caption
            if given > -math.inf or len(self._jobs) == 1:
                return
        # a film that can't be entered where it says so, or of which nothing was seen: one host reads it from its beginning
        async for caption in self._of(self._in_one_piece()):
            if caption.start > given:
                yield caption

    async def _of(self, job: Job) -> AsyncGenerator[Caption, None]:
        """A unit's captions, when it is done."""
        done = await self._done(job)
        self._add(done, job)
        there = {span_of(caption.start, caption.end): caption for caption in job.unit.known} | job.failed | job.new
        for span in done.spans:
            yield there[span]

    def _in_one_piece(self) -> Job:
        """The film as one unit; captions that are there are not asked again."""
        known, found = {span_of(caption.start, caption.end): caption for caption in self._known.values()}, dict[Span, Caption]()
        for job in self._jobs:
            known |= job.new
            found |= {} if job in self._counted else job.new
            self._coordinator.withdraw(job)
        unit = replace(self._jobs[0].unit, stretch=None, known=tuple(known.values()))
        whole = self._coordinator.add(unit, self._told)
        whole.new, whole.before = found, frozenset(found)
        self._jobs = [whole]
        self._read.clear()
        return whole

    async def _done(self, job: Job) -> messages.Done:
        """A job's end. A fault that no host gets over ends the wait too."""
        loading = self._engine.warm()
        waiting: set[asyncio.Future[Any]] = {job.done}
        await asyncio.wait(waiting | {loading}, return_when=asyncio.FIRST_COMPLETED)
        if not job.done.done():
            await asyncio.shield(loading)  # raises where there is no model to be had
        return await job.done

    def _told(self, job: Job, message: messages.Message) -> None:
        match message:
            case messages.Captioned():
                self._on.caption(message.caption, message.position)
            case messages.Noted() if message.notice not in self._noted:  # said once, though a second host says it again
                self._noted.add(message.notice)
                self._on.notice(message.notice)
            case messages.Shown():
                self._on.window(_window(message))
            case messages.Read():
                self._read.add(job.number)
                if len(self._read) == len(self._jobs) and not self._all_read:
                    self._all_read = True
                    self._on.read()

    def _add(self, done: messages.Done, job: Job) -> None:
        """What a unit took, and what was seen of its pictures."""
        self._counted.add(job)
        self.decode_seconds += done.decode_seconds
        self._readers |= dict.fromkeys([done.reader] if done.spans and done.reader else [])
        self._shots += [shot for shot in done.shots if not self._shots or shot > self._shots[-1]]
        self._notices |= dict.fromkeys(done.notices)
        engine = max(self._tally.engine, done.tally.engine)
        for one in fields(Tally):
            setattr(self._tally, one.name, getattr(self._tally, one.name) + getattr(done.tally, one.name))
        self._tally.engine = engine
        # what hosts that died had answered is in no tally of theirs
        lost = [caption for span, caption in job.new.items() if span in job.before]
        self._tally.asked += len(lost)
        self._tally.frames += sum(len(caption.frames) for caption in lost)
        self._tally.prompt_tokens += sum(caption.prompt_tokens for caption in lost)
        self._tally.completion_tokens += sum(caption.completion_tokens for caption in lost)


def _window(shown: messages.Shown) -> Window:
    """A window with its middle picture alone."""
    picture = np.frombuffer(shown.payload, np.uint8).reshape(-1, shown.height, shown.width, 3) if shown.payload else None
    frames = FrameBatch(data=picture, times=(shown.time,), indices=(shown.rank,)) if picture is not None else FrameBatch.of(())
    return Window(index=shown.index, start=shown.start, end=shown.end, frames=frames)
