"""Which GPUs decode, how many processes each serves, and which films they are given."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from models.gpus import visible
from pipeline.errors import EnvironmentFault
from pipeline.types import VideoInfo
from pipeline.video.table import Table

if TYPE_CHECKING:
    from pipeline.video.children.pool import WorkerPool

CODECS = frozenset({"h264", "hevc", "vp8", "vp9"})
"""codecs of which every decoder makes the same pictures, bit for bit"""
LEAST = 1 << 19
"""pixels of a picture from which on the card is quicker than a core"""
CONTEXT = 0.65
"""GiB of a card's memory that a process takes which decodes 1080p on it (measured on an H200)"""
SHARE = 0.05
"""of a card's memory, for decoding at most: an engine takes 0.9 where nothing else is said"""
MOST = 12
"""processes that decode on one card: more are not quicker by much"""


def suits(info: VideoInfo) -> bool:
    """Whether a card makes exactly the processor's pictures of a film, and is quicker at it."""
    return info.codec in CODECS and not info.interlaced and not info.alpha and info.width * info.height >= LEAST


def chosen(decode: str, *, utilization: float | None = None, sharing: int = 1) -> list[int]:
    """What ``--decode auto|cpu|gpu`` comes to here: the card of each process that decodes on one; see :func:`assign`.

    Raises EnvironmentFault ``no_gpu_decoder`` where it must be a GPU and there is none.
    """
    found = [] if decode == "cpu" else assign(memory(), utilization=utilization, sharing=sharing)
    if decode == "gpu" and not found:
        raise EnvironmentFault(
            "no_gpu_decoder",
            "there is no NVIDIA GPU with memory to spare for decoding; leave --decode out, or see scenescribe doctor",
        )
    return found


class Share:
    """What GPUs have to do with the reading of one film."""

    def __init__(self, info: VideoInfo, pool: "WorkerPool") -> None:
        self._pool = pool
        self.allowed = suits(info)
        """not any more once a card could not"""
        self.frames = 0
        """how many a card has decoded"""

    @property
    def likely(self) -> bool:
        """Whether a card may decode the film, and there is one."""
        return self.allowed and self._pool.has_cards

    def may_decode(self, table: Table) -> bool:
        """Not where the container is damaged or exchanges its header: there the processor's decoder sees more."""
        return self.allowed and not (table.repaired or table.holes or table.headers)

    def reader(self, reader: str, decoded: int) -> str:
        """Who decoded, of ``decoded`` frames: ``reader`` on the processor, nvdec, or pyav+nvdec."""
        if not self.frames:
            return reader
        return "nvdec" if self.frames == decoded else "pyav+nvdec"


@cache
def memory() -> tuple[float, ...]:
    """GiB of each NVIDIA GPU that this process may use, in CUDA's order; none where there is none, or its memory is not told."""
    return tuple(gpu.memory_gb for gpu in visible())


def assign(sizes: Sequence[float], *, utilization: float | None = None, sharing: int = 1) -> list[int]:
    """The card of each process that is to decode on one, in turn. ``sizes``: GiB of each card.

    ``utilization``: the share of a card that one engine takes; half of what all ``sharing`` of them leave is for decoding, SHARE at most,
    and each host has an equal part of it.
    """
    share = SHARE if utilization is None else max(0.0, min(SHARE, (1 - utilization * sharing) / 2))
    counts = [min(MOST, int(size * share / CONTEXT)) // sharing for size in sizes]
    return [card for turn in range(max(counts, default=0)) for card, count in enumerate(counts) if turn < count]
