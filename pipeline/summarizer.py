"""From a film's document to the files of its summary: as the options say, with whatever model there is.

document -> summarized before? -> writer or composed -> summary -> .json .md .chapters.* .chaptered.mp4
"""

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from models.base import Sampling
from pipeline.errors import OutputError, RequestError, ScenescribeError
from pipeline.host import Host, model_of
from pipeline.options.summarize import Summarized
from pipeline.passes.files import SummaryFiles
from pipeline.passes.summary import Writer, digest, settings_of, summarize
from pipeline.sinks.base import Written
from pipeline.types import Document, Notice

if TYPE_CHECKING:
    from models.preset import Preset
    from pipeline.options.caption import Settings
    from pipeline.outline import Summary

CONTEXT = 4096
"""tokens of a question and its answer, where nobody says how many a model takes"""
OnStep = Callable[[str, float], None]


class CopyFailed(OutputError):
    """The copy of a film with its chapters could not be written; its summary is."""


class Summarizer:
    """Summaries of films under one set of options."""

    def __init__(self, options: Summarized, writer: Writer | None, *, overwrite: bool = False) -> None:
        self.options, self.writer, self.overwrite = options, writer, overwrite

    def files(self, folder: Path, stem: str, film: Path | None) -> SummaryFiles:
        """What is written of a film, and where. ``film``: where it stands, for a copy with chapters."""
        options = self.options
        return SummaryFiles(
            folder=folder, stem=stem, chapters=options.chapters or options.into_video, film=film if options.into_video else None
        )

    async def write(
        self, document: Document, files: SummaryFiles, *, on_step: OnStep = lambda what, done: None
    ) -> tuple[Written, "Summary"]:
        """Summarize a film into its files; what is there already and fits stays.

        Raises OutputError, InputError, EnvironmentFault; RequestError where the model answers nothing.
        """
        began = time.monotonic()
        settings = settings_of(self.options.length, self.options.style, self.writer)
        known = await asyncio.to_thread(digest, document)
        summary = await asyncio.to_thread(files.earlier, known, settings, overwrite=self.overwrite)
        wanted = files.missing() if summary is not None else list(files.all)
        if summary is None:
            on_step("summarize", 0.0)
            summary = await summarize(document, length=self.options.length, style=self.options.style, writer=self.writer)
        notices = list(summary.warnings) if wanted else []
        if wanted:
            await asyncio.to_thread(files.write_texts, summary, wanted)
            if files.video in wanted:
                try:
                    notices += await _cancellable(partial(files.write_video, summary))
                except OutputError as error:
                    written = f"{error.message}; {files.json.name} is written, the copy with chapters is not"
                    raise CopyFailed(error.code, written, **error.data) from error
        seconds = time.monotonic() - began
        return Written(new=bool(wanted), paths=files.all, notices=tuple(notices), seconds=seconds), summary


async def _cancellable(work: Callable[..., tuple[Notice, ...]]) -> tuple[Notice, ...]:
    """Run a step of ffmpeg on a thread; cancelling it ends ffmpeg."""
    cancel = threading.Event()
    task = asyncio.create_task(asyncio.to_thread(work, cancel=cancel))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        cancel.set()
        await asyncio.gather(task, return_exceptions=True)
        raise


def beside(error: ScenescribeError) -> ScenescribeError:
    """The error of a summary as that of a film whose captions are written: an hour of work is not lost."""
    if isinstance(error, CopyFailed) or not isinstance(error, OutputError | RequestError):
        return error
    return type(error)(error.code, f"{error.message}; the captions are written, the summary is not", **error.data)


def writes_prose(settings: "Settings", preset: "Preset") -> bool:
    """Whether this model can write a summary: the embedded one knows one kind of sentence, and ``echo`` runs none."""
    from models.presets import EMBEDDED

    return settings.engine != "echo" and preset.name != EMBEDDED


def writer_of(settings: "Settings", host: Host) -> Writer | None:
    """The writer that a host's engine is, or another model of its server; None where the model can't write prose."""
    preset, engine = host.preset, host.engine
    if writes_apart(settings) and settings.engine == "openai":
        preset, engine = host.other_model(str(settings.summary_model))
    if not writes_prose(settings, preset):
        return None
    known = settings.max_model_len or preset.engine.get("max_model_len") or CONTEXT
    sampling = Sampling(temperature=settings.temperature, top_p=settings.top_p, seed=settings.seed)
    return Writer(engine=engine, model=partial(model_of, preset, preset.id, engine), sampling=sampling, context=int(known))


def writes_apart(settings: "Settings") -> bool:
    """Whether the summary's model is another than the captions'."""
    return settings.summary_model is not None and settings.summary_model != settings.model


def needs_its_own_engine(settings: "Settings") -> bool:
    """Whether the captions' engine has to go before the summary's comes: both take all of a GPU."""
    return writes_apart(settings) and settings.engine != "openai"
