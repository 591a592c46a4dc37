"""What captioning one film or stream took."""

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Seconds and counts, as far as it went."""

    windows: int = 0
    frames: int = 0
    asked: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    read_wait: float = 0.0
    """seconds that the reader was waited for"""
    gate_wait: float = 0.0
    """seconds that windows waited for room in the engine"""
    engine: float = 0.0
    """seconds from first admission to last reply, without the engine's loading"""
