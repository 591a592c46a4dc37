"""One run over films on some hosts of a fleet: counts what comes, and kills a host where that is asked for."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import ScenescribeError
from pipeline.fleet.remote import RemoteHost
from pipeline.inputs import Film
from pipeline.observing import Observer, Result
from pipeline.types import Caption


class Run:
    """Begins when it is made. ``kill_at``: so many captions, after which the busiest host is killed; 0: none is."""

    def __init__(self, hosts: Sequence[RemoteHost], kill_at: int) -> None:
        self._hosts, self._kill_at = hosts, kill_at
        self._began = time.monotonic()
        self._came: list[float] = []
        self._windows: Counter[tuple[Path, float]] = Counter()
        self._asked = self._tokens = self._failures = self._asked_again = 0
        self._killed = False

    def observer(self, film: Film) -> Observer:
        return _One(self, film.path)

    def came(self, path: Path, caption: Caption) -> None:
        """A caption is there."""
        self._came.append(time.monotonic() - self._began)
        if self._kill_at and len(self._came) >= self._kill_at and not self._killed:
            busy = max(self._hosts, key=lambda host: host.pulse.in_flight)
            assert busy.pid is not None
            self._asked_again, self._killed = busy.pulse.in_flight, True
            os.kill(busy.pid, signal.SIGKILL)

    def finished(self, film: Film, result: Result) -> None:
        self._windows.update((film.path, caption.start) for caption in result.document.captions)
        self._asked += result.document.stats["asked"]
        self._tokens += result.document.stats["completion_tokens"]

    def failed(self, name: Path | str, error: ScenescribeError) -> None:
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        self._failures += 1

    def numbers(self) -> dict[str, Any]:
        """What there is to say at the end of the run."""
        seconds, count = time.monotonic() - self._began, len(self._windows)
        steady, tail = steady_and_tail(self._came, seconds)
        questions = self._asked / max(1, count)
        return {
            "windows": count, "asked": self._asked, "tokens": self._tokens, "failed_films": self._failures,
            "seconds": round(seconds, 2), "windows_per_second": round(count / seconds, 2), "steady": round(steady, 2),
            "steady_asked": round(steady * questions, 2), "tail": round(tail, 2), "killed": self._killed,
            "twice": sum(self._windows.values()) - count, "asked_again": self._asked_again,
        }  # fmt: skip


class _One(Observer):
    """Hears one film."""

    def __init__(self, run: Run, path: Path) -> None:
        self._run, self._path = run, path

    def captioned(self, caption: Caption, position: float) -> None:
        self._run.came(self._path, caption)


def steady_and_tail(came: Sequence[float], seconds: float) -> tuple[float, float]:
    """Captions a second between the first and the last tenth of those that ``came``, and how many seconds the last tenth took longer."""
    count = len(came)
    tenth = count // 10
    if tenth < 1 or came[count - tenth - 1] <= came[tenth]:
        return count / seconds, 0.0
    rate = (count - 2 * tenth - 1) / (came[count - tenth - 1] - came[tenth])
    return rate, max(0.0, seconds - came[count - tenth - 1] - (tenth / rate))
