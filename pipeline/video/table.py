"""When every frame of a film is shown, known before one is decoded.

    decoding order   I0 P3 B1 B2 | I7 B5 B6 P9 ...     what a file holds; '|' a keyframe starts a group that stands alone
    display order    I0 B1 B2 P3   B5 B6 I7 P9 ...     what a player shows; the rank of a frame counts here

Listing packets costs about one hundredth of decoding them. With the list, windows, samples and the end of the film are
plain functions of the file, the same in every run and with any number of children.
"""

from dataclasses import KW_ONLY, dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

WILD = 2.0
"""seconds from those of the pictures stored before and after it that a time lies which can't be"""
LONGEST = 30 * 3600.0
"""seconds that a picture may stand: after more ffmpeg lets the clock go on where it was, too (clocks of 31 bits that ran over)"""
DEEPEST = 16
"""frames that may be stored before one that is shown earlier (ITU-T H.264 A.3.1)"""
UNKNOWN = -(1 << 63)
"""in place of a timestamp that is missing: no file can store it (libav's AV_NOPTS_VALUE)"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """All frames of a film."""

    times: NDArray[np.float64]
    """[frames] when each is shown, seconds on the player's clock, strictly increasing"""
    packets: NDArray[np.int64]
    """[frames] which packet holds it: an ordinal in decoding order"""
    pts: NDArray[np.int64]
    """[packets] timestamps as stored, in ticks, in decoding order; UNKNOWN where there is none"""
    key: NDArray[np.bool_]
    """[packets] whether decoding can start here"""
    sizes: NDArray[np.int32]
    """[packets] bytes"""
    end: float
    """when the last frame ends"""
    holes: tuple[float, ...]
    """times at which the container itself is damaged"""
    repaired: bool
    """whether times were made up because the stored ones go back, stand still or are missing"""
    depth: int = 0
    """how many frames come before others that are shown earlier: what a decoder must hold back"""
    headers: tuple[tuple[int, bytes], ...] = ()
    """(first packet, header) wherever the decoder's header (sequence header, parameter sets) is exchanged, ascending"""

    @property
    def as_stored(self) -> bool:
        """Whether each frame has the time that the file gives it, even where packets come in another order (several edits)."""
        pts = self.pts[self.packets]
        if len(pts) < 2 or (pts == UNKNOWN).any() or (np.diff(pts) <= 0).any():
            return False
        base = (self.times[-1] - self.times[0]) / (pts[-1] - pts[0])
        return bool(np.abs(self.times - self.times[0] - (pts - pts[0]) * base).max() < 0.001)

    def on_screen(self, times: NDArray[np.float64]) -> NDArray[np.int64]:
        """Rank of the frame that a player shows at each of these times; the first one before the film begins."""
        return np.maximum(np.searchsorted(self.times, times + 1e-6, side="right") - 1, 0)

    def within(self, span: tuple[float, float] | None) -> tuple[float, float]:
        """When the first picture of a span is shown and the last one ends; of all frames where there is none.

        A picture that leads in the one at which the container begins (a broadcast that is cut so) is shown before 0: nobody sees it.
        """
        first = max(0.0, float(self.times[0])) if self.end > 0 else float(self.times[0])
        return (first, self.end) if span is None else (max(first, span[0]), min(self.end, span[1]))

    def keyframes(self) -> NDArray[np.int64]:
        """Ranks of the frames that stand alone."""
        return np.flatnonzero(self.key[self.packets])


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """What a file says of its packets, in decoding order."""

    pts: NDArray[np.int64]
    """in ticks; UNKNOWN where it has no timestamp"""
    key: NDArray[np.bool_]
    hidden: NDArray[np.bool_]
    """whether it is decoded and not shown (before an edit)"""
    sizes: NDArray[np.int32]
    """in bytes"""
    _: KW_ONLY
    base: float
    """seconds a tick"""
    start: float
    """where the player's clock begins, in seconds of the stored clock"""
    fps: float
    last_duration: float = 0.0
    """of the last frame in seconds; 0 where it is not known"""
    holes: tuple[float, ...] = ()
    headers: tuple[tuple[int, bytes], ...] = ()
    dts: NDArray[np.int64] | None = None
    """when packets are decoded, in ticks; UNKNOWN where that is not told"""
    of_decoding: bool = False
    """whether the timestamps tell when packets are decoded and not when their pictures are shown, which is in another order (H.264 in AVI)"""

    @property
    def known(self) -> NDArray[np.bool_]:
        """[packets] whether it has a timestamp"""
        known: NDArray[np.bool_] = self.pts != UNKNOWN
        return known

    @property
    def step(self) -> float:
        """Seconds from one frame to the next where nothing else is known."""
        return 1.0 / self.fps


