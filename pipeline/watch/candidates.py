"""Files that were seen and have not stood still for long enough."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.file_version import FileVersion


@dataclass(slots=True)
class Candidate:
    """One of them."""

    stamp: FileVersion
    first: float
    """when it was first seen"""
    since: float
    """when it was first seen like this"""
    due: float
    """when it is looked at again"""


class Candidates(dict[str, Candidate]):
    """By their paths. Times are those of the caller's clock."""

    def see(self, path: str, stamp: FileVersion, now: float) -> None:
        """A file stands there in this version."""
        candidate = self.get(path)
        if candidate is None or candidate.stamp != stamp:
            self[path] = Candidate(stamp, candidate.first if candidate is not None else now, now, now)

    def settled(self, now: float, settle: float) -> Iterator[tuple[str, FileVersion]]:
        """Look at those that are due; what stood still is given, and is no candidate any more."""
        for path, candidate in [item for item in self.items() if item[1].due <= now]:
            try:
                stamp = FileVersion.of(os.stat(path))
            except OSError:
                del self[path]
                continue
            if stamp != candidate.stamp:
                candidate.stamp, candidate.since = stamp, now
            if now - candidate.since >= settle:
                del self[path]
                yield path, stamp
            else:  # looked at several times, for shares whose times are coarse
                candidate.due = min(now + max(settle / 5, 0.1), candidate.since + settle)

    def changing(self, now: float, longer: float) -> list[str]:
        """Those that were first seen so long ago, the first of them first. Asked from other threads too."""
        return [path for path, candidate in sorted(self.copy().items(), key=_first) if now - candidate.first >= longer]


def _first(item: tuple[str, Candidate]) -> float:
    return item[1].first
