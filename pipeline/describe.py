"""One source with one recipe into one sink.

probe -> described before? -> journal -> windows -> captions -> document -> sink
  ^                                         |
  `----------- the file changed: once more -'
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.caption_stream import LocalStream, OpenStream, Told
from pipeline.captioning.recipe import Recipe
from pipeline.captioning.tally import Tally
from pipeline.engine.engine import Engine
from pipeline.entering import entered
from pipeline.errors import InputError
from pipeline.file_version import Change, FileVersion
from pipeline.film_document import film_document, refuse_unanswered, unanswered
from pipeline.scheduler import ReadingPlace
from pipeline.sinks.base import Sink
from pipeline.sources.base import Source
from pipeline.stats import film_stats
from pipeline.store.journal import Journal
from pipeline.store.lookup import Earlier, Lookup
from pipeline.types import Caption, Document, Model, Notice, Outcome, Span, VideoInfo, Window, span_of

if TYPE_CHECKING:
    from pipeline.outline import Summary

READINGS = 2
"""times that a film is read which changes while it is read"""


class Observer:
    """Told what happens to one film; the defaults do nothing. Called on the event loop, quickly."""

    pictures = False
    """whether ``read`` looks at the window's pictures: where another process reads, they are sent for it alone"""

    def opened(self, info: VideoInfo) -> None:
        """The film is a film; told again where it changed and is read once more."""

    def read(self, window: Window) -> None:
        """One more window is read and on its way to the engine; its pictures are let go when it is answered.

        The one method that is called on another thread: the film's own.
        """

    def captioned(self, caption: Caption, position: float) -> None:
        """One more caption is there; ``position`` is how many seconds of the film are decoded."""

    def step(self, what: str, done: float = 0.0) -> None:
        """Something after the captions is under way (``burn``, ``mux``), ``done`` of it from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How it ended for one film; a failure is an exception instead."""

    state: Literal["done", "skipped"]
    info: VideoInfo
    """of the file as it was described"""
    seconds: float
    """of film that was to be described: all of it, or the part that was asked for"""
    document: Document
    outputs: tuple[Path, ...]
    notices: tuple[Notice, ...]
    """all that ``--strict`` counts: the document's warnings, those of the cues and of the written files"""
    described: bool = True
    """whether the film was read and the model asked, rather than files made from captions that were there"""
    write_seconds: float = 0.0
    """what the JSON, the sidecars and the videos took to write; the journal before them is in the document's stats"""
    summary: "Summary | None" = None
    """where one was wished"""


async def describe(
    source: Source,
    recipe: Recipe,
    sink: Sink,
    engine: Engine,
    *,
    model: Callable[[], Model],
    lookup: Lookup | None = None,
    resume: bool = True,
    observer: Observer | None = None,
    place: ReadingPlace | None = None,
    open_stream: OpenStream | None = None,
) -> Result:
    """Describe one source; what ``lookup`` knows already is not asked again, nor what a journal kept.

    ``model`` gives what the document says of the engine's, once it has answered: before it starts, nobody knows its version.
    ``place`` is given up when the last window is read. ``open_stream``: who reads it and asks about its windows, where that is
    not this process (a fleet).

    Raises InputError, OutputError, EnvironmentFault, UsageError. What was captioned until then is kept in the sink's journal.
    """
    return await _Description(
        source, recipe, sink, engine, model, lookup or Lookup(), resume, observer or Observer(), place,
        open_stream or partial(LocalStream, engine),
    ).run()  # fmt: skip


