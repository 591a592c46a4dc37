"""What one host of a cluster takes of a node."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.fleet.placement import ON_GPUS, group_size
from pipeline.options.caption import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """GPUs and cores of one node."""

    gpus: int = 0
    cpus: float = 1.0

    def fits(self, resources: Mapping[str, float]) -> int:
        """Hosts that a node of these resources (Ray's names) has room for."""
        by = [int(resources.get(name, 0.0) // wanted) for name, wanted in (("GPU", self.gpus), ("CPU", self.cpus)) if wanted]
        return min(by, default=1)


def need_of(nodes: Iterable[Mapping[str, Any]], settings: Settings) -> Need:
    """What one host takes: the GPUs of one engine and their part of a node's cores; without GPUs all cores of the smallest node. ``nodes``:
    the resources of each."""
    nodes, size = list(nodes), group_size(settings)
    parts = [node.get("CPU", 0.0) * size / node["GPU"] for node in nodes if node.get("GPU", 0.0) >= size]
    if settings.engine in ON_GPUS and parts:
        return Need(gpus=size, cpus=float(max(1, int(min(parts)))))
    return Need(cpus=float(max(1, int(min((node["CPU"] for node in nodes if node.get("CPU", 0.0) >= 1), default=1)))))
