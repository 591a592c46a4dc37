"""Several sinks as one: the files of a film, and what else is told of its captions (``--sink``)."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.sinks.base import Sink, Written
from pipeline.types import Caption, Document, VideoInfo


class Several:
    """``first`` keeps the journal and is closed first: what it wrote is there whatever becomes of the others."""

    def __init__(self, first: Sink, others: Sequence[Sink]) -> None:
        self._first, self._others = first, others

    @property
    def journal(self) -> Path | None:
        return self._first.journal

    async def open(self, info: VideoInfo) -> None:
        for sink in (self._first, *self._others):
            await sink.open(info)

    async def caption(self, caption: Caption) -> None:
        for sink in (self._first, *self._others):
            await sink.caption(caption)

    async def close(self, document: Document, *, current: bool = False) -> Written:
        all_written = [await sink.close(document, current=current) for sink in (self._first, *self._others)]
        return Written(
            new=any(written.new for written in all_written),
            paths=tuple(dict.fromkeys(path for written in all_written for path in written.paths)),
            notices=tuple(notice for written in all_written for notice in written.notices),
            seconds=sum(written.seconds for written in all_written),
        )
