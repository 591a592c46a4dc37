"""A part of a film, as ``--from`` and ``--to`` name it: [start, end) in seconds on the player's clock.

0s        10m00s              12m30s              end
|-----------|-------------------|------------------|
              --from 10:00 --to 12:30   ->  movie.10m00s-12m30s.descriptions.json
"""

import math
import re
from dataclasses import dataclass
from typing import Any, Self

from pipeline.errors import InputError, UsageError

MOST = 1e7
"""seconds: no film is so long"""
_CLOCK = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,2}):)?(\d{1,8}(?:\.\d{1,9})?)", re.ASCII)
_STAMP = r"(?:\d{1,4}h)?(?:\d{1,2}m)?\d{1,2}(?:\.\d{1,3})?s"
_LABEL = re.compile(rf"\.{_STAMP}-(?:{_STAMP}|end)$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """Pure data; ``end`` None: to the film's end."""

    start: float
    end: float | None = None

    @classmethod
    def of(cls, start: float | None, end: float | None) -> Self | None:
        """What the two options say together; None where they name the whole film. Raises UsageError ``bad_range``."""
        start = start or 0.0
        if end is not None and end <= start:
            raise UsageError("bad_range", f"--to {spelled(end)} is not after --from {spelled(start)}; nothing lies between them")
        return None if start == 0 and end is None else cls(start, end)

    @property
    def label(self) -> str:
        """``10m00s-12m30s``: what is added to the film's name."""
        return f"{spelled(self.start)}-{'end' if self.end is None else spelled(self.end)}"

    @property
    def span(self) -> tuple[float, float]:
        """To be cut to a film's own end."""
        return self.start, math.inf if self.end is None else self.end

    def of_film(self, duration: float) -> float:
        """Seconds of it that there are in a film of so many. Raises InputError ``range_past_the_end``."""
        if self.start >= duration:
            raise InputError(
                "range_past_the_end",
                f"it lasts {spelled(duration)}, and --from {spelled(self.start)} is not before its end",
                duration=duration,
            )
        return min(self.span[1], duration) - self.start


def seconds_of(given: Any) -> float:
    """``90``, ``1:30`` or ``1:02:03.5`` -> seconds, to the millisecond. Raises ValueError."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        seconds = float(given)
    else:
        found = _CLOCK.fullmatch(given.strip()) if isinstance(given, str) else None
        if found is None:
            raise ValueError("a time is seconds (90, 12.5) or 1:02:03.5")
        hours, minutes, rest = found.groups()
        if (minutes is not None and float(rest) >= 60) or (hours is not None and int(minutes) >= 60):
            raise ValueError("minutes and seconds end at 59")
        seconds = int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(rest)
    if not math.isfinite(seconds) or not 0 <= seconds <= MOST:
        raise ValueError("no film has such a time")
    return round(seconds, 3)


def spelled(seconds: float) -> str:
    """``1h02m03.5s``, ``2m03s``, ``0s``: it may stand in a file's name."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, thousandths = divmod(rest, 1000)
    fraction = f".{thousandths:03}".rstrip("0") if thousandths else ""
    if milliseconds < 60_000:
        return f"{whole}{fraction}s"
    return (f"{hours}h{minutes:02}m" if hours else f"{minutes}m") + f"{whole:02}{fraction}s"


def without_label(stem: str) -> str:
    """The film's stem of an output's stem: ``movie`` of ``movie.10m00s-12m30s``."""
    return _LABEL.sub("", stem) if len(stem) < 1000 else stem
