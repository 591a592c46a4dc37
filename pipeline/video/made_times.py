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


def made_times(listed: Listing, keys: NDArray[np.intp], shown: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Times that increase: kept where they do, else the time before plus one frame.

    The stored clock is followed in runs that begin at keyframes; a run that begins before the last one ended goes on
    where that ended.
    """
    pts, known = listed.pts, listed.known
    step = _step(listed, shown)
    if not known[shown].mean() > 0.5:
        return shown.astype(np.int64), np.round(np.arange(len(shown)) * step, 6)
    packets: list[int] = []
    times: list[float] = []
    bounds = [0, *[int(k) for k in keys if k > 0], len(pts)]
    offset = -listed.start
    for a, b in pairwise(bounds):
        run = shown[(shown >= a) & (shown < b)]
        if len(run) == 0:
            continue
        raw = np.where(known[run], pts[run] * listed.base, np.nan)
        after = pts[b] * listed.base if b < len(pts) and known[b] else np.inf
        raw = _filled(raw, times[-1] - offset if times else np.inf, after, step)
        order = (
            np.argsort(np.where(np.isnan(raw), np.inf, raw), kind="stable") if not np.isnan(raw).any() else np.arange(len(run))
        )
        first = float(np.nanmin(raw)) + offset if not np.isnan(raw).all() else (times[-1] + step if times else 0.0)
        if times and first <= times[-1] - 2 * step:
            offset += times[-1] + step - first
        for i in order:
            if times and raw[i] + offset - times[-1] > LONGEST:
                offset = times[-1] + step - float(raw[i])
            here = round(float(raw[i]) + offset, 6) if not np.isnan(raw[i]) else np.nan
            if np.isnan(here) or (times and here <= times[-1]):
                here = times[-1] + step if times else 0.0
            packets.append(int(run[i]))
            times.append(round(here, 6))
    return np.array(packets, np.int64), np.array(times)
