"""When cues come and go.

    cuts        |            |                        |
    windows     [- 1 --------)[- 2 --- 3 ------------)
    cues        [ 1 ......]   [ 2 ...]  [ 3 ......]
                        ^ two frames before the cut   ^ at most 7 s on the screen

All times are seconds, on whole milliseconds; ``Slot.need`` is how long a cue must stay to be read.
"""

import itertools
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.cues.profiles import Layout

EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class Slot:
    """One cue's time."""

    start: float
    end: float
    need: float


def least_gap(layout: Layout, fps: float) -> float:
    """The least gap between two cues in seconds, rounded up to a millisecond.

    A frame rate that is unknown counts as 24, one under 10 as 10: two frames of a time lapse would be minutes.
    """
    rate = max(fps, 10.0) if 0 < fps < float("inf") else 24.0
    gap = -(-layout.gap_frames * 1000 // rate) / 1000
    return min(gap, layout.close_gaps / 2)


def nearest_cut(time: float, cuts: Sequence[float], reach: float) -> float | None:
    """The cut within ``reach`` of ``time``, or None. ``cuts`` are sorted."""
    at = bisect_left(cuts, time)
    near = [cut for cut in cuts[max(at - 1, 0) : at + 1] if abs(cut - time) <= reach]
    return min(near, key=lambda cut: abs(cut - time)) if near else None


def share(start: float, limit: float, needs: Sequence[float], gap: float, longest: float) -> list[Slot]:
    """Cues one after another from ``start``: each as long as it needs, what is left over shared in proportion.

    They end at ``limit`` at the latest; where even the needs don't fit, all are shortened alike.
    """
    room = limit - start - gap * (len(needs) - 1)
    total = sum(needs)
    stretch = room / total if total > 0 else 0.0
    slots, at = [], start
    for k, need in enumerate(needs):
        length = need * stretch if total > 0 else room
        if length > longest:
            length = longest
        length = int(length * 1000 + EPSILON) / 1000
        end = limit if k == len(needs) - 1 and limit - at <= longest else at + length
        slots.append(Slot(round(at, 3), round(end, 3), need))
        at = end + gap
    return slots


def snap_inside(slots: list[Slot], cuts: Sequence[float], layout: Layout, gap: float) -> list[Slot]:
    """Moves the inner times of one window's cues to cuts near them, where every cue keeps the time it needs."""
    slots = list(slots)
    for k, slot in enumerate(slots):
        if k:
            before, cut = slots[k - 1], nearest_cut(slot.start, cuts, layout.snap)
            if cut is not None and cut != slot.start:
                first = replace(before, end=round(cut - gap, 3))
                second = replace(slot, start=cut)
                if _stands(first, layout) and _stands(second, layout):
                    slots[k - 1], slots[k] = first, second
        slot = slots[k]
        cut = nearest_cut(slot.end, cuts, layout.snap)
        if cut is not None and k == len(slots) - 1:
            moved = replace(slot, end=round(cut - gap, 3))
            if _stands(moved, layout) and moved.end <= slot.end + EPSILON:
                slots[k] = moved
    return slots


def close_gaps(slots: list[Slot], layout: Layout, gap: float) -> list[Slot]:
    """Gaps between cues become ``gap`` or at least ``layout.close_gaps``, nothing between: half a blink looks like a fault."""
    made = list(slots)
    for k, (slot, following) in enumerate(itertools.pairwise(slots)):
        between = following.start - slot.end
        if gap - EPSILON <= between <= gap + EPSILON or between >= layout.close_gaps - EPSILON:
            continue
        end = following.start - gap
        if end - slot.start > layout.max_duration + EPSILON:
            end = following.start - layout.close_gaps
        made[k] = replace(slot, end=round(end, 3))
    return made


def _stands(slot: Slot, layout: Layout) -> bool:
    length = slot.end - slot.start
    return max(slot.need, 0.001) - EPSILON <= length <= layout.max_duration + EPSILON