class _Description:
    """One source on its way; ``run`` is the story."""

    def __init__(
        self, source: Source, recipe: Recipe, sink: Sink, engine: Engine, model: Callable[[], Model], lookup: Lookup, resume: bool,
        observer: Observer, place: ReadingPlace | None, open_stream: OpenStream,
    ) -> None:  # fmt: skip
        self.source, self.recipe, self.sink, self.engine, self.model = source, recipe, sink, engine, model
        self.lookup, self.resume, self.observer, self.place, self.open_stream = lookup, resume, observer, place, open_stream
        self._journal_seconds = 0.0

    async def run(self) -> Result:
        info = await self._probe()
        self.recipe.seconds(info)  # is there something to describe?
        key = self.recipe.key(info)
        earlier = await self.lookup.find(key, info)
        if earlier is not None and not earlier.unanswered:
            return await self._close(earlier.document, info, current=earlier.current, described=False)
        info, document = await self._captioned(info, earlier)
        document = await self.lookup.keep(document)
        return await self._close(document, info, current=False, described=True)

    async def _probe(self) -> VideoInfo:
        info = await asyncio.to_thread(self.source.probe)
        self.observer.opened(info)
        await self.sink.open(info)
        return info

    async def _close(self, document: Document, info: VideoInfo, *, current: bool, described: bool) -> Result:
        written = await self.sink.close(document, current=current)
        return Result(
            state="done" if written.new else "skipped",
            info=info,
            seconds=self.recipe.seconds(info),
            document=document,
            outputs=written.paths,
            notices=(*document.warnings, *written.notices),
            described=described,
            write_seconds=written.seconds,
        )

    async def _captioned(self, info: VideoInfo, earlier: Earlier | None) -> tuple[VideoInfo, Document]:
        """The document of the file as it is in the end, and what that file is."""
        for reading in range(READINGS):
            if reading:
                if self.place is not None:
                    await self.place.read_again()
                info, earlier = await self._probe(), None
            try:
                document = await self._once(info, earlier.answered if earlier is not None else {})
                change: Change = await asyncio.to_thread(self.source.changed)
            except InputError as error:
                if error.code != "source_changed":
                    raise
                change = "changed"
            if change == "same":
                return replace(info, duration=document.source.duration), document
            if change == "vanished":
                message = "the file was removed while it was read; it was finished from the open file"
                gone = Notice(code="source_vanished", message=message)
                return info, replace(document, warnings=(*document.warnings, gone))
        raise InputError("source_changed", "the file changed while it was read, twice; describe it when it is complete")

    async def _once(self, info: VideoInfo, answered: Mapping[Span, Caption]) -> Document:
        """All captions of the file as it is now. Raises InputError ``no_decodable_frames``, ``no_window_answered``."""
        started, tally, notices = time.monotonic(), Tally(), list[Notice]()
        async with AsyncExitStack() as held:
            journal = await self._open_journal(info, held)
            known = {**answered, **{span_of(c.start, c.end): c for c in (journal.captions if journal is not None else ())}}
            self.engine.warm()

            def keep(caption: Caption, position: float) -> None:
                # a window that was refused or answered with nothing is asked again by the next run: there is nothing to keep
                if journal is not None and caption.outcome not in (Outcome.FAILED, Outcome.EMPTY):
                    began = time.monotonic()
                    journal.add(caption)
                    self._journal_seconds += time.monotonic() - began
                self.observer.captioned(caption, position)

            on = Told(
                caption=keep, notice=notices.append, window=self.observer.read, pictures=self.observer.pictures,
                read=self.place.done_reading if self.place is not None else _nothing,
            )  # fmt: skip
            gauges = await held.enter_async_context(self.engine.gauges.over())
            reading = await held.enter_async_context(self.open_stream(self.source, self.recipe, known=known, on=on, tally=tally))
            described = []
            async for caption in reading:
                described.append(caption)
                await self.sink.caption(caption)
        if not described:
            raise InputError("no_decodable_frames", "no picture could be decoded from this film")
        refuse_unanswered(described, notices)
        notices[:0] = unanswered(described, notices)
        if journal is not None:
            notices[:0] = journal.notices
        refined = tuple(described)
        if self.recipe.refine:
            from pipeline.passes.refine import refine

            refined, more = await refine(described, self.recipe, self.engine)
            notices += more
        return film_document(
            info,
            self.recipe,
            self.model(),
            captions=refined,
            read=(reading.reader, reading.shots, reading.notices),
            notices=notices,
            stats=film_stats(
                tally,
                self.recipe.seconds(info),
                wall=time.monotonic() - started,
                engine_start=self.engine.starting_seconds(started, time.monotonic()),
                decode=reading.decode_seconds,
                write=self._journal_seconds,
                resumed=len(known),
                held_back_by=self.engine.clock.held_back_by,
                engine_peaks=gauges,
            ),
        )

    async def _open_journal(self, info: VideoInfo, held: AsyncExitStack) -> Journal | None:
        if (path := self.sink.journal) is None:
            return None
        version = FileVersion.at(info.path)
        key = {"file": [info.size, version.mtime_ns if version is not None else 0], **self.recipe.key(info)}
        began = time.monotonic()
        journal = await entered(held, partial(Journal, path, key, resume=self.resume))
        self._journal_seconds = time.monotonic() - began
        return journal


def _nothing() -> None:
    """Nobody waits for a place."""
