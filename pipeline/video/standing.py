"""Films of which each picture stands: slides, stored where something changes and nowhere else.

stored   |S1          |S2     |S3
sound    ==================================
shown    S1---------->S2----->S3---------->     players let the last one stand until the sound is over
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

STANDING = 1.0
"""seconds from picture to picture of a film of which each stands"""
NOTABLE = 0.1
"""seconds that the sound must go on behind the last picture: an encoder fills its last frame up with silence"""


def stand(times: "Sequence[float] | NDArray[np.float64]") -> bool:
    """Whether pictures that are shown at these times (seconds, ascending) stand; one alone does, none do not."""
    return len(times) == 1 or (len(times) > 1 and float(np.median(np.diff(times))) > STANDING)


def last_shown(times: "Sequence[float] | NDArray[np.float64]", end: float, heard: float) -> float:
    """Until when the last of them is shown: to its own ``end``, or where they stand as long as the sound goes on."""
    return heard if heard - end > NOTABLE and stand(times) else end


def falls_short(end: float, told: float) -> bool:
    """Whether pictures end well before their own head tells (0: it does not), so that some of them are lost."""
    return told - end > max(0.5, 0.02 * told)
