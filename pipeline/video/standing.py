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
FIRST = 8
"""pictures of which libav needs all but one, within five seconds, to work out in which order H.264 is decoded (``media.sparse``)"""
READ = 4.0
"""seconds in which it finds these, read five"""
NOTABLE = 0.1
"""seconds that the sound must go on behind the last picture: an encoder fills its last frame up with silence"""


def stand(times: "Sequence[float] | NDArray[np.float64]") -> bool:
    """Whether pictures that are shown at these times (seconds, ascending) stand; one alone does, none do not."""
    return len(times) == 1 or (len(times) > 1 and float(np.median(np.diff(times))) > STANDING)


def sparse(first: "Sequence[float]") -> bool:
    """Whether libav does not find the order of a film of H.264 whose FIRST pictures are shown at these times (seconds, ascending)."""
    return len(first) < FIRST or first[-1] - first[0] > READ


def last_shown(times: "Sequence[float] | NDArray[np.float64]", end: float, heard: float) -> float:
    """Until when the last of them is shown: to its own ``end``, or where they stand as long as the sound goes on."""
    return heard if heard - end > NOTABLE and stand(times) else end


def falls_short(end: float, told: float) -> bool:
    """Whether pictures end well before their own head tells (0: it does not), so that some of them are lost."""
    return told - end > max(0.5, 0.02 * told)
