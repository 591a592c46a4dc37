"""What ffmpeg says where the system gave it no thread, process or memory: that is neither the film's fault nor ffmpeg's."""

import re

from pipeline.errors import OutputError

_REFUSED = re.compile(
    r"Resource temporarily unavailable|ff_frame_thread_encoder_init failed|pthread_create\b.*failed|Cannot allocate memory",
    re.IGNORECASE,
)
_MAYBE = re.compile(r"Error while opening encoder")
"""libx264 does not say why; its parameters are ours"""
MAYBE = "; or there was no thread or memory left for it: raise ulimit -u, or the limit of processes of the container (pids)"


def starved(said: str) -> OutputError | None:
    """``system_limit`` where that is what ffmpeg said; None of all else."""
    if not _REFUSED.search(said):
        return None
    return OutputError(
        "system_limit",
        "the system gave ffmpeg no further process, thread or memory; raise ulimit -u, or the limits of the container (pids, memory), or do "
        "less at once",
    )


def maybe(said: str) -> str:
    """What is added to ffmpeg's own words where they leave the cause open."""
    return MAYBE if _MAYBE.search(said) else ""
