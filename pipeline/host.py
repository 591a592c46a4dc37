"""A host: one engine and the decoding processes that feed it. What all films of a process share, whatever is asked of them."""

import asyncio
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from models.base import Captioner
from pipeline.caption_stream import LocalStream, OpenStream
from pipeline.engine.engine import GIB, Engine
from pipeline.engine.opening import ENGINE_FIELDS, choose_preset, open_captioner, preset_for_pictures
from pipeline.options.caption import Describing
from pipeline.scheduler import Limits
from pipeline.sources.base import Source
from pipeline.sources.film import FilmSource
from pipeline.stretch import Arriving
from pipeline.types import Model
from pipeline.video.limits import cores

if TYPE_CHECKING:
    from models.options import Profile
    from models.preset import Detail, Preset

WRITING = 2
"""videos that are written at once: an encoder takes all cores that it finds"""
BEGUN = 256
"""most films that wait for answers or for their files to be written, beside those that are read; each holds a journal open"""
FOR_QUESTIONS = 1 / 8
"""of an engine's places, where questions are asked: docs/decisions/0115"""
OWN = (
    "model", "engine", "base_url", "api_key", "engine_arg", "profile_trace", "max_in_flight", "memory_gb", "decode_workers", "decode", "nice",
    "log_file",     "gpus", "hosts", "cluster", *ENGINE_FIELDS,
)  # fmt: skip
"""options that another host is needed for where they change; all others are a recipe's or a sink's"""


class Host:
    """An asynchronous context manager; nothing is loaded before it is entered and asked.

    Raises UsageError (an option that can't be, an unknown model) and EnvironmentFault (no engine) when it is made.
    """

    reads_here = True
    """whether this process's children read films"""

    def __init__(
        self,
        settings: Describing,
        *,
        captioner: Captioner | None = None,
        verbose: bool = False,
        profile: "Profile" = "captions",
        pictures: "Detail | None" = None,
        films: bool = True,
        sharing: int = 1,
    ) -> None:
        """``profile``: ``questions`` for an engine that keeps what it has read of a film (prefix cache, priorities). ``pictures``:
        the engine is set up for single pictures, shown in so much detail, and ``films`` beside them; None: for films alone.
        ``sharing``: hosts on the same GPUs, this one counted; the settings' share of their memory is this one's."""
        give_way(settings.nice)
        self.settings, self._sharing = settings, sharing
        self.preset = choose_preset(settings) if pictures is None else preset_for_pictures(settings, pictures, films=films)
        self.engine = Engine(
            captioner or open_captioner(settings, self.preset, verbose=verbose, profile=profile),
            in_flight=settings.max_in_flight,
            memory_bytes=int(settings.memory_gb * GIB),
            reserve=FOR_QUESTIONS if profile == "questions" else 0.0,
        )
        self._others: dict[str, tuple[Preset, Engine]] = {}
        self.decode_workers = settings.decode_workers or max(1, min(cores(), 16) - 1)
        self.encoders = asyncio.Semaphore(WRITING)
        readers = max(2, self.decode_workers)
        self.limits = Limits(reading=readers, under_way=readers + min(self.engine.limit, BEGUN))

    async def __aenter__(self) -> Self:
        from pipeline.video.children import cards
        from pipeline.video.children.pool import WorkerPool

        on_cards = cards.chosen(self.settings.decode, utilization=self.settings.gpu_memory_utilization, sharing=self._sharing)
        self.pool = WorkerPool(most=self.decode_workers, cards=on_cards)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.pool.close()
        await self.engine.close()
        for other in self._others.values():
            await other[1].close()

    def other_model(self, model: str) -> "tuple[Preset, Engine]":
        """Another model of the same server (``--engine openai``), which costs this machine nothing; closed with the host.

        Raises UsageError and EnvironmentFault as the host itself.
        """
        if model not in self._others:
            settings = self.settings.changed(model=model)
            preset = choose_preset(settings)
            engine = Engine(open_captioner(settings, preset), in_flight=settings.max_in_flight)
            self._others[model] = (preset, engine)
        return self._others[model]

    def source(self, path: Path, arriving: Arriving | None = None) -> Source:
        """A film, to be read by this host's processes."""
        return FilmSource(path, self.pool, workers=self.decode_workers, arriving=arriving)

    @property
    def decoding(self) -> str:
        """Who decodes here, in words."""
        return self.pool.decoding

    @property
    def open_stream(self) -> OpenStream:
        """How captions of a source are had here."""
        return partial(LocalStream, self.engine)

    def model(self, id: str) -> Model:
        """The model as the JSON names it; ``id`` as a recipe has it."""
        return model_of(self.preset, id, self.engine)

    def serves(self, settings: Describing) -> bool:
        """Whether films can be described here under these settings: no option of the engine differs."""
        same = all(getattr(settings, name) == getattr(self.settings, name) for name in OWN)
        return same and choose_preset(settings) == self.preset


def model_of(preset: "Preset", id: str, engine: Engine) -> Model:
    """A preset's model in an engine, as a JSON names it."""
    captioner = engine.captioner
    return Model(
        name=preset.name, id=id, revision=preset.revision, engine=captioner.engine, engine_version=captioner.engine_version,
        knows=preset.knows if captioner.engine != "echo" else None,
    )  # fmt: skip


def give_way(nice: int) -> None:
    """Let this process, and all that it starts from now on, run behind others (``--nice``). Never undone: that needs root."""
    if nice > os.getpriority(os.PRIO_PROCESS, 0):
        os.setpriority(os.PRIO_PROCESS, 0, nice)
