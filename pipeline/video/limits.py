"""What a film may cost at most."""

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
    streams: int = 64
    frames: int = 20_000_000
    """in the film: more are not listed"""
    stall: float = 30.0
    """seconds without a sign of life before a child is killed"""
    open_seconds: float = 15.0
    """seconds that the probe may take"""
    memory: int = 6 << 30
    """bytes of address space of a child"""
    ring: int = 48 << 20
    """bytes of shared memory between a child and us"""
    threads: int = field(default_factory=cores)
    """decoding threads of one child"""
