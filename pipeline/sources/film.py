"""A film file as a source."""

from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from pipeline import families
from pipeline.captioning.recipe import Recipe
from pipeline.errors import InputError
from pipeline.file_version import Change, FileVersion
from pipeline.sources.base import Reading, Span
from pipeline.types import Notice, VideoInfo, Window

if TYPE_CHECKING:
    from pipeline.video.children.pool import WorkerPool


class FilmSource:
    """A film, read by ``workers`` processes of ``pool``."""

    def __init__(self, path: Path, pool: "WorkerPool", *, workers: int = 1) -> None:
        self.path = path
        self._pool, self._workers = pool, workers
        self._info: VideoInfo | None = None
        self._version: FileVersion | None = None

    def probe(self) -> VideoInfo:
        from pipeline.video.probe import probe

        self._version = FileVersion.at(self.path)
        self._info = probe(self.path, pool=self._pool)
        return self._info

    def windows(self, recipe: Recipe, *, known: Collection[Span] = (), between: Span | None = None) -> Reading:
        from pipeline.video.film import open_film

        info = self._info or self.probe()
        film = open_film(
            info,
            rule=families.parse("windows", recipe.windows),
            sampler=families.parse("samplers", recipe.sampler),
            size=recipe.frame_size(info),
            known=known,
            workers=self._workers,
            pool=self._pool,
        )
        return film if between is None else Between(film, between)

    def changed(self) -> Change:
        if self._version is None:
            raise InputError("not_found", "the file is gone")
        return self._version.change_at(self.path)


class Between:
    """The windows of a reading that touch a stretch of it; their numbers stay."""

    def __init__(self, reading: Reading, between: Span) -> None:
        self._reading, (self._start, self._end) = reading, between

    @property
    def notices(self) -> tuple[Notice, ...]:
        return self._reading.notices

    @property
    def shots(self) -> tuple[float, ...]:
        return tuple(shot for shot in self._reading.shots if self._start <= shot < self._end)

    @property
    def decode_seconds(self) -> float:
        return self._reading.decode_seconds

    @property
    def position(self) -> float:
        return min(self._reading.position, self._end)

    def __iter__(self) -> Iterator[Window]:
        for window in self._reading:
            if window.start >= self._end:
                return
            if window.end > self._start:
                yield window

    def __enter__(self) -> "Between":
        self._reading.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._reading.__exit__(kind, error, trace)
