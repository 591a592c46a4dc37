"""A source read once from its beginning to its end: what is known already is not asked, and each caption is journaled as it comes.

journal -> windows -> captions -> refined -> document
"""

import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from pipeline.caption_stream import OpenStream, Told
from pipeline.captioning.recipe import Recipe
from pipeline.captioning.tally import Tally
from pipeline.engine.engine import Engine
from pipeline.entering import entered
from pipeline.errors import InputError
from pipeline.file_version import FileVersion
from pipeline.film_document import film_document, refuse_unanswered, unanswered
from pipeline.observing import Observer
from pipeline.scheduler import ReadingPlace
from pipeline.sinks.base import Sink
from pipeline.sources.base import Source
from pipeline.stats import film_stats
from pipeline.store.journal import Journal
from pipeline.types import Caption, Document, Model, Notice, Outcome, Span, VideoInfo, span_of


@dataclass(slots=True, kw_only=True)
class Reading:
    """Readings of one source; its arguments are those of ``describe.describe``."""

    source: Source
    recipe: Recipe
    sink: Sink
    engine: Engine
    model: Callable[[], Model]
    resume: bool
    observer: Observer
    place: ReadingPlace | None
    open_stream: OpenStream
    _journal_seconds: float = 0.0

    async def document(self, info: VideoInfo, answered: Mapping[Span, Caption]) -> Document:
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
