"""What all films of a run share: the settings understood, one engine, one gate, the decoding children.

The command line opens one for a run, the daemon one for its life. Everything that can be wrong with the settings is found
here, before a film is opened or a model is loaded.
"""

import asyncio
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from models.base import Captioner, Sampling
from models.presets import EMBEDDED
from pipeline import plugins
from pipeline.captioning import Captioning, Captions
from pipeline.engine.engine import GIB, Engine
from pipeline.engine.opening import choose_preset, open_captioner
from pipeline.languages import check_tag, english_name
from pipeline.options.caption import Settings
from pipeline.question import Question
from pipeline.seats import Seats
from pipeline.types import Document, Model, Notice, Track, VideoInfo

if TYPE_CHECKING:
    from models.preset import Preset
    from pipeline.cues import Layout
    from pipeline.video import Reading

WRITING = 2
"""videos that are written at once: an encoder takes all cores that it finds"""
BEGUN = 256
"""most films that wait for answers or for their files to be written, beside those that are read; each holds a journal open"""


class Studio:
    """An asynchronous context manager around ``captioning``, ``open`` and ``make_track``.

    Raises UsageError (an option that can't be, an unknown model) and EnvironmentFault (no engine) when it is made.
    """

    def __init__(self, settings: Settings, *, captioner: Captioner | None = None, verbose: bool = False) -> None:
        self.settings = settings = settings.changed(language=check_tag(settings.language))
        self.preset = choose_preset(settings)
        self.rule = plugins.parse("windows", settings.windows or self.preset.windows)
        self.sampler = plugins.parse("samplers", settings.sampler or self.preset.sampler)
        self.layout = _layout(settings)
        self.formats = _formats(settings)
        self.decode_workers = settings.decode_workers or max(1, min(os.cpu_count() or 1, 16) - 1)
        self.engine = Engine(
            captioner or open_captioner(settings, self.preset, verbose=verbose),
            in_flight=settings.max_in_flight,
            memory_bytes=int(settings.memory_gb * GIB),
        )
        readers = max(2, self.decode_workers)
        self.captioning = Captioning(
            self.engine,
            question=Question(
                prompt=_prompt(settings, self.preset), sampling=_sampling(settings, self.preset), frames=self.preset.frames
            ),
            films=readers,
            skip_static=settings.skip_static,
        )
        self.seats = Seats(readers, readers + min(self.engine.limit, BEGUN))
        self.writing = asyncio.Semaphore(WRITING)

    async def __aenter__(self) -> Self:
        from pipeline.video import WorkerPool

        self.pool = WorkerPool(most=self.decode_workers)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.captioning.close()
        self.pool.close()
        await self.engine.close()

    @property
    def model(self) -> Model:
        """The model as the JSON names it."""
        return Model(
            name=self.preset.name, id=self.model_id, revision=self.preset.revision,
            engine=self.engine.captioner.engine, engine_version=self.engine.captioner.engine_version,
        )  # fmt: skip

    @property
    def model_id(self) -> str:
        """The hub id or folder; the embedded model goes by its name, wherever it is installed."""
        return self.preset.name if self.preset.name == EMBEDDED else self.preset.id

    def probe(self, path: Path) -> VideoInfo:
        """Look at a file before any decoder does. Raises InputError."""
        from pipeline.video import probe

        return probe(path, pool=self.pool)

    def open(self, info: VideoInfo, *, known: frozenset[tuple[float, float]] = frozenset()) -> "Reading":
        """Begin to read a film's windows; a context manager."""
        from pipeline.video import open_film

        return open_film(
            info,
            rule=self.rule,
            sampler=self.sampler,
            size=self.preset.frame_size(info.width, info.height),
            known=known,
            workers=self.decode_workers,
            pool=self.pool,
        )

    def key(self, info: VideoInfo) -> dict[str, Any]:
        """All that a film's captions depend on beside its content: equal keys, equal captions."""
        question = self.captioning.question
        return {
            "model": self.model_id,
            "revision": self.preset.revision,
            "engine": self.settings.engine,
            "prompt": question.prompt,
            "language": self.settings.language,
            "windows": plugins.spec(self.rule),
            "sampler": plugins.spec(self.sampler),
            "frame": list(self.preset.frame_size(info.width, info.height)),
            "temperature": question.sampling.temperature,
            "top_p": question.sampling.top_p,
            "max_tokens": question.sampling.max_tokens,
            "seed": question.sampling.seed,
            "skip_static": self.settings.skip_static,
            "refine": self.settings.refine,
        }

    def make_track(self, document: Document) -> tuple[Track, tuple[Notice, ...]]:
        """The document's cues, laid out as the settings say."""
        from pipeline.cues import make_track

        return make_track(document, self.layout)

    async def refine(self, described: Captions) -> Captions:
        """The second step of ``--refine``."""
        from pipeline.refine import refine

        return await refine(described, self.engine, self.captioning.question.sampling)


def _sampling(settings: Settings, preset: "Preset") -> Sampling:
    return Sampling(
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_tokens=settings.max_tokens or preset.max_tokens,
        seed=settings.seed,
    )


def _prompt(settings: Settings, preset: "Preset") -> str:
    prompt = settings.prompt or preset.prompt
    if settings.language.split("-")[0] == "en":
        return prompt
    return f"{prompt} Answer in {english_name(settings.language)}."


def _layout(settings: Settings) -> "Layout":
    from pipeline.cues import profile

    return profile(
        settings.profile, max_line_width=settings.max_line_width, max_lines=settings.max_lines, max_cps=settings.max_cps,
        position=settings.position,
    )  # fmt: skip


def _formats(settings: Settings) -> tuple[str, ...]:
    """``srt,vtt`` or ``all`` -> names of formats. JSON is always written and not among them."""
    from pipeline import formats

    wanted = [name.strip().lower() for name in settings.format.split(",") if name.strip()]
    if "all" in wanted:
        wanted = formats.names()
    for name in wanted:
        formats.find(name)
    return tuple(dict.fromkeys(name for name in wanted if name != "json"))
