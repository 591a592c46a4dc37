"""Seconds by the clock and of the processor, and memory, of this process and its children."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import psutil

T = TypeVar("T")
Works = Mapping[str, Callable[[], int]]


class Memory:
    """The most that this process and its children hold, resident, while it watches, above what they held before."""

    def __enter__(self) -> "Memory":
        self.most, self._done, self._before = 0, threading.Event(), held()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self.most = max(self.most, held() - self._before)

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def held() -> int:
    """Resident bytes of this process and its children."""
    total, me = 0, psutil.Process()
    for process in [me, *me.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total


def cpu_seconds() -> float:
    """Of this process and its children, dead and alive."""
    spent = sum(os.times()[:4])
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            spent += sum(child.cpu_times()[:2])
    return spent


def timed(work: Callable[[], T]) -> tuple[float, float, T]:
    """(seconds by the clock, of the processor, what the work gives)."""
    before, begun = cpu_seconds(), time.perf_counter()
    given = work()
    return time.perf_counter() - begun, cpu_seconds() - before, given


def best(works: Works, repeats: int, *, finalists: int = 0, always: str = "ours") -> dict[str, dict[str, float]]:
    """Works take turns; the least of all rounds. ``finalists``: after the first round only so many of the fastest go on."""
    found: dict[str, dict[str, float]] = {}
    for turn in range(repeats):
        for name in list(works):
            ranked = sorted((other for other in found if other != always), key=lambda other: found[other]["seconds"])
            if turn and finalists and name != always and name not in ranked[:finalists]:
                continue
            seconds, cpu, count = timed(works[name])
            one = found.setdefault(name, {"seconds": seconds, "cpu": cpu, "frames": count})
            one["seconds"], one["cpu"] = round(min(one["seconds"], seconds), 3), round(min(one["cpu"], cpu), 3)
    return found


def ratio(found: dict[str, dict[str, float]], one: str, other: str) -> dict[str, float]:
    """How much longer the first takes than the second, by the clock and by the processor."""
    return {f"{one}/{other}_{unit}": round(found[one][unit] / found[other][unit], 2) for unit in ("seconds", "cpu")}


def columns(found: dict[str, dict[str, float]]) -> dict[str, Any]:
    return {name: f"{value['seconds']:.2f}s/{value['cpu']:.2f}cpu" for name, value in found.items()} | {
        "frames": {n: v["frames"] for n, v in found.items()}
    }
