"""Where a transport stream's counter breaks: a loss, or the seam of parts that were joined as they were.

    ... P B B P B*B | I P B B ...      * flagged by the demuxer, whose counter broke right after it

A part begins with a keyframe and its counter anew, so the last pictures before it are flagged though nothing is missing. After
a loss, pictures go on in the middle of a group, or later than they should.
"""

from typing import Any

NEAR = 2
"""packets before a keyframe in which its seam is seen: a parser tells of a picture when the next one begins"""
LATE = 6
"""frames that a part may begin later than the one before it ended"""


class Seams:
    """Told of each packet of a film in the order in which it is stored."""

    def __init__(self, fps: float) -> None:
        self._most = LATE / fps
        self._flagged: list[tuple[int, float, float]] = []
        """packets of which it is not known yet what they are: number, when shown, when decoded"""

    def holes(self, number: int, packet: Any, shown: float, decoded: float) -> list[float]:
        """Times of losses that are certain now. ``packet`` has ``is_corrupt`` and ``is_keyframe``; times are in seconds."""
        if packet.is_keyframe:
            self._flagged = [one for one in self._flagged if decoded - one[2] > self._most]
        certain = [one for one in self._flagged if packet.is_keyframe or number - one[0] >= NEAR]
        self._flagged = [one for one in self._flagged if one not in certain]
        if packet.is_corrupt:
            self._flagged.append((number, shown, decoded))
        return [one[1] for one in certain]

    def rest(self) -> list[float]:
        """Losses with nothing after them."""
        return [one[1] for one in self._flagged]
