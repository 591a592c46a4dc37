"""How a decoded picture is turned to be shown."""

from typing import Any

import numpy as np


def matrix(frame: Any) -> tuple[int, bool]:
    """(degrees clockwise to turn the decoded picture, whether it is mirrored left to right before that)."""
    for side in frame.side_data:
        if side.type.name == "DISPLAYMATRIX":
            a, b, _, c, d = np.frombuffer(side, dtype=np.int32)[:5].astype(float) / 65536
            mirrored = bool(a * d - b * c < 0)
            if mirrored:  # the mirroring comes first: (x, y) -> (-x, y) -> (-a x + c y, -b x + d y) (ISO/IEC 14496-12 6.2.2)
                a, b = -a, -b
            return int(round(float(np.degrees(np.arctan2(b, a))) / 90.0) * 90) % 360, mirrored
    return 0, False
