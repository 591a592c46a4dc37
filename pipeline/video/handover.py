"""Where a host that reads a stretch of a film with cuts begins, and where the host before it ends, without a word between them.

    segments    |-------|-------|-------|-------|-------|-------|      the same whoever reads: they depend on the film alone
    stretches   0 . . . . . . . . . . . 1 . . . . . . . . . . . .
    host A      wwww|ww|www|www|wwww|www| |ww|www|#
    host B                              |- - - - -|www|wwww|ww ...     '-' windows that are not known here, '#' the handover

Where a window begins depends on what was seen before it, but not for ever: a cut that comes when nothing happened for a while
begins a window whatever was before. The first such cut among the segments of B's stretch is the handover. A finds it too, since it
decodes the same segments, and goes on until it does: through B's stretch to the next one where there is none.
"""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.stretch import Stretch
from pipeline.video.children.segments import Segment
from pipeline.video.table import Table
from pipeline.windows.base import Divisible, Splitter


@dataclass(frozen=True, slots=True)
class Course:
    """Which segments a host reads."""

    first: int
    own: int
    """how many begin in its stretch; more are read until the handover"""
    marks: tuple[float, ...]
    """when its first segment begins, and then that of each stretch behind it; those in which none begins are left out"""


def course(segments: Sequence[Segment], table: Table, stretch: Stretch) -> Course | None:
    """The way through a film's segments; None where none begins in the stretch."""
    begins = [float(table.times[segment.lead]) if segment.lead >= 0 else -math.inf for segment in segments]
    places = [bisect_right(stretch.borders, begin) for begin in begins]
    if stretch.number not in places:
        return None
    first = places.index(stretch.number)
    marks = [begins[i] for i in range(first, len(begins)) if i == first or places[i] != places[i - 1]]
    return Course(first=first, own=places.count(stretch.number), marks=tuple(marks))


class Handover:
    """Told what a splitter is told, it says where a host's windows begin and end."""

    def __init__(self, marks: Sequence[float], *, from_start: bool, shortest: float, end: float) -> None:
        """``marks``: see ``Course``. ``from_start``: it is the film's first stretch. ``shortest``: seconds of the rule's shortest
        window; ``end``: of the film. What begins so close before it may become part of the window before."""
        self._marks = deque(marks)
        self._shortest, self._end = shortest, end
        self._since: float | None = None
        """the first frame that was seen of a stretch whose beginning is looked for"""
        self.begin = -math.inf if from_start else math.inf
        """seconds: windows that begin earlier are another host's"""
        self.over = False
        """whether all that follow are another host's"""
        if from_start:
            self._marks.popleft()

    @property
    def begun(self) -> bool:
        return self.begin < math.inf

    def frame(self, time: float) -> None:
        """A frame is about to be told to the splitter."""
        while self._marks and time >= self._marks[0]:
            self._marks.popleft()
            self._since = time

    def cut(self, time: float, splitter: Splitter) -> None:
        """A cut was told to the splitter."""
        if self._since is None or (self._marks and time >= self._marks[0]) or self._end - time < self._shortest:
            return
        assert isinstance(splitter, Divisible)
        if splitter.independent_of(self._since):
            self._since = None
            if self.begun:
                self.over = True
            else:
                self.begin = time
