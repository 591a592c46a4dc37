"""The word on files that do not stand still: a recording that goes on is waited for, and nobody should have to guess for what."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.watch.folder import Folder

CALMER = 60
"""times as long between two lines, at last, where the daemon stays anyway"""


class Unsettled:
    """Looks at a folder now and then, and tells of what has been waited for."""

    def __init__(
        self, every: float, tell: Callable[[Sequence[Path]], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``every``: seconds, after which something is told of, and between two lines."""
        self._every, self._tell, self._clock = every, tell, clock
        self._pause, self._next = every, clock()

    def look(self, folder: Folder, *, once: bool) -> None:
        """Tell of what still changes, when it is time. ``once``: the run waits for it; else lines come less and less often."""
        if not (changing := folder.changing(self._every)):
            self._pause, self._next = self._every, self._clock()
        elif self._clock() >= self._next:
            self._tell(changing)
            self._next = self._clock() + self._pause
            self._pause = self._every if once else min(2 * self._pause, CALMER * self._every)
