"""Times for the pictures of a film whose own go back, stand still or are missing."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.video.listing import Listing

LONGEST = 30 * 3600.0
"""seconds that a picture may stand: after more ffmpeg lets the clock go on where it was, too (clocks of 31 bits that ran over)"""


def _filled(raw: NDArray[np.float64], before: float, after: float, step: float) -> NDArray[np.float64]:
    """A group's times (NaN: missing), of which one or two are missing: where the others leave room for just a frame. ``before``, ``after``:
    when the last frame was shown and the next group begins, if that is known. As they were where there is no such room."""
    missing = np.flatnonzero(np.isnan(raw))
    if not 0 < len(missing) <= 2 or len(raw) < 4 * len(missing):
        return raw
    there = np.sort(raw[~np.isnan(raw)])
    beside = [before] * bool(before < there[0]), [after] * bool(there[-1] < after < np.inf)
    edges = np.array([*beside[0], *there, *beside[1]])
    wide = np.flatnonzero(np.diff(edges) > 1.5 * step)
    narrow = sorted(
        wide, key=lambda at: float(edges[at + 1] - edges[at])
    )  # a stretch of which nothing was received has room for all
    most = len(missing) + 1
    room = [edges[at] + n * step for at in narrow for n in range(1, min(most, round((edges[at + 1] - edges[at]) / step)))]
    if len(room) < len(missing):
        return raw
    found = raw.copy()
    found[missing] = sorted(room[: len(missing)])
    return found


def _step(listed: Listing, shown: NDArray[np.intp]) -> float:
    """Seconds from one frame to the next: as most are that have times. A stretch without pictures makes fewer of them a second."""
    steps = np.diff(np.unique(listed.pts[shown[listed.known[shown]]])) * listed.base
    return min(listed.step, float(np.median(steps))) if len(steps) else listed.step


def _spread(stored: list[float], step: float) -> NDArray[np.float64]:
    """Times that increase: of pictures with one time, as of those that go back behind a later one, each gets its part of what is left until
    the next later time, a frame at most."""
    rising = np.maximum.accumulate(np.array(stored))
    begins = np.flatnonzero(np.diff(rising, prepend=-np.inf) > 0)
    counts = np.diff(begins, append=len(rising))
    apart = np.minimum(np.diff(rising[begins], append=np.inf) / counts, step)
    within = np.arange(len(rising)) - np.repeat(begins, counts)
    times: NDArray[np.float64] = rising + within * np.repeat(apart, counts)
    return times


class _Clock:
    """The player's clock along a film: finished up to where the stored one was last set back."""

    def __init__(self, start: float, step: float) -> None:
        self.offset, self._step = -start, step
        self.reached = -np.inf
        """the latest of the stored times, on the player's clock: what is made of equal ones does not count"""
        self._stored: list[float] = []
        self._done: list[NDArray[np.float64]] = []

    def goes_on(self, raw: float) -> None:
        """Let this stored time be a frame behind all that came before."""
        if self._stored:
            self._done.append(_spread(self._stored, self._step))
            self._stored, self.reached = [], float(self._done[-1][-1])
            self.offset = self.reached + self._step - raw

    def take(self, raw: float) -> None:
        """The next picture's stored time, NaN where it has none."""
        if raw + self.offset - self.reached > LONGEST:
            self.goes_on(raw)
        here = raw + self.offset
        if np.isnan(here):
            here = 0.0 if self.reached == -np.inf else self.reached if self._stored else self.reached + self._step
        self._stored.append(here)
        self.reached = max(self.reached, here)

    def times(self) -> NDArray[np.float64]:
        """Of all pictures, in millionths of a second, one apart at least."""
        rest = [_spread(self._stored, self._step)] if self._stored else []
        all_of_them = np.concatenate([*self._done, *rest])
        place = np.arange(len(all_of_them))
        ticks = np.maximum.accumulate(np.round(all_of_them * 1e6).astype(np.int64) - place) + place
        times: NDArray[np.float64] = np.round(ticks / 1e6, 6)
        return times


def made_times(listed: Listing, keys: NDArray[np.intp], shown: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Times that increase: kept where they do.

    The stored clock is followed in runs that begin at keyframes; a run that begins before the last stored time goes on
    where that ended.
    """
    pts, known = listed.pts, listed.known
    step = _step(listed, shown)
    if not known[shown].mean() > 0.5:
        return shown.astype(np.int64), np.round(np.arange(len(shown)) * step, 6)
    packets: list[int] = []
    clock = _Clock(listed.start, step)
    bounds = [0, *[int(k) for k in keys if k > 0], len(pts)]
    for a, b in pairwise(bounds):
        run = shown[(shown >= a) & (shown < b)]
        if len(run) == 0:
            continue
        raw = np.where(known[run], pts[run] * listed.base, np.nan)
        after = pts[b] * listed.base if b < len(pts) and known[b] else np.inf
        raw = _filled(raw, clock.reached - clock.offset if packets else np.inf, after, step)
        missing = np.isnan(raw)
        order = np.arange(len(run)) if missing.any() else np.argsort(raw, kind="stable")
        if not missing.all() and (first := float(np.nanmin(raw))) + clock.offset <= clock.reached - 2 * step:
            clock.goes_on(first)
        for i in order:
            clock.take(float(raw[i]))
        packets += run[order].tolist()
    return np.array(packets, np.int64), clock.times()
