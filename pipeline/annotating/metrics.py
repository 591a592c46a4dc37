"""What an annotate run counts, as Prometheus reads it from a file (node_exporter's textfile collector; docs/annotate.md lists the names)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Progress:
    """How far a run is."""

    items: int = 0
    """of the plan"""
    before: int = 0
    """done by earlier runs, and by others before this one began"""
    ended: int = 0
    """by this run; whatever became of them"""
    weight: float = 0.0
    """what the items of the plan weigh: a picture 1, a film what its length is guessed to be in pictures"""
    weight_before: float = 0.0
    weight_ended: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)
    """failures of this run by reason"""
    tokens: tuple[int, int] = (0, 0)
    """(of prompts, of answers), of this run"""
    hosts: Counter[str] = field(default_factory=Counter)
    """host -> items that it ended in this run"""
    speed: float = 0.0
    """items a second, over the last half minute"""
    left: float | None = None
    """seconds until the end, by weight; None where nobody can say"""
    finished: bool = False

    @property
    def weight_left(self) -> float:
        return max(0.0, self.weight - self.weight_before - self.weight_ended)

    @property
    def done(self) -> int:
        return min(self.items, self.before + self.ended)


def exposition(progress: Progress) -> bytes:
    """The text of the file."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Families(progress))
    return bytes(generate_latest(registry))


class _Families:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        now = self._progress
        yield GaugeMetricFamily("scenescribe_annotate_items", "Items of the plan.", value=now.items)
        yield GaugeMetricFamily("scenescribe_annotate_items_done", "Items with their row, by whomever.", value=now.done)
        failed = CounterMetricFamily("scenescribe_annotate_failed", "Items that failed in this run.", labels=["reason"])
        for reason, count in sorted(now.reasons.items()):
            failed.add_metric([reason], count)
        yield failed
        hosts = CounterMetricFamily("scenescribe_annotate_host_items", "Items that a host of this run ended.", labels=["host"])
        for host, count in sorted(now.hosts.items()):
            hosts.add_metric([host], count)
        yield hosts
        tokens = CounterMetricFamily("scenescribe_annotate_tokens", "Tokens of this run.", labels=["kind"])
        for kind, count in zip(("prompt", "completion"), now.tokens, strict=True):
            tokens.add_metric([kind], count)
        yield tokens
        yield GaugeMetricFamily("scenescribe_annotate_items_per_second", "Over the last half minute.", value=now.speed)
        if now.left is not None:
            yield GaugeMetricFamily(
                "scenescribe_annotate_seconds_left", "Until the end, by what is left and how fast it goes.", value=now.left
            )
        yield GaugeMetricFamily("scenescribe_annotate_finished", "1 when all items have their row.", value=float(now.finished))
