"""Which packets tell by their size alone that a shot may begin there."""

import numpy as np
from numpy.typing import NDArray

from pipeline.video.table import Table

EARLY = 0.9
"""times the usual length of a group under which its end was no matter of routine: the encoder saw something new"""
SUDDEN = 1.2
"""times the bytes of its neighbours that make a mini group suspect"""
BESIDE = 1.15
"""times the bytes of the group beside it, where that has as many frames"""
ALIKE = 8
"""packets of the same kind at each side that one is compared with"""
NEAR = 3
"""mini groups at each side that are its neighbours"""


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
