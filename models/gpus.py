"""The NVIDIA GPUs that this process may use, as CUDA counts them: asked of the driver's own tool, CUDA is not started."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.nvidia_smi import query

LEAST = len("GPU-") + 1
"""letters of a UUID, its prefix with them, that may stand for all of it"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU."""

    name: str
    """as CUDA_VISIBLE_DEVICES has it: a number, or an id"""
    uuid: str = ""
    bus: str = ""
    """its place on the PCI bus, such as ``0000:1b:00.0``"""
    memory_gb: float = 0.0
    """GiB; 0 where it is not known"""


def visible(environment: Mapping[str, str] | None = None) -> tuple[Gpu, ...]:
    """Those that CUDA would show a program started now, in its order: all, or what CUDA_VISIBLE_DEVICES allows.

    That names them by number or by UUID, or by the beginning of one that no other has; parts of a card (``MIG-...``) are taken as they are.
    CUDA stops at the first that is none, and so do we: ``-1`` and an empty text are no GPU at all.
    """
    there = listed()
    allowed = (os.environ if environment is None else environment).get("CUDA_VISIBLE_DEVICES")
    if allowed is None or not there:
        return there
    found: list[Gpu] = []
    for name in (part.strip() for part in allowed.split(",")):
        gpu = Gpu(name=name) if name.startswith("MIG-") else _named(name, there)
        if gpu is None:
            break
        found.append(gpu)
    return tuple(found)


def listed() -> tuple[Gpu, ...]:
    """All that the driver knows of."""
    return tuple(read(*row) for row in query("index", "uuid", "pci.bus_id", "memory.total"))


def read(index: str, uuid: str, bus: str, memory: str) -> Gpu:
    """One row of the tool: ``0, GPU-8f1c..., 00000000:1B:00.0, 143771``."""
    domain, _, rest = bus.partition(":")
    size = float(memory) / 1024 if memory[:1].isdigit() else 0.0
    return Gpu(name=index, uuid=uuid, bus=f"{domain[-4:]}:{rest}".lower(), memory_gb=size)


def _named(name: str, there: Sequence[Gpu]) -> Gpu | None:
    if name.isdecimal():
        return next((gpu for gpu in there if gpu.name == str(int(name))), None)
    meant = [gpu for gpu in there if len(name) >= LEAST and gpu.uuid.startswith(name)]
    return meant[0] if len(meant) == 1 else None
