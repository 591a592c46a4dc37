"""A table of frames as a message, both ways: a child that listed a film tells it, another one is given it to read by."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from pipeline.video.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class TableData:
    """A table of frames with the number that both sides know it by; the arrays of ``Table`` one after the other in ``arrays``."""

    number: int
    frames: int
    packets: int
    end: float
    repaired: bool
    depth: int
    holes: tuple[float, ...]
    headers: tuple[tuple[int, str], ...]
    """(first packet, header in hexadecimal)"""
    arrays: bytes
    headless: float | None = None

    @classmethod
    def of(cls, number: int, table: Table) -> Self:
        return cls(
            number=number,
            frames=len(table.times),
            packets=len(table.pts),
            end=table.end,
            repaired=table.repaired,
            depth=table.depth,
            holes=table.holes,
            headers=tuple((first, header.hex()) for first, header in table.headers),
            headless=table.headless,
            arrays=b"".join(part.tobytes() for part in (table.times, table.packets, table.pts, table.sizes, table.key)),
        )

    def table(self) -> Table:
        """Raises ValueError where it is not the table of any film: a child may say anything."""
        frames, count = self.frames, self.packets
        if min(frames, count) < 0 or len(self.arrays) != 16 * frames + 13 * count:
            raise ValueError("a table of another size than it says")
        times = np.frombuffer(self.arrays, np.float64, frames)
        packets = np.frombuffer(self.arrays, np.int64, frames, 8 * frames)
        if not np.isfinite(times).all() or (np.diff(times) < 0).any():
            raise ValueError("times that go back")
        if frames and not 0 <= packets.min() <= packets.max() < count:
            raise ValueError("frames in packets that are not there")
        key = np.frombuffer(self.arrays, np.uint8, count, 16 * frames + 12 * count)
        return Table(
            times=times,
            packets=packets,
            pts=np.frombuffer(self.arrays, np.int64, count, 16 * frames),
            sizes=np.frombuffer(self.arrays, np.int32, count, 16 * frames + 8 * count),
            key=key != 0,
            end=self.end,
            repaired=self.repaired,
            depth=self.depth,
            holes=self.holes,
            headers=tuple((first, bytes.fromhex(header)) for first, header in self.headers),
            headless=self.headless,
        )
