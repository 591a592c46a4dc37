"""What a file says of its packets."""

from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -(1 << 63)
"""in place of a timestamp that is missing: no file can store it (libav's AV_NOPTS_VALUE)"""


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
    headless: int = 0
    """packets before the first picture that stands alone"""
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
