"""Cuts at the borders of segments, which no child can see: each looked at one side only.

segment 1   ... x  x |            what 2 tells is held back until its first pictures have come;
segment 2            | x  x ...   two pictures at each side tell whether a shot begins with it
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.frames import Image
from pipeline.video.children.messages import Cut, Done, Head, Lost
from pipeline.video.children.segments import Segment
from pipeline.video.cuts.doubt import FLASH
from pipeline.video.cuts.rule import cut_at_border
from pipeline.video.cuts.slides import turn_at_border
from pipeline.video.table import Table


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A wanted frame, copied to its place."""

    rank: int
    image: Image


Event = Picture | Cut | Lost
"""what comes of a film, in order; a cut comes before the frame that it names"""


class Borders:
    """Told what comes of the segments one after the other, it answers with what may be passed on."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._first = -1
        """rank of the frame that the segment begins with"""
        self._tail = b""
        """the last pictures of the segment before"""
        self._held: list[Event] | None = None

    def enter(self, segment: Segment) -> None:
        """A segment begins, where another one ended."""
        self._first = segment.lead if segment.lead >= 0 else int(segment.targets[0])
        self._held = []

    def passed(self, told: Event | Head | Done) -> Sequence[Event]:
        match told:
            case Head(pictures=pictures):
                held, self._held = self._held, None
                if held is None:
                    return ()
                return [Cut(rank=self._first), *held] if self._cut(pictures) else held
            case Done(pictures=pictures):
                self._tail = pictures
                held, self._held = self._held, None
                return held or ()
            case _ if self._held is not None:
                self._held.append(told)
                return ()
        return (told,)

    def _cut(self, head: bytes) -> bool:
        """Whether a shot, or a slide, begins with these pictures."""
        beside = self._table.times[self._first - 1 : self._first + 2]
        stood = bool(beside[1] - beside[0] >= FLASH), bool(len(beside) < 3 or beside[2] - beside[1] >= FLASH)
        return cut_at_border(self._tail, head) or turn_at_border(self._tail, head, stood)
