"""How long an MPEG transport stream lasts whose clock begins anew (parts that were put one after another), by looks here and there.

    0:00 ... 0:06 | 0:00 ... 0:06        its container says 0:06, the last time above the first; it lasts 0:12

An estimate for what is said beforehand: a run itself reads every packet.
"""

import os
from collections.abc import Iterator
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
    """Seconds of picture; None where the clock runs through, or the file is no transport stream. Raises OSError."""
    first: int | None = None
    latest, low, high = 0, 0.0, 0.0
    lasted, seen, unseen = 0.0, 0, 0  # seconds of runs of the clock; packets in them, and between them
    restarts = 0
    for place, time in _times(film):
        if first is None:
            first, low, high = place, time, time
        elif time < high - BACK:
            lasted, seen, unseen, restarts = lasted + high - low, seen + latest - first, unseen + place - latest, restarts + 1
            first, low, high = place, time, time
        else:
            low, high = min(low, time), max(high, time)
        latest = place
    if first is None or not restarts:
        return None
    lasted, seen = lasted + high - low, seen + latest - first
    return lasted * (1 + unseen / max(seen, 1))


def _times(film: Path) -> Iterator[tuple[int, float]]:
    """(number of a packet, when the picture that begins in it is shown)."""
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
                    yield start + int(row), time
