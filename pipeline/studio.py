"""What all films of a run share: the settings understood, one engine, one gate, the decoding children.

The command line opens one for a run, the daemon one for its life. Everything that can be wrong with the settings is found
here, before a film is opened or a model is loaded.
"""

import asyncio
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from models.base import Captioner
from pipeline import families
from pipeline.captioning.recipe import Recipe
from pipeline.engine.engine import GIB, Engine
from pipeline.engine.opening import choose_preset, open_captioner
from pipeline.languages import check_tag
from pipeline.options.caption import Settings
from pipeline.seats import Seats
from pipeline.types import Document, Model, Notice, Track, VideoInfo

if TYPE_CHECKING:
    from pipeline.video.film import Film

WRITING = 2
"""videos that are written at once: an encoder takes all cores that it finds"""
BEGUN = 256
"""most films that wait for answers or for their files to be written, beside those that are read; each holds a journal open"""


class Studio:
    """An asynchronous context manager around ``engine``, ``open`` and ``make_track``.

    Raises UsageError (an option that can't be, an unknown model) and EnvironmentFault (no engine) when it is made.
    """

    def __init__(self, settings: Settings, *, captioner: Captioner | None = None, verbose: bool = False) -> None:
        from pipeline import media

        self.settings = settings = settings.changed(language=check_tag(settings.language))
        self.preset = choose_preset(settings)
        self.recipe = Recipe.of(settings, self.preset)
        self.layout = media.layout_of(settings)
        self.look = media.look_of(settings, self.layout)
        self.formats = _formats(settings)
        self.decode_workers = settings.decode_workers or max(1, min(os.cpu_count() or 1, 16) - 1)
        self.engine = Engine(
            captioner or open_captioner(settings, self.preset, verbose=verbose),
            in_flight=settings.max_in_flight,
            memory_bytes=int(settings.memory_gb * GIB),
        )
        readers = max(2, self.decode_workers)
        self.seats = Seats(readers, readers + min(self.engine.limit, BEGUN))
        self.writing = asyncio.Semaphore(WRITING)

    async def __aenter__(self) -> Self:
        from pipeline.video.children.pool import WorkerPool

        self.pool = WorkerPool(most=self.decode_workers)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.pool.close()
        await self.engine.close()

    @property
    def model(self) -> Model:
        """The model as the JSON names it."""
        return Model(
            name=self.preset.name, id=self.recipe.model, revision=self.preset.revision,
            engine=self.engine.captioner.engine, engine_version=self.engine.captioner.engine_version,
        )  # fmt: skip

    def probe(self, path: Path) -> VideoInfo:
        """Look at a file before any decoder does. Raises InputError."""
        from pipeline.video.probe import probe

        return probe(path, pool=self.pool)

    def open(self, info: VideoInfo, *, known: frozenset[tuple[float, float]] = frozenset()) -> "Film":
        """Begin to read a film's windows; a context manager."""
        from pipeline.video.film import open_film

        return open_film(
            info,
            rule=families.parse("windows", self.recipe.windows),
            sampler=families.parse("samplers", self.recipe.sampler),
            size=self.recipe.frame_size(info),
            known=known,
            workers=self.decode_workers,
            pool=self.pool,
        )

    def make_track(self, document: Document) -> tuple[Track, tuple[Notice, ...]]:
        """The document's cues, laid out as the settings say."""
        from pipeline.cues import make_track

        return make_track(document, self.layout)


def _formats(settings: Settings) -> tuple[str, ...]:
    """``srt,vtt`` or ``all`` -> names of formats. JSON is always written and not among them."""
    from pipeline import formats

    wanted = [name.strip().lower() for name in settings.format.split(",") if name.strip()]
    if "all" in wanted:
        wanted = formats.names()
    for name in wanted:
        formats.find(name)
    return tuple(dict.fromkeys(name for name in wanted if name != "json"))
