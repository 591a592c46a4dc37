"""The engine's own gauges, from the Prometheus metrics that vLLM keeps in this process."""

import contextlib
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from models.nvidia_smi import query

GAUGES = {
    "vllm:num_requests_running": "running",
    "vllm:num_requests_waiting": "waiting",
    "vllm:kv_cache_usage_perc": "kv_cache_use",
    "vllm:num_preemptions_total": "preemptions",
    "vllm:prompt_tokens_total": "prompt_tokens",
    "vllm:generation_tokens_total": "generation_tokens",
}
"""vLLM's name -> ours; kv_cache_use is a part of 1, the rest are counts, over all copies of the model"""


MEMORY_EVERY = 10.0
"""seconds for which an answer about GPU memory stands: asking is a process, and vLLM takes its memory once"""


@lru_cache(maxsize=1)
def _memory_of(_: int) -> list[tuple[float, float]]:
    return gpu_memory()


def collectors() -> tuple[Any, ...]:
    """The metrics of the engine that was made last in this process; each engine has to keep its own.

    vLLM takes those of older engines out of the registry when it makes another one, as its ``unregister_vllm_metrics`` does.
    """
    from prometheus_client import REGISTRY

    return tuple(one for one in REGISTRY._collector_to_names if str(getattr(one, "_name", "")).startswith("vllm:"))


def read_metrics(kept: Iterable[Any]) -> dict[str, Any]:
    """The gauges of ``collectors`` as they stand, and the memory in use on each GPU in GiB where there is one."""
    found: dict[str, Any] = {}
    for metric in (metric for one in kept for metric in one.collect()):
        for sample in metric.samples:
            name = GAUGES.get(sample.name)
            if name == "kv_cache_use":
                found[name] = max(found.get(name, 0.0), sample.value)
            elif name:
                found[name] = found.get(name, 0) + int(sample.value)
    memory = _memory_of(int(time.monotonic() / MEMORY_EVERY))
    if memory:
        found["gpu_memory_used_gb"] = [round(used, 2) for used, _ in memory]
        found["gpu_memory_total_gb"] = [round(total, 2) for _, total in memory]
    return found


def gpu_memory() -> list[tuple[float, float]]:
    """(used, total) GiB of each NVIDIA GPU, all processes together, asked of the driver's own tool; empty without one."""
    with contextlib.suppress(ValueError):  # a GPU that is divided says [N/A]
        return [(float(used) / 1024, float(total) / 1024) for used, total in query("memory.used", "memory.total")]
    return []
