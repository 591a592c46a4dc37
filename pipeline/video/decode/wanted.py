"""Which decoded frames are wanted: what the next readable one stands for where one is lost, or where any one nearby will do.

wanted     x         x         x                     x wanted   * decoded   ! can't be decoded
decoded    *  *  *   !  *  *   *     the frame after ! stands in for it, if it is shown soon enough
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.video.children.segments import Role, Segment
from pipeline.video.table import Table

STAND_IN = 1.0
"""seconds within which the next readable frame may stand in for a lost one"""
_BETWEEN = 16
"""pictures between two that others are built on, at most (x264's --bframes)"""


def has_stand_in(table: Table, ranks: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether a frame comes soon enough to stand for each of these, where nothing is built on it and so it is not decoded itself.

    The frame that comes is the next one shown of those stored ahead of it, on which it is built, else the next one. A picture that
    stands on a slide or in a pause has none: it is the only one that shows what is to be seen there.
    """
    count = len(table.times)
    later = ranks + 1
    found = np.zeros(len(ranks), np.bool_)
    for ahead in range(1, _BETWEEN + 2):
        other = np.minimum(ranks + ahead, count - 1)
        built_on = ~found & (table.packets[other] < table.packets[ranks])
        later[built_on] = other[built_on]
        found |= built_on
    apart = table.times[np.minimum(later, count - 1)] - table.times[ranks]
    soon: NDArray[np.bool_] = (later < count) & (apart <= STAND_IN)
    return soon


@dataclass(frozen=True, slots=True)
class Match:
    """What a decoded frame is good for."""

    wanted: bool
    sent: bool
    """whether its picture is sent, if it is wanted"""
    sample: bool
    """whether it is a sample for the search for cuts"""
    lost: tuple[int, ...]
    """frames to be shown that won't come any more, as this one is shown after them"""


class Wanted:
    """The frames of a segment that have not come yet. ``loose``: any decoded frame may stand in, not only for lost ones."""

    def __init__(self, table: Table, segment: Segment, *, loose: bool) -> None:
        self._times, self._loose = table.times, loose
        self._waiting: list[int] = segment.targets.tolist()[::-1]
        self._unsent = set(segment.targets[(segment.roles & Role.UNSENT) > 0].tolist())
        self._neighbours = set(segment.targets[(segment.roles & Role.NEIGHBOUR) > 0].tolist())

    def match(self, rank: int) -> Match:
        """A frame was decoded."""
        missed: list[int] = []
        while self._waiting and self._waiting[-1] < rank:
            missed.append(self._waiting.pop())
        wanted = bool(self._waiting) and self._waiting[-1] == rank
        if wanted:
            self._waiting.pop()
        sent = rank not in self._unsent
        if missed and self._times[rank] - self._times[missed[-1]] <= STAND_IN:
            if self._loose:
                sent = sent or any(other not in self._unsent for other in missed)
                wanted, missed = True, []
            elif not wanted:
                wanted = True
                missed.pop()
        return Match(wanted, sent, wanted and rank not in self._neighbours, self._shown(missed))

    def rest(self) -> tuple[int, ...]:
        """Frames to be shown that never came."""
        return self._shown(self._waiting[::-1])

    def _shown(self, ranks: list[int]) -> tuple[int, ...]:
        return tuple(rank for rank in ranks if rank not in self._unsent)
