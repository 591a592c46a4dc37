"""How many hosts there are, and what each may use: one for each group of GPUs that a copy of the model needs.

4 GPUs                              host 0: GPU 0    host 1: GPU 1    host 2: GPU 2    host 3: GPU 3
4 GPUs, --tensor-parallel-size 2    host 0: GPU 0,1                   host 1: GPU 2,3
1 GPU, --hosts 3                    host 0, 1, 2: GPU 0, a third of its memory each
no GPU                              one host;  --hosts 2: two, half of the cores each
"""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from models.gpus import Gpu, visible
from pipeline.errors import UsageError
from pipeline.fleet.cores import beside, divided, own_cores, written
from pipeline.fleet.gpus import chosen
from pipeline.options.caption import Settings

ON_GPUS = frozenset({"vllm", "transformers"})
"""engines that run the model on this machine's GPUs; all others need one host, however many GPUs there are"""
USUAL_SHARE = 0.9
"""of a GPU's memory, what vLLM takes where nobody says"""
MOST = 10_000
"""hosts: more are refused before anything is made for each of them"""
BESIDE = 0.03
"""of a GPU's memory, what an engine takes beside its share: its context and the steps that it has recorded (4 GiB of 140 seen on an H200)"""


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What one host may use."""

    number: int
    cores: tuple[int, ...]
    gpus: tuple[str, ...] = ()
    """as CUDA_VISIBLE_DEVICES names them; none: whatever there is"""
    sharing: int = 1
    """hosts on the same GPUs, this one counted"""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """For people: ``GPU 0, cores 0-15``."""
        where = f"GPU {','.join(self.gpus)}, " if self.gpus else ""
        return f"{where}cores {written(self.cores)}"


def group_size(settings: Settings) -> int:
    """GPUs that one engine takes."""
    return (settings.tensor_parallel_size or 1) * (settings.pipeline_parallel_size or 1) * (settings.data_parallel_size or 1)


def placements(
    settings: Settings,
    *,
    there: Sequence[Gpu] | None = None,
    cores: Sequence[int] | None = None,
) -> tuple[Placement, ...]:
    """Where hosts go; none where this process itself is the only host, with all that it may use.

    ``there``, ``cores``: what the machine has, looked up where not given. Raises UsageError ``bad_value``, ``gpu_not_found``,
    ``too_many_hosts``.
    """
    cores = own_cores() if cores is None else cores
    local = settings.engine in ON_GPUS
    if not local and settings.gpus.strip().lower() != "all":
        raise UsageError("bad_value", f"--gpus {settings.gpus}: --engine {settings.engine} runs on no GPU of this machine")
    there = () if not local else visible() if there is None else there
    taken = chosen(settings.gpus, there)
    size = group_size(settings)
    groups = [taken[i : i + size] for i in range(0, len(taken) - size + 1, size)]
    if taken and not groups:
        raise UsageError("gpu_not_found", f"one engine is to take {size} GPUs, and there are {len(taken)}: {_parallel(settings)}")
    if idle := len(taken) - size * len(groups):
        log.warning("%d of %d GPUs have nothing to do: one engine takes %d (%s)", idle, len(taken), size, _parallel(settings))
    count = settings.hosts or max(1, len(groups))
    if count > MOST:
        raise UsageError("too_many_hosts", f"--hosts {count}: {MOST} are the most")
    groups = groups[:count]
    if count == 1 and (not groups or len(taken) == len(there)):
        return ()
    homes = [groups[number % len(groups)] if groups else () for number in range(count)]
    sharing = [homes.count(home) if home else 1 for home in homes]
    wishes: list[set[int]] = [set().union(*(beside(gpu.bus) for gpu in home if gpu.bus)) for home in homes]
    return tuple(
        Placement(
            number=number,
            cores=tuple(part),
            gpus=tuple(gpu.name for gpu in home),
            sharing=shared,
            environment=_environment(home, part),
        )
        for number, (home, part, shared) in enumerate(zip(homes, divided(cores, wishes), sharing, strict=True))
    )


def share_of(asked: float | None, usual: float | None, sharing: int) -> float:
    """A GPU's memory for each of ``sharing`` engines on it, from 0 to 1. ``asked``: for all of them, by the user; ``usual``: by the preset."""
    whole = asked or (usual or USUAL_SHARE) - BESIDE * (sharing - 1)
    return round(max(whole, 0.01) / sharing, 4)


def _parallel(settings: Settings) -> str:
    """The options that say how many GPUs one engine takes."""
    names = ("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size")
    return ", ".join(f"--{name.replace('_', '-')} {value}" for name in names if (value := getattr(settings, name) or 1) > 1)


def _environment(home: Sequence[Gpu], cores: Sequence[int]) -> dict[str, str]:
    if home:
        chosen = {"CUDA_VISIBLE_DEVICES": ",".join(gpu.name for gpu in home)}
        # numbers are the driver's tool's, which counts by the bus; CUDA puts the fastest first where nobody says
        ours = "CUDA_VISIBLE_DEVICES" not in os.environ and "CUDA_DEVICE_ORDER" not in os.environ
        return chosen | ({"CUDA_DEVICE_ORDER": "PCI_BUS_ID"} if ours else {})
    return {"VLLM_CPU_OMP_THREADS_BIND": written(cores)}  # an engine on cores would take those of its neighbours too


def settings_for(settings: Settings, placement: Placement, own: Sequence[str], usual_share: float | None) -> dict[str, Any]:
    """The options that a host is told, as JSON has them. ``usual_share``: of GPU memory, where the user says nothing."""
    values = {name: getattr(settings, name) for name in own}
    if placement.sharing > 1:
        values["gpu_memory_utilization"] = share_of(settings.gpu_memory_utilization, usual_share, placement.sharing)
    if placement.number and settings.log_file is not None:
        values["log_file"] = settings.log_file.with_name(f"{settings.log_file.stem}-{placement.number}{settings.log_file.suffix}")
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value is not None}
    return {name: str(value) if hasattr(value, "__fspath__") else value for name, value in plain.items()}