def build(listed: Listing) -> Table:
    """The table of a film."""
    listed = replace(listed, pts=_tame(listed))
    keys = np.flatnonzero(listed.key)
    shown = np.flatnonzero(~listed.hidden)
    going_back = _goes_back(listed.pts, keys, shown)
    unique = len(np.unique(listed.pts[shown])) == len(shown)
    if len(shown) == 0:
        packets, times, repaired = np.zeros(0, np.int64), np.zeros(0), False
    elif listed.known[shown].all() and unique and not going_back and not _leaps(listed, shown):
        packets = shown[np.argsort(listed.pts[shown], kind="stable")]
        times = np.round(listed.pts[packets] * listed.base - listed.start, 6)
        repaired = listed.of_decoding  # pictures are counted as the decoder gives them
    else:
        packets, times = _repaired(listed, keys, shown)
        repaired = True
    usual = float(np.median(np.diff(times))) if len(times) > 1 else listed.step
    ranks = np.argsort(np.argsort(packets))
    return Table(
        times=times,
        packets=packets,
        depth=int(max(0, (ranks - np.arange(len(ranks))).max(initial=0))),
        pts=listed.pts,
        key=listed.key,
        sizes=listed.sizes,
        end=round(float(times[-1]) + (listed.last_duration or usual), 6) if len(times) else 0.0,
        repaired=repaired,
        holes=listed.holes,
        headers=listed.headers,
    )


def _tame(listed: Listing) -> NDArray[np.int64]:
    """The timestamps, without each that is far from both beside it, while these are near each other and the film goes on there.

    0.0 0.1 0.2 3600.3 0.4 0.5 ...    a wild time (a bit that was received wrongly): followed, all that comes after it would be late
    0.0 60.0 20.0 40.0 80.0 ...       pictures out of order: none that are stored later than the decoder's depth are shown earlier

    Near the film's end fewer than that are stored later; there it is told by the time of decoding, which no order lets go back.
    """
    at = np.flatnonzero(~listed.hidden & listed.known)
    times = listed.pts[at] * listed.base
    if len(times) < 3:
        return listed.pts
    up, down = times[1:-1] - times[:-2], times[1:-1] - times[2:]
    far = (np.minimum(np.abs(up), np.abs(down)) > WILD) & (up * down > 0) & (np.abs(up - down) < WILD / 2)
    pts = listed.pts.copy()
    for one in (np.flatnonzero(far) + 1).tolist():
        after, before = times[one + 1 : one + 2 + DEEPEST], times[max(0, one - 1 - DEEPEST) : one]
        if up[one - 1] > 0:
            beyond = (after < times[one]).all() and (len(after) > DEEPEST or _decoded_before(listed, at[one], at[one + 1]))
        else:
            beyond = (before > times[one]).all()
        if beyond:
            pts[at[one]] = UNKNOWN
    return pts


def _decoded_before(listed: Listing, packet: int, following: int) -> bool:
    """Whether ``following``, which is stored after ``packet``, would be decoded long before it."""
    if listed.dts is None or UNKNOWN in (listed.dts[packet], listed.dts[following]):
        return False
    return bool((listed.dts[packet] - listed.dts[following]) * listed.base > WILD)


def _goes_back(pts: NDArray[np.int64], keys: NDArray[np.intp], shown: NDArray[np.intp]) -> bool:
    """Whether a group of pictures begins before one that is stored ahead of it has ended: parts that were joined as they were.

    What is stored ahead of a keyframe is shown before it (ITU-T H.265 8.1.3; so do the others by custom), what leads it in is stored
    after it.
    """
    known = np.full(len(pts), UNKNOWN, np.int64)
    known[shown] = pts[shown]
    before = np.maximum.accumulate(known)
    later = keys[(keys > 0) & (pts[keys] != UNKNOWN)]
    return bool(np.any(before[later - 1] >= pts[later]))


def _leaps(listed: Listing, shown: NDArray[np.intp]) -> bool:
    """Whether a picture would stand for longer than any does."""
    return bool((np.diff(np.sort(listed.pts[shown])) * listed.base > LONGEST).any())


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
    room = [edges[at] + n * step for at in wide for n in range(1, round((edges[at + 1] - edges[at]) / step))]
    if len(room) < len(missing):
        return raw
    found = raw.copy()
    found[missing] = room[: len(missing)]
    return found


def _repaired(listed: Listing, keys: NDArray[np.intp], shown: NDArray[np.intp]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Times that increase: kept where they do, else the time before plus one frame.

    The stored clock is followed in runs that begin at keyframes; a run that begins before the last one ended goes on
    where that ended.
    """
    pts, known, step = listed.pts, listed.known, listed.step
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
