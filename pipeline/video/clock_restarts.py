"""How long an MPEG transport stream lasts whose clock begins anew (parts that were put one after another), by looks here and there.

    0:00 ... 0:06 | 0:00 ... 0:06        its container says 0:06, the last time above the first; it lasts 0:12

Each stream of a multiplex has a clock of its own. An estimate for what is said beforehand: a run itself reads every packet.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from pipeline.safe_open import regular
from pipeline.video.transport import SYNC, layout, shown

LOOKS = 64
"""places of a file that are looked at"""
PACKETS = 2000
"""at each; a short file is read whole"""
BACK = 2.0
"""seconds that a time must lie before an earlier one: pictures are not stored in the order of showing"""


def length_across_restarts(film: Path) -> float | None:
    """Seconds of picture, of the stream with the most pictures where there are several; None where its clock runs through, or the file is
    no transport stream. Raises OSError."""
    streams: dict[int, list[tuple[int, float]]] = {}
    for stream, place, time in _times(film):
        streams.setdefault(stream, []).append((place, time))
    return _length(_tame(max(streams.values(), key=len))) if streams else None


def _length(told: Sequence[tuple[int, float]]) -> float | None:
    first, low = told[0]
    latest, high = first, low
    lasted, seen, unseen = 0.0, 0, 0  # seconds of runs of the clock; packets in them, and between them
    restarts = 0
    for place, time in told:
        if time < high - BACK:
            lasted, seen, unseen, restarts = lasted + high - low, seen + latest - first, unseen + place - latest, restarts + 1
            first, low, high = place, time, time
        else:
            low, high = min(low, time), max(high, time)
        latest = place
    if not restarts:
        return None
    lasted, seen = lasted + high - low, seen + latest - first
    return lasted * (1 + unseen / max(seen, 1))


def _tame(told: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Without single times far from those before and after them, which go on as if it were not there: bits that were received wrongly."""
    times = [time for _, time in told]
    wild = {
        at
        for at in range(1, len(times) - 1)
        if abs(times[at + 1] - times[at - 1]) < BACK < min(abs(times[at] - times[at - 1]), abs(times[at] - times[at + 1]))
    }
    return [one for at, one in enumerate(told) if at not in wild]


def _times(film: Path) -> Iterator[tuple[int, int, float]]:
    """(stream, number of a packet, when the picture that begins in it is shown)."""
    with regular(film) as file:
        found = layout(file.read(1024))
        if found is None:
            return
        size, offset = found
        count = os.fstat(file.fileno()).st_size // size
        done = 0
        for look in range(LOOKS):
            start = max(done, count * look // LOOKS)
            file.seek(start * size)
            data = file.read(size * PACKETS)
            done = start + len(data) // size
            packets = np.frombuffer(data, np.uint8, (done - start) * size).reshape(-1, size)[:, offset : offset + 188]
            for row in np.flatnonzero((packets[:, 0] == SYNC) & (packets[:, 1] & 0x40 != 0)):
                if (time := shown(packets[row].tobytes(), picture=True)) is not None:
                    yield (int(packets[row][1]) & 0x1F) << 8 | int(packets[row][2]), start + int(row), time
