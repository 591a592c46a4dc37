"""What the daemon counts, and how Prometheus sees it: THE prometheus_client door (docs/watch.md lists the names)."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

RATE_OVER = 60.0
"""seconds that windows a second are an average of"""


@dataclass
class Counters:
    """Counts since the daemon began. Cheap, and read from another thread."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(state, reason) of ended jobs"""
    windows: int = 0
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=100_000))

    def ended(self, state: str, reason: str) -> None:
        self.outcomes[state, reason] += 1

    @property
    def failed(self) -> int:
        """Jobs that failed."""
        return sum(count for (state, _), count in self.outcomes.items() if state == "failed")

    def captioned(self) -> None:
        self.windows += 1
        self._recent.append(time.monotonic())

    @property
    def windows_per_second(self) -> float:
        since = time.monotonic() - RATE_OVER
        return sum(1 for moment in list(self._recent) if moment > since) / RATE_OVER


@dataclass(frozen=True)
class Snapshot:
    """The daemon as it is now."""

    jobs: Mapping[str, int]
    """by state"""
    oldest_queued: float
    oldest_running: float
    windows_in_flight: int
    engine: str
    """unloaded, loading or ready"""
    waiting_for: str
    """code of what is in the way, or an empty text"""
    errands: int
    restarts: int


ENGINE_STATES = ("unloaded", "loading", "ready")


def exposition(counters: Counters, snapshot: Callable[[], Snapshot]) -> bytes:
    """The text that ``/metrics`` serves."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.process_collector import ProcessCollector

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Families(counters, snapshot))
    return bytes(generate_latest(registry))


class _Families:
    def __init__(self, counters: Counters, snapshot: Callable[[], Snapshot]) -> None:
        self._counters, self._snapshot = counters, snapshot

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        now = self._snapshot()
        jobs = GaugeMetricFamily("scenescribe_jobs", "Jobs by state.", labels=["state"])
        for state, count in now.jobs.items():
            jobs.add_metric([state], count)
        yield jobs
        ages = GaugeMetricFamily("scenescribe_oldest_job_seconds", "Age of the oldest job in a state.", labels=["state"])
        ages.add_metric(["queued"], now.oldest_queued)
        ages.add_metric(["running"], now.oldest_running)
        yield ages
        outcomes = CounterMetricFamily("scenescribe_jobs_ended", "Jobs ended by this process.", labels=["state", "reason"])
        for (state, reason), count in list(self._counters.outcomes.items()):
            outcomes.add_metric([state, reason], count)
        yield outcomes
        yield CounterMetricFamily("scenescribe_windows", "Windows captioned by this process.", value=self._counters.windows)
        rate = self._counters.windows_per_second
        yield GaugeMetricFamily("scenescribe_windows_per_second", "Over the last minute.", value=rate)
        yield GaugeMetricFamily("scenescribe_windows_in_flight", "Windows at the engine.", value=now.windows_in_flight)
        engine = GaugeMetricFamily("scenescribe_engine", "1 for the state that the engine is in.", labels=["state"])
        for state in ENGINE_STATES:
            engine.add_metric([state], float(state == now.engine))
        yield engine
        yield CounterMetricFamily("scenescribe_engine_restarts", "Times that the engine died.", value=now.restarts)
        waits = GaugeMetricFamily("scenescribe_waiting", "1 while something is in the way of all films.", labels=["reason"])
        waits.add_metric([now.waiting_for], float(bool(now.waiting_for)))
        yield waits
        yield GaugeMetricFamily("scenescribe_errands", "Moves, webhooks and commands not yet done.", value=now.errands)
