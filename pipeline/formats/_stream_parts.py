"""WebVTT segments of an HLS stream, put one behind another: where the cues of each part stand (RFC 8216 3.5).

    WEBVTT
    X-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000        the first: its cues stay where they are
    WEBVTT
    X-TIMESTAMP-MAP=MPEGTS:1440000,LOCAL:00:00:00.000       6 s later by the stream's clock: so are its cues

The clock counts 90,000 a second in 33 bits, and begins anew after 26.5 hours. It also does where the stream was interrupted, which the
playlist tells and the segments don't: a part that would go back, or hours ahead, keeps to the part before it, and is told as guessed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pipeline.formats._heads import Head, clock

MAP = "X-TIMESTAMP-MAP"
A_SECOND, WRAP = 90_000, 1 << 33
FARTHEST = 3600.0
"""seconds from one part to the next at most, by the stream's clock"""
SLACK = 0.1
"""seconds that two clocks may be apart by rounding"""
_STAMP = re.compile(r"MPEGTS\s{0,4}:\s{0,4}(\d{1,20})", re.ASCII | re.IGNORECASE)
_LOCAL = re.compile(r"LOCAL\s{0,4}:\s{0,4}([\d:.]{5,20})", re.ASCII | re.IGNORECASE)


@dataclass(slots=True)
class _Part:
    first: int
    """number of its first cue"""
    map: tuple[int, float] | None = None
    """a stamp of the stream's clock, and the second of the part's own that is the same moment"""
    wrong: bool = False
    """its map can't be read"""

    @property
    def zero(self) -> int | None:
        """What the stream's clock says where the part's own is 0."""
        return None if self.map is None else (self.map[0] - round(self.map[1] * A_SECOND)) % WRAP


@dataclass(slots=True)
class Parts:
    """The parts of a file as its lines are read, then its heads by the clock of the first."""

    found: list[_Part] = field(default_factory=list)

    def begin(self, first: int) -> None:
        """A line ``WEBVTT``, before cue number ``first``."""
        self.found.append(_Part(first))

    def told(self, line: str) -> None:
        """A line below it, which may be a map."""
        if not self.found or not line.lstrip().startswith(MAP):
            return
        part, stamp, local = self.found[-1], _STAMP.search(line[:200]), _LOCAL.search(line[:200])
        seconds = clock(local[1]) if local else None
        part.map = (int(stamp[1]), seconds) if stamp and seconds is not None else None
        part.wrong = part.map is None

    def placed(self, heads: list[Head]) -> list[Head]:
        """The heads, in which those behind the first part are moved; as they are where all maps say the same."""
        if len({part.zero for part in self.found} - {None}) < 2 and not any(part.wrong for part in self.found[1:]):
            return heads
        made = heads[: self.found[0].first]
        ends = [part.first for part in self.found[1:]] + [len(heads)]
        before: tuple[int, float] | None = None
        shift, latest = 0.0, 0.0
        for part, end in zip(self.found, ends, strict=True):
            mine, guessed = heads[part.first : end], part.wrong or (part.map is None and before is not None)
            if part.map is not None and before is not None:
                shift, guessed = _shift(before, part.map, shift, latest, _first(mine))
            before = part.map or before
            made += [_moved(one, shift, guessed) for one in mine]
            latest = _first(made[part.first :]) or latest
        return made


def _shift(
    before: tuple[int, float], now: tuple[int, float], shift: float, latest: float, first: float | None
) -> tuple[float, bool]:
    """How many seconds a part is moved, by its map and the one before, and whether that is a guess.

    ``shift``: of the part before; ``latest``: when its first cue begins; ``first``: when the part's own does, by its own clock.
    """
    own = now[1] - before[1]
    if abs(rounding := _nearest(now[0] - before[0] - round(own * A_SECOND))) < SLACK:
        return shift + rounding, False
    ahead = _nearest(now[0] - before[0])
    wished = shift + ahead - own
    if not -SLACK <= ahead <= FARTHEST or (first is not None and first + wished < latest - SLACK):
        return shift, True
    return wished, own > SLACK  # two clocks that both went on, and not alike


def _nearest(ticks: int) -> float:
    """Seconds between two stamps, of which one may have begun anew at 33 bits."""
    return ((ticks + WRAP // 2) % WRAP - WRAP // 2) / A_SECOND


def _first(heads: Sequence[Head]) -> float | None:
    return next((one.start for one in heads if one.start is not None), None)


def _moved(one: Head, seconds: float, guessed: bool) -> Head:
    start = None if one.start is None else round(one.start + seconds, 3)
    end = None if one.end is None else round(one.end + seconds, 3)
    return replace(one, start=start, end=end, exact=one.exact and not guessed)
