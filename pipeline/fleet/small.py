"""Several hosts on one GPU where the model is small: its engine waits for what its process does, not for the GPU.

A window costs a host's process some milliseconds of Python, which one process does one after the other; a model of a billion weights could
answer more windows than that on a large card. ``--hosts`` overrules.
"""

from typing import TYPE_CHECKING

from pipeline.fleet.gpus import Gpu
from pipeline.fleet.room import available_gb, weights_gb
from pipeline.options.caption import Settings

if TYPE_CHECKING:
    from models.preset import Preset

HOSTS = 2
"""on each GPU"""
WEIGHTS = 3.0
"""GiB of weights up to which a model is small: a billion and a half in 16 bits"""
MEMORY = 23.0
"""GiB of GPU memory from which two engines of a small model have room for as many windows as each would run alone"""
CORES = 8
"""for each host: an engine, its front end, and decoders that keep both busy"""
MAIN_MEMORY = 8.0
"""GiB for each host"""


def hosts_on(gpu: Gpu, cores: int, *, settings: Settings, preset: "Preset") -> int:
    """How many hosts a GPU should have that has so many cores; 1 where anything speaks against more."""
    size = weights_of(preset)
    if settings.engine != "vllm" or size is None or size > WEIGHTS or gpu.memory_gb < MEMORY or cores < HOSTS * CORES:
        return 1
    there = available_gb()
    return HOSTS if there is None or there >= HOSTS * MAIN_MEMORY else 1


def weights_of(preset: "Preset") -> float | None:
    """GiB of a model's weights in 16 bits: as its folder has them, else as many as its preset says; None where neither does."""
    if (here := weights_gb(preset.id)) > 0:
        return here
    number, unit = preset.parameters[:-1], preset.parameters[-1:]
    try:
        return float(number) * {"M": 1e6, "B": 1e9}[unit] * 2 / 1024**3
    except (ValueError, KeyError):
        return None
