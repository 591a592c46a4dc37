"""Time expressions of TTML (TTML2 10.3): ``00:00:01.5``, ``00:00:01:12`` in frames, ``1.5s``, ``38f``, ``15t``."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.formats._heads import Notes, clock
from pipeline.types import Cue

_CLOCK = re.compile(r"(\d{2,6}):(\d\d):(\d\d)(?:[.,](\d{1,9})|[:;](\d{1,4})(?:[.]\d{1,4})?)?", re.ASCII)
_OFFSET = re.compile(r"(\d{1,12}(?:[.]\d{1,9})?)(h|ms|m|s|f|t)", re.ASCII)
_SHORT = re.compile(r"(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2})((?:[.,:;]\d{1,9})?)", re.ASCII)
"""as people and other formats write a clock: ``9:59:58.5``, ``1:02``"""
_SIGN = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@dataclass(frozen=True, slots=True)
class Rates:
    """What the times of a file count by."""

    counted: float = 30.0
    """frames that a time code calls a second"""
    frames: float = 30.0
    """frames in a second of the film: 30000/1001 for a time code that counts 30"""
    ticks: float = 1.0
    smpte: bool = False
    """whether hours, minutes and seconds are of a time code: at 23.976 frames a second an hour of it lasts 3.6 s longer"""
    drop: str = "nonDrop"
    """which frames the time code leaves out, so as to keep up: ``dropNTSC``, ``dropPAL`` or none"""

    def seconds(self, value: str) -> float | None:
        """Of a time expression (TTML2 10.3); None where it is none."""
        value = value.strip()
        if found := _CLOCK.fullmatch(value):
            hours, minutes, seconds, fraction, frames = found.groups()
            whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
            if self.smpte and not fraction:
                counted = whole * self.counted + int(frames or 0) - self._dropped(int(hours), int(minutes))
                return counted / self.frames
            return whole + (int(fraction) / 10 ** len(fraction) if fraction else int(frames) / self.frames if frames else 0.0)
        if found := _OFFSET.fullmatch(value):
            number, unit = float(found[1]), found[2]
            return number * _SIGN[unit] if unit in _SIGN else number / (self.frames if unit == "f" else self.ticks)
        return None

    def loosely(self, value: str) -> float | None:
        """Of what is no time expression and can be read as one: ``0:00:01.500``, ``00:01.5``, ``1,5 s``, ``1.5``; None where it can't."""
        value = "".join(value.split())
        if found := _SHORT.fullmatch(value):
            *parts, rest = found.groups()
            value = ":".join(f"{int(part or 0):02}" for part in parts) + rest
        read = self.seconds(value)
        read = self.seconds(value.replace(",", ".")) if read is None else read
        read = clock(value) if read is None else read
        return None if read is None or read < 0 else read

    def _dropped(self, hours: int, minutes: int) -> int:
        """Numbers that the time code left out so far (TTML2 10.3.1: two a minute but for each tenth, or four each other minute but for
        each twentieth)."""
        if self.drop == "dropNTSC":
            return (hours * 54 + minutes - minutes // 10) * 2
        return (hours * 27 + minutes // 2 - minutes // 20) * 4 if self.drop == "dropPAL" else 0


def rates(about: Mapping[str, str]) -> Rates:
    """What the attributes of ``<tt>``, by their local names, say (TTML2 7.2)."""
    rate = number(about.get("frameRate", ""))
    above, _, below = about.get("frameRateMultiplier", "1 1").replace(":", " ").partition(" ")
    times = (number(above) or 1.0) / (number(below) or 1.0)
    ticks = number(about.get("tickRate", "")) or (rate * (number(about.get("subFrameRate", "")) or 1.0) if rate else 1.0)
    counted = rate or 30.0
    return Rates(counted, counted * times, ticks, about.get("timeBase") == "smpte", about.get("dropMode", "nonDrop"))


def number(value: str) -> float:
    """A positive number; 0 where it is none."""
    return float(value) if re.fullmatch(r"\d{1,9}(?:\.\d{1,6})?", value.strip(), re.ASCII) else 0.0


def of_programme(cues: Sequence[Cue], start: float, notes: Notes) -> list[Cue]:
    """Cues by the film's clock, where the file says at which time code the programme starts (EBU Tech 3350,
    ``documentStartOfProgramme``; broadcasters start at 10:00:00:00). Files whose times were made the film's keep that word too: where most
    cues lie before the start, all stay as they are."""
    if start <= 0.0 or 2 * sum(cue.start >= start for cue in cues) < len(cues):
        return list(cues)
    for cue in cues:
        if cue.end <= start:
            notes.add("cue_dropped", "they end before the programme starts", cue.start)
    return [replace(cue, start=max(0.0, cue.start - start), end=cue.end - start) for cue in cues if cue.end > start]
