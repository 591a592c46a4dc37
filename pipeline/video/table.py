"""When every frame of a film is shown, known before one is decoded.

    decoding order   I0 P3 B1 B2 | I7 B5 B6 P9 ...     what a file holds; '|' a keyframe starts a group that stands alone
    display order    I0 B1 B2 P3   B5 B6 I7 P9 ...     what a player shows; the rank of a frame counts here

Listing packets costs about one hundredth of decoding them. With the list, windows, samples and the end of the film are
plain functions of the file, the same in every run and with any number of children.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.video.listing import UNKNOWN, Listing
from pipeline.video.made_times import LONGEST, made_times
from pipeline.video.wild import tame


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
    headless: float | None = None
    """when the first picture would be shown, where the film begins in the middle of a group: those before the first whole one are left out"""
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


def build(listed: Listing) -> Table:
    """The table of a film."""
    listed = replace(listed, pts=tame(listed))
    keys = np.flatnonzero(listed.key)
    shown = np.flatnonzero(~listed.hidden)
    going_back = _goes_back(listed.pts, keys, shown)
    headless: float | None = None
    unique = len(np.unique(listed.pts[shown])) == len(shown)
    if len(shown) == 0:
        packets, times, repaired = np.zeros(0, np.int64), np.zeros(0), False
    elif listed.known[shown].all() and unique and not going_back and not _leaps(listed, shown):
        packets = shown[np.argsort(listed.pts[shown], kind="stable")]
        times = np.round(listed.pts[packets] * listed.base - listed.start, 6)
        repaired = listed.of_decoding  # pictures are counted as the decoder gives them
        whole = _whole(listed, packets, times)
        if not repaired and not whole.all() and whole.any():
            headless, packets, times = float(times[0]), packets[whole], times[whole]
    else:
        lost, whole_ones = shown[shown < listed.headless], shown[shown >= listed.headless]
        if len(lost) and len(whole_ones):
            told = listed.pts[lost[listed.known[lost]]]
            headless, shown = float(told.min()) * listed.base - listed.start if len(told) else 0.0, whole_ones
        packets, times = made_times(listed, keys, shown)
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
        headless=headless,
    )


def _whole(listed: Listing, packets: NDArray[np.int64], times: NDArray[np.float64]) -> NDArray[np.bool_]:
    """[frames] whether it is not built on what came before the film: stored with the first picture that stands alone or after it, and
    shown so."""
    stored: NDArray[np.bool_] = packets >= listed.headless
    first = packets == listed.headless
    return stored & (times >= times[first][0]) if listed.headless and first.any() else stored


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
