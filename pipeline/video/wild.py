"""Times that can't be: of one picture, or of the few until the next whose time is stored, in a film that goes on behind them.

    0.0 0.1 0.2 3600.3 0.4 0.5 ...            a bit that was received wrongly: followed, all that comes after it would be late
    0.0 0.1 0.2 27.3 27.4 27.5 0.6 | 32.0     the same where few times are stored and the others are counted on from there
    0.0 0.1 57.2 | 32.0 32.1 ...              the same at a gap
    0.0 60.0 20.0 40.0 80.0 ...               pictures out of order: none that are stored later than the decoder's depth are shown earlier
    0.0 0.1 27.0 | 32.0 32.1 ...              no telling: a single picture may have been received in the middle of a gap

A far time is wild where something else in the file denies it (0150). No film does these things whose clock truly jumps:
* it would be shown behind more of the pictures that are stored after it than a decoder can hold back (near the end: than anywhere else in
  this film, unless its pictures stand), or ahead of all that are stored before it;
* it would be decoded after what is stored behind it, or before what is stored ahead of it;
* it would be shown behind a keyframe that is stored after it (ITU-T H.265 8.1.3; so do the others by custom), or before it is decoded.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.video.listing import UNKNOWN, Listing

WILD = 2.0
"""seconds from those of the pictures stored before and after it that a time lies which can't be"""
LEARNED = 64
"""pictures of a film from which it is learned in which order they are stored"""
DEEPEST = 16
"""frames that may be stored before one that is shown earlier (ITU-T H.264 A.3.1)"""
OFTEN = 8
"""of so many pictures one is far from the one that is stored before it, or more are: pictures stand, and how far one lies from others tells little"""
RUN = 21
"""pictures of one wild time at most: a time is stored every 0.7 s at least (ITU-T H.222.0 2.7.4), of 30 pictures a second"""


def tame(listed: Listing) -> NDArray[np.int64]:
    """The timestamps [packets] with UNKNOWN in place of those that can't be."""
    at = np.flatnonzero(~listed.hidden & listed.known)
    times = np.asarray(listed.pts[at] * listed.base, np.float64)
    if not (runs := _far(times)):
        return listed.pts
    pts, film = listed.pts.copy(), _Film(listed, at, times, runs)
    for first, end in runs:
        denied = film.too_late if times[first] > times[first - 1] else film.too_early
        if denied(first, end):
            pts[at[first:end]] = UNKNOWN
    return pts


def _far(times: NDArray[np.float64]) -> list[tuple[int, int]]:
    """(first, end) of pictures, at most RUN each, that are far from those before and behind them, and to the same side, while the film goes
    on there. ``times``: seconds, in the order of the file."""
    found: list[tuple[int, int]] = []
    for leap in np.flatnonzero(np.abs(np.diff(times)) > WILD).tolist():
        first = leap + 1
        if found and first <= found[-1][1]:
            continue
        off = times[first : first + 1 + RUN] - times[leap]
        same = np.sign(off[0]) * off > WILD
        inside = int(same.argmin()) if not same.all() else len(off)
        if inside < len(off) and abs(off[inside]) < WILD / 2:
            found.append((first, first + inside))
        elif len(off) > 1 and 0 < off[1] < off[0] - WILD:  # alone, and the film goes on behind a gap
            found.append((first, first + 1))
    return found


class _Film:
    """What denies a time. Indexes are of the pictures that have one, in the order of the file; what else is ``far`` is no witness."""

    def __init__(self, listed: Listing, at: NDArray[np.intp], times: NDArray[np.float64], far: list[tuple[int, int]]) -> None:
        self.times, self.key = times, listed.key[at]
        dts = np.full(len(at), UNKNOWN) if listed.dts is None else listed.dts[at]
        self.decoded = np.where(dts == UNKNOWN, np.nan, dts * listed.base)
        self.good = np.ones(len(at), np.bool_)
        for first, end in far:
            self.good[first:end] = False
        stands = np.count_nonzero(np.abs(np.diff(times)) > WILD) * OFTEN > len(times)
        self.depth = DEEPEST if stands else _usual_depth(times[self.good])

    def too_late(self, first: int, end: int) -> bool:
        """Whether these pictures can't be shown as late as they say."""
        earliest, good = self.times[first:end].min(), self.good[end:]
        after = self.times[end:][good][: 1 + DEEPEST]
        if (after < earliest).all() and len(after) > self.depth:
            return True
        if self.decoded[end - 1] - self.decoded[end] > WILD:
            return True
        keys = np.flatnonzero(self.key[end:] & good)
        near = abs(self.times[end] - self.times[first - 1]) < WILD / 2
        return bool(near and len(keys) and self.times[end + keys[0]] < earliest)

    def too_early(self, first: int, end: int) -> bool:
        """Whether they can't be shown as early as they say."""
        before = self.times[:first][self.good[:first]][-1 - DEEPEST :]
        if (before > self.times[first:end].max()).all() or self.decoded[first - 1] - self.decoded[first] > WILD:
            return True
        return bool((self.decoded[first:end] - self.times[first:end] > WILD).all())


def _usual_depth(times: NDArray[np.float64]) -> int:
    """The most pictures that are stored after one and shown before it, of a film without what is far; as many as there may be of a film of
    which too little is known."""
    if len(times) < LEARNED:
        return DEEPEST
    later = np.zeros(len(times), np.int64)
    for apart in range(1, DEEPEST + 1):
        later[:-apart] += times[apart:] < times[:-apart]
    return int(later.max())
