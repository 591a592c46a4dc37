"""What all films of a run share: the settings understood, one engine, one gate, the decoding children.

The command line opens one for a run, the daemon one for its life. Everything that can be wrong with the settings is found
here, before a film is opened or a model is loaded.
"""

import asyncio
import contextlib
import os
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from models.base import Captioner, Sampling
from models.errors import EngineMissing, ModelError
from models.presets import EMBEDDED
from pipeline import plugins
from pipeline.captioning import Captioning, Captions
from pipeline.errors import EnvironmentFault, UsageError
from pipeline.gauges import Gauges
from pipeline.languages import check_tag, english_name
from pipeline.options.caption import Settings
from pipeline.question import Question
from pipeline.seats import Seats
from pipeline.supervisor import Supervisor
from pipeline.types import Document, Model, Notice, Track, VideoInfo

if TYPE_CHECKING:
    from models.preset import Preset
    from pipeline.cues import Layout
    from pipeline.video import Reading

GIB = 1024**3
WRITING = 2
"""videos that are written at once: an encoder takes all cores that it finds"""
BEGUN = 256
"""most films that wait for answers or for their files to be written, beside those that are read; each holds a journal open"""


class Studio:
    """An asynchronous context manager around ``captioning``, ``open`` and ``make_track``.

    Raises UsageError (an option that can't be, an unknown model) and EnvironmentFault (no engine) when it is made.
    """

    def __init__(self, settings: Settings, *, captioner: Captioner | None = None, verbose: bool = False) -> None:
        from models.engines import open_captioner
        from models.options import EngineOptions, parse_engine_args

        self.settings = settings = settings.changed(language=check_tag(settings.language))
        self.preset = choose_preset(settings)
        self.rule = plugins.parse("windows", settings.windows or self.preset.windows)
        self.sampler = plugins.parse("samplers", settings.sampler or self.preset.sampler)
        count = getattr(self.sampler, "count", self.preset.frame_count)
        if count > self.preset.frame_count:  # the engine is started with room for as many pictures as a window will have
            self.preset = replace(self.preset, frame_count=count)
        self.layout = _layout(settings)
        self.formats = _formats(settings)
        try:
            self.captioner = captioner or open_captioner(
                settings.engine,
                self.preset,
                EngineOptions(
                    **{name: getattr(settings, name) for name in ENGINE_FIELDS},
                    extra=parse_engine_args(settings.engine_arg),
                    profile_dir=os.fspath(settings.profile_trace) if settings.profile_trace else None,
                ),
                base_url=settings.base_url,
                api_key=settings.api_key,
                log_path=settings.log_file,
                verbose=verbose,
            )
        except ModelError as error:
            raise _as_ours(error) from error
        self.decode_workers = settings.decode_workers or max(1, min(os.cpu_count() or 1, 16) - 1)
        self.supervisor = Supervisor(self.captioner)
        self.supervisor.on_death.append(self._load_less)
        readers = max(2, self.decode_workers)
        self.captioning = Captioning(
            self.supervisor,
            question=Question(
                prompt=_prompt(settings, self.preset), sampling=_sampling(settings, self.preset), frames=self.preset.frames
            ),
            max_in_flight=settings.max_in_flight or self.captioner.capacity,
            memory_bytes=int(settings.memory_gb * GIB),
            films=readers,
            skip_static=settings.skip_static,
        )
        self.gauges = Gauges(self.captioner)
        self.seats = Seats(readers, readers + min(self.captioning.gate.limit, BEGUN))
        self.writing = asyncio.Semaphore(WRITING)

    async def __aenter__(self) -> Self:
        from pipeline.video import WorkerPool

        self.pool = WorkerPool(most=self.decode_workers)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.captioning.close()
        self.pool.close()
        await self.supervisor.close()

    @property
    def model(self) -> Model:
        """The model as the JSON names it."""
        return Model(
            name=self.preset.name, id=self.model_id, revision=self.preset.revision,
            engine=self.captioner.engine, engine_version=self.captioner.engine_version,
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

        return await refine(described, self.supervisor, self.captioning.question.sampling)

    def _load_less(self) -> None:
        """An engine that died may have been asked too much at once: half of it, the next time."""
        self.captioning.gate.wake(False)
        self.captioning.gate.resize(self.captioning.gate.limit // 2)


ENGINE_FIELDS = (
    "tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size", "gpu_memory_utilization", "max_num_seqs",
    "max_model_len", "quantization", "dtype", "block_size", "kv_offload_gb",
)  # fmt: skip


def choose_preset(settings: Settings) -> "Preset":
    """The preset that the settings name, else one that fits this machine. Raises UsageError ``model_not_found``."""
    from models.presets import default_preset, preset, served_preset

    try:
        if settings.engine == "openai":  # the server may have models that nobody else has heard of
            return served_preset(settings.model)
        return preset(settings.model if settings.model is not None else default_preset(gpu_memory_gb()))
    except ModelError as error:
        raise _as_ours(error) from error


def gpu_memory_gb() -> float | None:
    """Memory of the first NVIDIA GPU in GiB, asked of the driver's own tool; None where there is none."""
    import subprocess

    with contextlib.suppress(OSError, ValueError, IndexError, subprocess.SubprocessError):
        answer = subprocess.run(
            ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        return float(answer.stdout.splitlines()[0]) / 1024
    return None


def _as_ours(error: ModelError) -> UsageError | EnvironmentFault:
    kind = EnvironmentFault if isinstance(error, EngineMissing) else UsageError
    return kind(error.code, error.message, **error.data)


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
