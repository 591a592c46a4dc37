"""``/metrics`` of live streams: a prometheus_client door of its own (docs/live.md lists the names)."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.live.outputs.base import Output
    from pipeline.live.stream import Stream

BUCKETS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""seconds"""


class Latencies:
    """A histogram for each stream and part of a caption's latency."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], list[int]] = {}
        self.sums: dict[tuple[str, str], float] = {}

    def add(self, stream: str, parts: dict[str, float]) -> None:
        for part, seconds in parts.items():
            counts = self.counts.setdefault((stream, part), [0] * (len(BUCKETS) + 1))
            counts[sum(seconds > bound for bound in BUCKETS)] += 1
            self.sums[stream, part] = self.sums.get((stream, part), 0.0) + seconds


def exposition(streams: Sequence["Stream"], outputs: Sequence["Output"], latencies: Latencies) -> bytes:
    """The text that Prometheus reads."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.process_collector import ProcessCollector

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Families(streams, outputs, latencies))
    return bytes(generate_latest(registry))


class _Families:
    def __init__(self, streams: Sequence["Stream"], outputs: Sequence["Output"], latencies: Latencies) -> None:
        self._streams, self._outputs, self._latencies = streams, outputs, latencies

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        latency = HistogramMetricFamily("scenescribe_live_latency_seconds", "Of captions, by part.", labels=["stream", "part"])
        for (whose, part), counts in self._latencies.counts.items():
            total, buckets = 0, []
            for bound, count in zip((*map(str, BUCKETS), "+Inf"), counts, strict=True):
                total += count
                buckets.append((bound, total))
            latency.add_metric([whose, part], buckets, self._latencies.sums[whose, part])
        yield latency
        seconds = CounterMetricFamily(
            "scenescribe_live_seconds", "Time that went by, by what became of it.", labels=["stream", "kind"]
        )
        level = GaugeMetricFamily("scenescribe_live_level", "What gives way: 0 is nothing.", labels=["stream"])
        state = GaugeMetricFamily("scenescribe_live_state", "1 for the state that a stream is in.", labels=["stream", "state"])
        reconnects = CounterMetricFamily("scenescribe_live_reconnects", "Connections after the first.", labels=["stream"])
        packets = GaugeMetricFamily("scenescribe_live_packets", "Packets of the connection.", labels=["stream", "what"])
        lag = GaugeMetricFamily("scenescribe_live_lag_seconds", "By which decoding is behind.", labels=["stream"])
        uncopied = CounterMetricFamily(
            "scenescribe_live_uncopied", "Pieces given up that were to be kept as they came.", labels=["stream"]
        )
        resident = GaugeMetricFamily("scenescribe_live_reader_bytes", "Memory of the reading process.", labels=["stream"])
        for stream in self._streams:
            name = stream.plan.name
            for kind, value in stream.timeline.ledger.seconds.items():
                seconds.add_metric([name, kind], value)
            level.add_metric([name], stream.describing.controller.level)
            state.add_metric([name, stream.state], 1)
            reconnects.add_metric([name], stream.reconnects)
            tick = stream.tick
            for what, count in (("packets", tick.packets), ("dropped", tick.dropped), ("restamped", tick.restamped)):
                packets.add_metric([name, what], count)
            lag.add_metric([name], tick.lag)
            resident.add_metric([name], tick.rss)
            uncopied.add_metric([name], stream.uncopied.total)
        lost = CounterMetricFamily("scenescribe_live_output_lost", "Events that an output gave up.", labels=["output"])
        for output in self._outputs:
            lost.add_metric([output.name], output.lost)
        yield from (seconds, level, state, reconnects, packets, lag, resident, uncopied, lost)
