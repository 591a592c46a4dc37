"""Time expressions of TTML (TTML2 10.3): ``00:00:01.5``, ``00:00:01:12`` in frames, ``1.5s``, ``38f``, ``15t``."""

import re
from dataclasses import dataclass

_CLOCK = re.compile(r"(\d{2,6}):(\d\d):(\d\d)(?:[.,](\d{1,9})|:(\d{1,4})(?:[.]\d{1,4})?)?", re.ASCII)
_OFFSET = re.compile(r"(\d{1,12}(?:[.]\d{1,9})?)(h|ms|m|s|f|t)", re.ASCII)
_SIGN = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@dataclass(slots=True)
class Rates:
    """What the times of a file count by."""

    frames: float = 30.0
    ticks: float = 1.0

    def seconds(self, value: str) -> float | None:
        """Of a time expression (TTML2 10.3); None where it is none."""
        value = value.strip()
        if found := _CLOCK.fullmatch(value):
            hours, minutes, seconds, fraction, frames = found.groups()
            whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
            return whole + (int(fraction) / 10 ** len(fraction) if fraction else int(frames) / self.frames if frames else 0.0)
        if found := _OFFSET.fullmatch(value):
            number, unit = float(found[1]), found[2]
            return number * _SIGN[unit] if unit in _SIGN else number / (self.frames if unit == "f" else self.ticks)
        return None
