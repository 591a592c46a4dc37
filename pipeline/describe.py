"""One source with one recipe into one sink.

probe -> described before? -> journal -> windows -> captions -> document -> sink
  ^                                         |
  `----------- the file changed: once more -'        the middle of it is one_reading.py
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from pipeline.caption_stream import LocalStream, OpenStream
from pipeline.captioning.recipe import Recipe
from pipeline.engine.engine import Engine
from pipeline.errors import InputError
from pipeline.file_version import Change
from pipeline.observing import Observer, Result
from pipeline.one_reading import Reading
from pipeline.scheduler import ReadingPlace
from pipeline.sinks.base import Sink
from pipeline.sources.base import Source
from pipeline.store.lookup import Earlier, Lookup
from pipeline.types import Document, Model, Notice, VideoInfo

READINGS = 2
"""times that a film is read which changes while it is read"""


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
    reading = Reading(
        source=source, recipe=recipe, sink=sink, engine=engine, model=model, resume=resume, observer=observer or Observer(),
        place=place, open_stream=open_stream or partial(LocalStream, engine),
    )  # fmt: skip
    return await _Description(reading, lookup or Lookup()).run()


class _Description:
    """One source on its way; ``run`` is the story."""

    def __init__(self, reading: Reading, lookup: Lookup) -> None:
        self.reading, self.lookup = reading, lookup
        self.source, self.recipe, self.sink, self.place = reading.source, reading.recipe, reading.sink, reading.place

    async def run(self) -> Result:
        info = await self._probe()
        self.recipe.seconds(info)  # is there something to describe?
        key = self.recipe.key(info)
        earlier = await self.lookup.find(key, info)
        if earlier is not None and not earlier.open:
            return await self._close(earlier.document, info, current=earlier.current, described=False)
        info, document = await self._captioned(info, earlier)
        document = await self.lookup.keep(document)
        return await self._close(document, info, current=False, described=True)

    async def _probe(self) -> VideoInfo:
        info = await asyncio.to_thread(self.source.probe)
        self.reading.observer.opened(info)
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
                document = await self.reading.document(info, earlier.answered if earlier is not None else {})
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
