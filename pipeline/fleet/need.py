"""What one host of a cluster takes of a node."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """GPUs and cores of one node."""

    gpus: int = 0
    cpus: float = 1.0

    def fits(self, resources: Mapping[str, float]) -> int:
        """Hosts that a node of these resources (Ray's names) has room for."""
        by = [int(resources.get(name, 0.0) // wanted) for name, wanted in (("GPU", self.gpus), ("CPU", self.cpus)) if wanted]
        return min(by, default=1)
