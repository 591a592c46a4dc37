"""More hosts than memory: refused in one line before anything is loaded, instead of killed by the kernel in the middle."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import UsageError
from pipeline.fleet.placement import Placement, share_of
from pipeline.options.caption import Settings

if TYPE_CHECKING:
    from models.preset import Preset

GIB = 1024**3
PROCESS = {"vllm": 2.5, "transformers": 1.5}
"""GiB of main memory that an engine and its libraries take, without weights"""
BARE = 0.15
"""GiB of a host whose engine is elsewhere"""
CACHE = 0.5
"""GiB of GPU memory beside the weights, under which an engine has no room to work"""


def refuse_more_than_fit(settings: Settings, preset: "Preset", places: Sequence[Placement]) -> None:
    """Raise UsageError ``too_many_hosts`` where that many hosts have no room, with how many have."""
    weights = weights_gb(preset.id)
    on_gpu = any(place.gpus for place in places)
    each = PROCESS.get(settings.engine, BARE) + (0.0 if on_gpu or settings.engine not in PROCESS else weights)
    there = available_gb()
    if there is not None and each * len(places) > there:
        raise UsageError(
            "too_many_hosts",
            f"{len(places)} hosts need about {each * len(places):.1f} GiB of memory and {there:.1f} are free: "
            f"ask for {max(1, int(there / each))} (--hosts)",
        )
    crowd = max(place.sharing for place in places)
    if on_gpu and crowd > 1:
        total = gpu_memory_gb()
        asked, usual = settings.gpu_memory_utilization, preset.engine.get("gpu_memory_utilization")

        def room(hosts: int) -> float:
            return (total or 0.0) * share_of(asked, usual, hosts)

        if total and weights and room(crowd) < weights + CACHE:
            fit = max((hosts for hosts in range(1, crowd) if room(hosts) >= weights + CACHE), default=1)
            raise UsageError(
                "too_many_hosts",
                f"{crowd} hosts on one GPU have {room(crowd):.1f} GiB each, and the model's weights alone are "
                f"{weights:.1f}: ask for {fit} a GPU (--hosts)",
            )


def gpu_memory_gb() -> float | None:
    """Memory of the first GPU in GiB."""
    from pipeline.engine.opening import gpu_memory_gb

    return gpu_memory_gb()


def weights_gb(folder: str) -> float:
    """GiB of weights in a model's folder; 0 where it is none, or not here yet."""
    path = Path(folder)
    if not path.is_dir():
        return 0.0
    return sum(file.stat().st_size for file in path.glob("*.safetensors")) / GIB


def available_gb(meminfo: Path = Path("/proc/meminfo")) -> float | None:
    """GiB of main memory that new programs can have, the container's own bound counted; None where nobody says."""
    bounds = []
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text(encoding="ascii").splitlines() if ":" in line)
        bounds.append(int(lines["MemAvailable"].split()[0]) * 1024)
    except (OSError, KeyError, ValueError):
        pass
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii"))
        if limit.isdigit():
            bounds.append(int(limit) - used)
    except (OSError, ValueError):
        pass
    return min(bounds) / GIB if bounds else None
