"""Which packets a choice of frames needs, and which tell by their size alone that a shot may begin there.

I0 P3 B1 B2 P6 B4 B5 | I7 P10 B8 B9 | I11 ...      '|' a keyframe starts a group that stands alone
feed feed skip* skip* feed TARGET  .    .   .      target B4;  *only where nothing is built on them: the reader finds out
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.video.table import Table

SKIP, FEED, TARGET, JUMP, LOOK, SPARE, BLURRED = 0, 1, 2, 4, 8, 16, 32
"""What to do with a packet: nothing; decode it for the sake of others; its frame is wanted; forget all before it first;
decode it even where nothing is built on it; decode it only where much moves; only where so much moves that it hides cuts."""
EARLY = 0.9
"""times the usual length of a group under which its end was no matter of routine: the encoder saw something new"""
SUDDEN = 1.2
"""times the bytes of its neighbours that make a mini group suspect"""
BESIDE = 1.15
"""times the bytes of the group beside it, where that has as many frames"""
ALIKE = 8
"""packets of the same kind at each side that one is compared with"""
CHEAP = 12
"""times as long as its end is a group of pictures of which the end is worth decoding wherever much moves"""
NEAR = 3
"""mini groups at each side that are its neighbours"""


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
        actions = np.full(count, FEED, np.uint8)
        actions[wanted] |= TARGET
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
                actions[start] |= JUMP
                before = keys[np.searchsorted(keys, start) - 1]
                if large is not None:
                    actions[end] |= SPARE if large[start] or CHEAP * len(end) <= start - before else BLURRED
                fed = np.arange(start, stop + 1)
                fed = fed[table.pts[fed] >= table.pts[start]]
        actions[fed] |= FEED
        edge = stop
    actions[wanted] |= FEED | TARGET
    if large is not None:
        actions[large] |= LOOK
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


def sudden(table: Table) -> NDArray[np.bool_]:
    """[packets] whether they are suddenly large: a new shot is coded anew, even where it gets no keyframe.

    I0 | P4 B2 B1 B3 | P8 B6 B5 B7 | P9 | ...      a frame and those shown before it that came after: one mini group each
    9     7  5  3  3   11  8  3  6    7            bytes; the second group's mean is 1.56 times the first one's: all of it is suspect

    A group is suspect that is larger than most around it and than the one beside it (rate control gives more to all groups
    after a keyframe). What a keyframe leads in with is compared with frames that were predicted from both sides like it:

    I0 P3 B1 B2 | I6 B4 B5 P9 B7 B8 | ...      B4 and B5 are predicted from P3 and I6; where a shot begins at I6, only one of
    ..   7  3  3  ..  6  6   7  3  3           these two is any good, so they take more bytes than other B

    A keyframe itself is suspect where it comes earlier than usual: the encoder saw something new.
    """
    if len(table.pts) == 0:
        return np.zeros(0, np.bool_)
    opens = table.key | (table.pts == np.maximum.accumulate(table.pts))
    group = np.cumsum(opens) - 1
    count = np.bincount(group)
    mean = np.bincount(group, weights=table.sizes) / count
    entries = table.key[np.flatnonzero(opens)]
    found = np.zeros(len(mean), np.bool_)
    plain = np.flatnonzero(~entries)
    if len(plain):
        around = np.lib.stride_tricks.sliding_window_view(np.pad(mean[plain], NEAR, mode="edge"), 2 * NEAR + 1)
        beside = np.where(entries[plain - 1], np.minimum(plain + 1, len(mean) - 1), plain - 1)
        alike = (count[beside] == count[plain]) & ~entries[beside]
        large = mean[plain] > SUDDEN * np.median(around, axis=1)
        found[plain] = large & ~(alike & (mean[plain] < BESIDE * mean[beside]))
    leads = ~opens & entries[group]
    others = np.flatnonzero(~opens & ~leads)
    led, of = np.unique(group[leads], return_inverse=True)
    if len(led) and len(others):
        mean[led] = np.bincount(of, weights=table.sizes[leads]) / np.bincount(of)
        sizes = np.pad(table.sizes[others], ALIKE, mode="edge")
        usual = np.median(np.lib.stride_tricks.sliding_window_view(sizes, 2 * ALIKE), axis=1)
        found[led] = mean[led] > SUDDEN * usual[np.searchsorted(others, np.flatnonzero(opens)[led])]
    else:
        found[led] = True
    suspect: NDArray[np.bool_] = found[group] & ~table.key
    suspect[np.flatnonzero(table.key)[1:]] = True
    return suspect & ~routine(table)


def routine(table: Table) -> NDArray[np.bool_]:
    """[packets] keyframes that come when they are due: the group before has about the length at which this film's groups end by
    themselves. None where no length is usual."""
    found = np.zeros(len(table.pts), np.bool_)
    keys = np.flatnonzero(table.key)
    lengths = np.diff(keys)
    if len(lengths):
        long = lengths >= EARLY * np.quantile(lengths, 0.9)
        found[keys[1:]] = long & (long.sum() >= len(lengths) / 4)
    return found


def _end_of(table: Table, edge: int, start: int) -> NDArray[np.int64]:
    """Packets of what is shown between a frame decoded last and a keyframe, some of which are stored after that; none where
    a whole group of pictures lies between."""
    if table.key[edge + 1 : start].any():
        return np.zeros(0, np.int64)
    stop = start + 1
    while stop < len(table.pts) and table.pts[stop] < table.pts[start]:
        stop += 1
    return np.concatenate([np.arange(edge + 1, start), np.arange(start + 1, stop)])
