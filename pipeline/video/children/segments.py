"""How a film is divided into segments that several children read at once, or one child one after the other.

    keyframes   K            K            K            K            K
    samples       x    x    x   x    x   x    x   x    x   x    x
    segments    [------------------------)[-----------------------------

A segment begins at a keyframe, so that none decodes what another one does. The division depends on the film and the
samples alone, so cuts are found the same with one child and with many.
"""

from dataclasses import dataclass, replace
from enum import IntFlag
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline.video.table import Table

LEAST = 32
"""samples in a segment"""
MOST = 256


class Role(IntFlag):
    """What a frame is read for, where that is not simply to be shown; 0: that."""

    UNSENT = 1
    """looked at for cuts only; its picture is not sent"""
    EXACT = 2
    """no other frame may stand for it: one of the two frames at each side of a border"""
    NEIGHBOUR = 4
    """no sample: it is there for the sample beside it to be compared with"""


_UNSENT, _EXACT, _NEIGHBOUR = (np.uint8(role) for role in Role)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """Frames to read in one go."""

    targets: NDArray[np.int64]
    """[n] their ranks, ascending"""
    roles: NDArray[np.uint8]
    """[n] what each is read for: ``Role``"""
    lead: int = -1
    """rank of the keyframe that it begins with, where another segment ends"""

    @classmethod
    def of(cls, targets: NDArray[np.int64]) -> Self:
        """Frames that are all to be shown."""
        return cls(targets=targets, roles=np.zeros(len(targets), np.uint8))

    def after(self, reached: int, *, again: bool) -> "Segment":
        """What is left of it behind a frame; ``again``: that frame is looked at once more, for what was seen before it is forgotten."""
        left = int(np.searchsorted(self.targets, reached, side="right"))
        seen = [reached] if again and reached >= 0 else []
        return Segment(
            targets=np.concatenate([np.array(seen, np.int64), self.targets[left:]]),
            roles=np.concatenate([np.full(len(seen), _UNSENT), self.roles[left:]]),
        )

    def again(self, reached: int) -> "Segment":
        """All of it once more, up to a frame only to be looked at: where cuts are looks at more than one frame before it."""
        seen = self.targets <= reached
        return replace(self, roles=np.where(seen, self.roles | _UNSENT, self.roles).astype(np.uint8))

    def pack(self) -> bytes:
        return self.targets.tobytes() + self.roles.tobytes()

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """What ``pack`` made; where it begins is not told."""
        count = len(data) // 9
        return cls(targets=np.frombuffer(data, np.int64, count), roles=np.frombuffer(data, np.uint8, count, 8 * count))


def divide(table: Table, targets: NDArray[np.int64], *, most: int, cuts: bool) -> list[Segment]:
    """Segments of about ``most`` samples."""
    size = max(LEAST, min(MOST, most))
    keys = table.keyframes()
    found: list[Segment] = []
    begin, lead = 0, -1
    while begin < len(targets):
        stop, border = _border(targets, keys, begin + size)
        segment = replace(Segment.of(targets[begin:stop]), lead=lead)
        found.append(_with_edges(segment, border, len(table.times)) if cuts else segment)
        begin, lead = stop, border
    return found


def _with_edges(segment: Segment, border: int, frames: int) -> Segment:
    """A segment with the two frames at each end of it that are compared to tell whether a shot begins at the border."""
    lead = segment.lead
    edges = [*((lead, lead + 1) if lead >= 0 else ()), *((border - 2, border - 1) if border >= 0 else ())]
    edges = [edge for edge in edges if 0 <= edge < frames]
    ranks = np.union1d(segment.targets, np.array(edges, np.int64))
    added = ~np.isin(ranks, segment.targets)
    roles = np.isin(ranks, edges) * _EXACT + added * _UNSENT + (added & np.isin(ranks, (lead + 1, border - 2))) * _NEIGHBOUR
    return Segment(targets=ranks, roles=roles.astype(np.uint8), lead=lead)


def _border(targets: NDArray[np.int64], keys: NDArray[np.int64], wish: int) -> tuple[int, int]:
    """(the first sample of the next segment, the keyframe that it begins with), or (all samples, -1)."""
    if wish < len(targets):
        at = int(np.searchsorted(keys, targets[wish - 1], side="right"))
        if at < len(keys):
            stop = int(np.searchsorted(targets, keys[at], side="left"))
            if stop < len(targets):
                return stop, int(keys[at])
    return len(targets), -1
