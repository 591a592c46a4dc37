"""The task ``speak``: a film's descriptions spoken in the pauses of its speech, kept with what else was made of it."""

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import EnvironmentFault, InputError
from pipeline.filenames import fitted
from pipeline.media.suffixes import muxed_suffix
from pipeline.outputs import Outputs
from pipeline.types import Document

if TYPE_CHECKING:
    from pipeline.options.caption import Settings
    from pipeline.serve.jobs import Job
    from pipeline.serve.progress import Progress


def spoken_path(outputs: Outputs, film: Path) -> Path:
    """``movie.spoken.mp4`` or ``.mkv`` beside the captions."""
    suffix = muxed_suffix(film).replace(".webm", ".mkv")
    return outputs.folder / f"{fitted(outputs.stem)}.spoken{suffix}"


async def speak(job: "Job", settings: "Settings", film: Path, document: Document, out: Path, progress: "Progress") -> None:
    """Write ``out``. Cancelling ends its ffmpeg.

    Raises InputError, also ``no_voice`` and ``no_speech_detector``: this job has failed, the others go on; OutputError.
    """
    from pipeline.speech.speaking import speak_captions

    loop, cancel = asyncio.get_running_loop(), threading.Event()
    length = document.source.duration

    def tell(seconds: float) -> None:
        loop.call_soon_threadsafe(progress.step, "speak", min(seconds / length, 1.0) if length > 0 else 0.0)

    place = settings.place if "place" in job.settings else "gaps"
    work = asyncio.to_thread(
        speak_captions, film, document, out, voice="espeak", place=place, extended=False, on_progress=tell, cancel=cancel
    )
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except EnvironmentFault as fault:  # of the voice alone: it must not hold up the jobs that need none
        raise InputError(fault.code, fault.message) from fault
    except asyncio.CancelledError:
        cancel.set()
        await asyncio.gather(task, return_exceptions=True)
        raise
