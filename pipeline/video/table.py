"""When every frame of a film is shown, known before one is decoded, and which packets a choice of frames needs.

    decoding order   I0 P3 B1 B2 | I7 B5 B6 P9 ...     what a file holds; '|' a keyframe starts a group that stands alone
    display order    I0 B1 B2 P3   B5 B6 I7 P9 ...     what a player shows; the rank of a frame counts here

Listing packets costs about one hundredth of decoding them. With the list, windows, samples and the end of the film are
plain functions of the file, the same in every run and with any number of children.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

SKIP, FEED, TARGET, JUMP = 0, 1, 2, 4
"""What to do with a packet: nothing; decode it for the sake of others; its frame is wanted; forget all before it first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """All frames of a film."""

    times: NDArray[np.float64]
    """[frames] when each is shown, seconds on the player's clock, strictly increasing"""
    packets: NDArray[np.int64]
    """[frames] which packet holds it: an ordinal in decoding order"""
    pts: NDArray[np.int64]
    """[packets] timestamps as stored, in decoding order"""
    key: NDArray[np.bool_]
    """[packets] whether decoding can start here"""
    end: float
    """when the last frame ends"""
    holes: tuple[float, ...]
    """times at which the container itself is damaged"""
    repaired: bool
    """whether times were made up because the stored ones go back, stand still or are missing"""

    def on_screen(self, times: NDArray[np.float64]) -> NDArray[np.int64]:
        """Rank of the frame that a player shows at each of these times; the first one before the film begins."""
        return np.maximum(np.searchsorted(self.times, times + 1e-6, side="right") - 1, 0)

    def depth(self) -> int:
        """How many frames come before others that are shown earlier: what a decoder must hold back."""
        ranks = np.argsort(np.argsort(self.packets))
        return int(max(0, (ranks - np.arange(len(ranks))).max(initial=0)))

    def keyframes(self) -> NDArray[np.int64]:
        """Ranks of the frames that stand alone."""
        return np.flatnonzero(self.key[self.packets])


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


def build(
    pts: NDArray[np.int64],
    known: NDArray[np.bool_],
    key: NDArray[np.bool_],
    hidden: NDArray[np.bool_],
    *,
    base: float,
    start: float,
    fps: float,
    last_duration: float,
    holes: tuple[float, ...] = (),
) -> Table:
    """The table of a film from its packets in decoding order.

    ``known``: the packet has a timestamp; ``hidden``: it is decoded and not shown (before an edit); ``base``: seconds a
    tick; ``start``: where the player's clock begins, in seconds of the stored clock.
    """
    step = 1.0 / fps
    keys = np.flatnonzero(key)
    shown = np.flatnonzero(~hidden)
    going_back = len(keys) > 1 and bool(np.any(np.diff(pts[keys]) <= 0))
    unique = len(np.unique(pts[shown])) == len(shown)
    if len(shown) == 0:
        empty = np.zeros(0)
        return Table(times=empty, packets=np.zeros(0, np.int64), pts=pts, key=key, end=0.0, holes=holes, repaired=False)
    if known[shown].all() and unique and not going_back:
        packets = shown[np.argsort(pts[shown], kind="stable")]
        times = np.round(pts[packets] * base - start, 6)
        repaired = False
    else:
        packets, times = _repaired(pts, known, keys, shown, base=base, start=start, step=step)
        repaired = True
    usual = float(np.median(np.diff(times))) if len(times) > 1 else step
    return Table(
        times=times,
        packets=packets,
        pts=pts,
        key=key,
        end=round(float(times[-1]) + (last_duration or usual), 6),
        repaired=repaired,
        holes=holes,
    )


def _repaired(
    pts: NDArray[np.int64],
    known: NDArray[np.bool_],
    keys: NDArray[np.intp],
    shown: NDArray[np.intp],
    *,
    base: float,
    start: float,
    step: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Times that increase: kept where they do, else the time before plus one frame.

    The stored clock is followed in runs that begin at keyframes; a run that begins before the last one ended goes on
    where that ended.
    """
    if not known[shown].mean() > 0.5:
        return shown.astype(np.int64), np.round(np.arange(len(shown)) * step, 6)
    packets: list[int] = []
    times: list[float] = []
    bounds = [0, *[int(k) for k in keys if k > 0], len(pts)]
    offset = -start
    for a, b in pairwise(bounds):
        run = shown[(shown >= a) & (shown < b)]
        if len(run) == 0:
            continue
        raw = np.where(known[run], pts[run] * base, np.nan)
        order = (
            np.argsort(np.where(np.isnan(raw), np.inf, raw), kind="stable") if not np.isnan(raw).any() else np.arange(len(run))
        )
        first = float(np.nanmin(raw)) + offset if not np.isnan(raw).all() else (times[-1] + step if times else 0.0)
        if times and first <= times[-1] - 2 * step:
            offset += times[-1] + step - first
        for i in order:
            here = round(float(raw[i]) + offset, 6) if not np.isnan(raw[i]) else np.nan
            if np.isnan(here) or (times and here <= times[-1]):
                here = times[-1] + step if times else 0.0
            packets.append(int(run[i]))
            times.append(round(here, 6))
    return np.array(packets, np.int64), np.array(times)


def plan(table: Table, targets: NDArray[np.int64], *, everything: bool = False) -> Plan:
    """What must be decoded, and nothing else, to see the frames of these ranks (ascending).

    I0 P3 B1 B2 P6 B4 B5 | I7 P10 B8 B9 | I11 ...      target B4:
    feed feed skip* skip* feed TARGET  .    .   .       *only where nothing is built on them: the reader finds out
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
        if start > edge + 1 or edge < 0:
            actions[start] |= JUMP
            fed = np.arange(start, stop + 1)
            fed = fed[table.pts[fed] >= table.pts[start]]
        else:
            fed = np.arange(edge + 1, stop + 1)
        actions[fed] |= FEED
        edge = stop
    actions[wanted] |= FEED | TARGET
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


def pack(table: Table) -> tuple[dict[str, Any], bytes]:
    """A table as a message."""
    head = {
        "frames": len(table.times),
        "packets": len(table.pts),
        "end": table.end,
        "repaired": table.repaired,
        "holes": table.holes,
    }
    return head, b"".join(part.tobytes() for part in (table.times, table.packets, table.pts, table.key))


def unpack(head: dict[str, Any], payload: bytes) -> Table:
    """A table from its message."""
    frames, count = head["frames"], head["packets"]
    times = np.frombuffer(payload, np.float64, frames)
    packets = np.frombuffer(payload, np.int64, frames, 8 * frames)
    pts = np.frombuffer(payload, np.int64, count, 16 * frames)
    key = np.frombuffer(payload, np.bool_, count, 16 * frames + 8 * count)
    return Table(
        times=times, packets=packets, pts=pts, key=key, end=head["end"], repaired=head["repaired"], holes=tuple(head["holes"])
    )
