"""What describing one film took, as its JSON keeps it."""

from collections.abc import Mapping
from typing import Any

from pipeline.captioning.tally import Tally


def film_stats(
    tally: Tally,
    length: float,
    *,
    wall: float,
    engine_start: float,
    decode: float,
    write: float,
    resumed: int,
    held_back_by: str,
    engine_peaks: Mapping[str, Any],
) -> dict[str, Any]:
    """Seconds by what they went into, counts, and rates over the wall clock without what the engine took to load.

    ``decode`` counts the decoding processes' seconds, ``write`` the journal's: this is written before the other outputs are.
    ``length``: seconds of film. The waits and ``engine`` are this film's; those of films under way together overlap.
    """
    working = wall - engine_start
    rate = (lambda count: round(count / working, 2)) if working > 0 else (lambda count: 0.0)
    return {
        "seconds": {
            "total": round(wall, 3),
            "engine_start": round(engine_start, 3),
            "decode": round(decode, 3),
            "wait_for_frames": round(tally.read_wait, 3),
            "wait_for_engine": round(tally.gate_wait, 3),
            "engine": round(tally.engine, 3),
            "write": round(write, 3),
        },
        "windows": tally.windows,
        "frames": tally.frames,
        "asked": tally.asked,
        "resumed": resumed,
        "prompt_tokens": tally.prompt_tokens,
        "completion_tokens": tally.completion_tokens,
        "windows_per_second": rate(tally.windows),
        "frames_per_second": rate(tally.frames),
        "prompt_tokens_per_second": rate(tally.prompt_tokens),
        "completion_tokens_per_second": rate(tally.completion_tokens),
        "times_real_time": rate(length),
        "held_back_by": held_back_by,
        "engine_peaks": dict(engine_peaks),
    }
