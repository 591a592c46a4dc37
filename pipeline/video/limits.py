"""What a film may cost at most."""

import math
import os
from dataclasses import dataclass, field


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what one film may take; a film over one of them is that film's error, never the run's."""

    pixels: int = 1 << 26
    """of one decoded frame: 67 Mpixel"""
    streams: int = 256
    """films with a hundred subtitles exist, and with as many fonts"""
    frames: int = 20_000_000
    """in the film: more are not listed"""
    stall: float = 30.0
    """seconds without a sign of life before a child is killed"""
    open_seconds: float = 15.0
    """seconds that the probe may take"""
    cpu: float = 120.0
    """processor seconds that any request to a child may take, beside what the film's size and length allow"""
    memory: int = 6 << 30
    """bytes of address space of a child"""
    ring: int = 48 << 20
    """bytes of shared memory between a child and us"""
    threads: int = field(default_factory=cores)
    """decoding threads of one child"""

    def processor_seconds(self, *, size: int = 0, frames: int = 0, pixels: int = 0) -> int:
        """What a child may spend on ``frames`` pictures, or on listing a file of ``size`` bytes: a hundred times the usual.

        A demuxer that turns in circles gives signs of life for ever, so the watchdog does not see it; this ends it.
        """
        return math.ceil(self.cpu + size * 1e-6 + frames * (0.05 + pixels * 0.5e-6))
