"""What the service counts, and how Prometheus sees it."""

import time
from collections import Counter, deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.serve.service import Service

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""seconds to the first piece of an answer"""
RATE_OVER = 60.0


class Counters:
    """Counts since the service began."""

    def __init__(self) -> None:
        self.jobs: Counter[tuple[str, str]] = Counter()
        self.windows = self.prompt_tokens = self.cached_tokens = self.completion_tokens = 0
        self.first_tokens = [0] * (len(BUCKETS) + 1)
        self.first_token_seconds = 0.0
        self._recent: deque[float] = deque(maxlen=100_000)

    def ended(self, status: str, code: str) -> None:
        self.jobs[status, code] += 1

    def captioned(self) -> None:
        self.windows += 1
        self._recent.append(time.monotonic())

    def answered(self, prompt: int, cached: int, completion: int) -> None:
        self.prompt_tokens += prompt
        self.cached_tokens += cached
        self.completion_tokens += completion

    def first_token(self, seconds: float) -> None:
        self.first_token_seconds += seconds
        place = next((n for n, bound in enumerate(BUCKETS) if seconds <= bound), len(BUCKETS))
        self.first_tokens[place] += 1

    @property
    def windows_per_second(self) -> float:
        since = time.monotonic() - RATE_OVER
        return sum(1 for moment in self._recent if moment > since) / RATE_OVER


def exposition(service: "Service") -> bytes:
    """The text that ``/metrics`` serves."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.process_collector import ProcessCollector

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Families(service))
    return bytes(generate_latest(registry))


class _Families:
    def __init__(self, service: "Service") -> None:
        self._service = service

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        service, counters, engine = self._service, self._service.counters, self._service.studio.engine
        jobs = GaugeMetricFamily("scenescribe_jobs", "Jobs by status.", labels=["state"])
        for status, count in service.jobs.counts().items():
            jobs.add_metric([status], count)
        yield jobs
        ended = CounterMetricFamily("scenescribe_jobs_ended", "Jobs ended by this process.", labels=["state", "reason"])
        for (status, code), count in list(counters.jobs.items()):
            ended.add_metric([status, code], count)
        yield ended
        yield CounterMetricFamily("scenescribe_windows", "Windows captioned by this process.", value=counters.windows)
        rate = counters.windows_per_second
        yield GaugeMetricFamily("scenescribe_windows_per_second", "Over the last minute.", value=rate)
        yield GaugeMetricFamily("scenescribe_requests_in_flight", "Requests at the engine.", value=engine.in_flight)
        yield GaugeMetricFamily("scenescribe_requests_waiting", "Requests that wait for room.", value=engine.waiting)
        yield GaugeMetricFamily("scenescribe_engine_ready", "1 while the model is loaded.", value=float(engine.ready))
        yield CounterMetricFamily("scenescribe_engine_restarts", "Times that the engine died.", value=engine.deaths)
        yield GaugeMetricFamily("scenescribe_asks_open", "Questions being answered.", value=service.asks.open)
        yield CounterMetricFamily("scenescribe_asks_refused", "Questions told to come again.", value=service.asks.refused)
        for name in ("prompt_tokens", "cached_tokens", "completion_tokens"):
            yield CounterMetricFamily(f"scenescribe_ask_{name}", "Of questions.", value=getattr(counters, name))
        seen, buckets = 0, []
        for bound, count in zip((*BUCKETS, "+Inf"), counters.first_tokens, strict=True):
            seen += count
            buckets.append((str(bound), float(seen)))
        first = HistogramMetricFamily("scenescribe_first_token_seconds", "To the first piece of an answer.")
        first.add_metric([], buckets, counters.first_token_seconds)
        yield first
        for name, value in engine.gauges.latest.items():
            told = GaugeMetricFamily(
                f"scenescribe_engine_{name}", "The engine's own gauge, of each GPU where it has several.", labels=["gpu"]
            )
            for number, one in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(one, int | float):
                    told.add_metric([str(number) if isinstance(value, list) else ""], one)
            yield told
        fault = service.worker.breaker.fault
        waits = GaugeMetricFamily("scenescribe_waiting", "1 while something is in the way of all films.", labels=["reason"])
        waits.add_metric([fault.code if fault else ""], float(fault is not None))
        yield waits
