"""A film file as a source."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import families
from pipeline.captioning.recipe import Recipe
from pipeline.errors import InputError
from pipeline.file_version import Change, FileVersion
from pipeline.sources.base import Reading
from pipeline.stretch import Arriving, Stretch
from pipeline.types import Span, VideoInfo

if TYPE_CHECKING:
    from pipeline.video.children.pool import WorkerPool


class FilmSource:
    """A film, read by ``workers`` processes of ``pool``. ``info``: what it is, where somebody has probed it.

    ``stretch``: only those of the whole film's windows that belong to it (pipeline.fleet). ``arriving``: its bytes come while it is read.
    """

    def __init__(
        self, path: Path, pool: "WorkerPool", *, workers: int = 1, info: VideoInfo | None = None, stretch: Stretch | None = None,
        arriving: Arriving | None = None,
    ) -> None:  # fmt: skip
        self.path, self._arriving = path, arriving
        self._pool, self._workers = pool, workers
        self._info, self._stretch = info, stretch
        self._version: FileVersion | None = None

    @property
    def info(self) -> VideoInfo:
        """What it is, as it was probed last."""
        return self._info or self.probe()

    def probe(self) -> VideoInfo:
        from pipeline.video.probe import probe

        self._version = FileVersion.at(self.path)
        self._info = probe(self.path, pool=self._pool)
        return self._info

    def windows(self, recipe: Recipe, *, known: Collection[Span] = (), between: Span | None = None) -> Reading:
        from pipeline.video.film import open_film

        info = self.info
        return open_film(
            info,
            rule=families.parse("windows", recipe.windows),
            sampler=families.parse("samplers", recipe.sampler),
            size=recipe.frame_size(info),
            known=known,
            workers=self._workers,
            pool=self._pool,
            between=between or (recipe.part.span if recipe.part is not None else None),
            stretch=self._stretch,
            arriving=self._arriving,
        )

    def changed(self) -> Change:
        if self._version is None:
            raise InputError("not_found", "the file is gone")
        return self._version.change_at(self.path)
