"""Which packets a choice of frames needs.

I0 P3 B1 B2 P6 B4 B5 | I7 P10 B8 B9 | I11 ...      '|' a keyframe starts a group that stands alone
feed feed skip* skip* feed TARGET  .    .   .      target B4;  *only where nothing is built on them: the reader finds out
"""

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from pipeline.video.table import Table


class Action(IntFlag):
    """What to do with a packet; 0: nothing."""

    FEED = 1
    """decode it, for its own sake or for others that are built on it"""
    TARGET = 2
    """its frame is wanted"""
    JUMP = 4
    """forget all that was decoded before it"""
    LOOK = 8
    """decode it even where nothing is built on it: a shot may begin there"""
    SPARE = 16
    """decode it only where much moves"""
    BLURRED = 32
    """decode it only where so much moves that it hides cuts"""


_FEED, _TARGET, _JUMP, _LOOK, _SPARE, _BLURRED = (np.uint8(action) for action in Action)
CHEAP = 12
"""times as long as its end is a group of pictures of which the end is worth decoding wherever much moves"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """What a reader does with each packet from ``first`` on."""

    first: int
    pts: NDArray[np.int64]
    actions: NDArray[np.uint8]
    ranks: NDArray[np.int64]
    """[packets of the plan] rank of the frame that each holds, -1 where none is shown"""
    whole: bool = False
    """whether frames that nobody needs are decoded all the same"""


def plan(table: Table, targets: NDArray[np.int64], *, everything: bool = False, large: NDArray[np.bool_] | None = None) -> Plan:
    """What must be decoded, and nothing else, to see the frames of these ranks (ascending).

    ``large``: what ``sudden`` found, where cuts are looked for; then those packets are decoded too, and the ends of groups
    are SPARE where a shot may begin in them or right after them, or BLURRED.
    """
    count = len(table.pts)
    rank_of = np.full(count, -1, np.int64)
    rank_of[table.packets] = np.arange(len(table.packets))
    keys = np.flatnonzero(table.key)
    wanted = table.packets[targets]
    if everything or table.repaired or len(keys) == 0:
        actions = np.full(count, _FEED, np.uint8)
        if table.headless is not None:  # what the decoder would make of pictures without a beginning is counted nowhere
            actions[: table.packets.min()] = 0
        actions[wanted] |= _TARGET
        return Plan(first=0, pts=table.pts, actions=actions, ranks=rank_of, whole=True)
    starts = _start_of(table, keys, wanted)
    actions = np.zeros(count, np.uint8)
    edge = -1
    for start, stop in zip(starts.tolist(), wanted.tolist(), strict=True):
        if stop <= edge:
            continue
        fed = np.arange(edge + 1, stop + 1)
        if start > edge + 1 or edge < 0:
            end = _end_of(table, edge, start) if large is not None and edge >= 0 else fed[:0]
            if large is None or not large[end].any():
                actions[start] |= _JUMP
                before = keys[np.searchsorted(keys, start) - 1]
                if large is not None:
                    actions[end] |= _SPARE if large[start] or CHEAP * len(end) <= start - before else _BLURRED
                fed = np.arange(start, stop + 1)
                fed = fed[table.pts[fed] >= table.pts[start]]
        actions[fed] |= _FEED
        edge = stop
    actions[wanted] |= _FEED | _TARGET
    if large is not None:
        actions[large] |= _LOOK
    first = int(starts.min()) if len(starts) else 0
    stop = int(wanted.max()) + 1 if len(wanted) else 0
    return Plan(first=first, pts=table.pts[first:stop], actions=actions[first:stop], ranks=rank_of[first:stop])


def _start_of(table: Table, keys: NDArray[np.intp], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """The keyframe that decoding must start at to see each of these packets; the first one where there is none before."""
    at = np.searchsorted(table.pts[keys], table.pts[wanted], side="right") - 1
    while True:
        late = (at > 0) & (keys[np.maximum(at, 0)] > wanted)
        if not late.any():
            break
        at = at - late
    found: NDArray[np.int64] = np.where(at >= 0, keys[np.maximum(at, 0)], 0).astype(np.int64)
    return np.minimum(found, wanted)


def _end_of(table: Table, edge: int, start: int) -> NDArray[np.int64]:
    """Packets of what is shown between a frame decoded last and a keyframe, some of which are stored after that; none where
    a whole group of pictures lies between."""
    if table.key[edge + 1 : start].any():
        return np.zeros(0, np.int64)
    stop = start + 1
    while stop < len(table.pts) and table.pts[stop] < table.pts[start]:
        stop += 1
    return np.concatenate([np.arange(edge + 1, start), np.arange(start + 1, stop)])
