"""The highest of the engine's gauges, over a block and over all."""

import asyncio
from collections.abc import Mapping
from typing import Any

from models.engines.echo import EchoCaptioner
from models.errors import EngineDead
from pipeline.engine.gauges import Gauges, raise_to


class Measured(EchoCaptioner):
    """Its gauges are those of a list, in turn, the last for ever."""

    def __init__(self, *seen: Mapping[str, Any] | Exception) -> None:
        super().__init__()
        self.seen = list(seen)

    async def metrics(self) -> Mapping[str, Any]:
        now = self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]
        if isinstance(now, Exception):
            raise now
        return now


def test_each_gpu_has_its_own_highest() -> None:
    highest: dict[str, Any] = {}
    raise_to(highest, {"running": 3, "gpu_memory_used_gb": [10.0, 70.0]})
    raise_to(highest, {"running": 2, "gpu_memory_used_gb": [60.0, 20.0], "waiting": 1})
    assert highest == {"running": 3, "waiting": 1, "gpu_memory_used_gb": [60.0, 70.0]}


async def test_the_peak_is_kept_though_the_end_is_quiet() -> None:
    gauges = Gauges(
        Measured({"running": 2, "kv_cache_use": 0.1}, {"running": 9, "kv_cache_use": 0.4}, {"running": 0, "kv_cache_use": 0.0}),
        every=0.001,
    )
    async with gauges.over() as first:
        while first.get("running") != 9:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.001)
    async with gauges.over() as second:
        pass
    assert first == {"running": 9, "kv_cache_use": 0.4}
    assert second == {"running": 0, "kv_cache_use": 0.0}, "a short film is looked at once, at its end"
    assert gauges.highest == first
    assert gauges._looking is None


async def test_totals_since_the_start_are_not_of_a_film() -> None:
    gauges = Gauges(Measured({"running": 1, "prompt_tokens": 10_000}))
    async with gauges.over() as highest:
        pass
    assert highest == {"running": 1}
    assert gauges.highest["prompt_tokens"] == 10_000


async def test_an_engine_that_is_gone_adds_nothing() -> None:
    gauges = Gauges(Measured(EngineDead("killed")))
    async with gauges.over() as highest:
        pass
    assert highest == {}


def test_a_gpu_that_is_seen_later_counts_from_then_on() -> None:
    highest: dict[str, object] = {}
    for seen in ([1.0], [0.5, 3.0], [2.0]):
        raise_to(highest, {"gpu_memory_used_gb": seen})
    assert highest == {"gpu_memory_used_gb": [2.0, 3.0]}
