"""The GPUs of this machine, asked of the driver's own tool: CUDA is not started in a process that only hands out work."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.nvidia_smi import query
from pipeline.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU that this process may use."""

    name: str
    """as CUDA_VISIBLE_DEVICES has it: a number, or an id"""
    bus: str = ""
    """its place on the PCI bus, such as ``0000:1b:00.0``"""
    memory_gb: float = 0.0
    """GiB; 0 where it is not known"""


def visible(environment: Mapping[str, str] | None = None) -> tuple[Gpu, ...]:
    """Those that CUDA would show a program started now, in its order: all, or what CUDA_VISIBLE_DEVICES allows."""
    there = _listed()
    allowed = (os.environ if environment is None else environment).get("CUDA_VISIBLE_DEVICES")
    if allowed is None or not there:
        return there
    names = {**{gpu.name: gpu for gpu in there}}
    found: list[Gpu] = []
    for name in (part.strip() for part in allowed.split(",")):
        if not name or (name.isdigit() and name not in names) or name.startswith("-"):
            break  # CUDA too stops at the first that is none
        known = names.get(name)
        found.append(known if known is not None else Gpu(name=name))
    return tuple(found)


def chosen(wanted: str, there: Sequence[Gpu]) -> tuple[Gpu, ...]:
    """``all``, how many (``2``), or which (``0,1,3``; ``3,`` is one), counted as CUDA counts them.

    Raises UsageError ``bad_value`` and ``gpu_not_found``.
    """
    text = wanted.strip().lower()
    if text == "all":
        return tuple(there)
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or not all(part.isdecimal() for part in parts):
        raise UsageError("bad_value", f"--gpus {wanted}: say all, how many (2), or which ones (0,1,3)")
    numbers = [int(part) for part in parts] if "," in text else list(range(int(text)))
    if not numbers:
        raise UsageError("bad_value", f"--gpus {wanted}: say all, how many from 1, or which ones (0,1,3)")
    if len(set(numbers)) < len(numbers):
        raise UsageError("bad_value", f"--gpus {wanted}: the same GPU is named twice; several hosts on one GPU are --hosts")
    if not there:
        raise UsageError("gpu_not_found", f"--gpus {wanted}: no GPU was found; see what scenescribe doctor says")
    if max(numbers) >= len(there):
        have = "1 GPU, number 0" if len(there) == 1 else f"{len(there)} GPUs, numbers 0 to {len(there) - 1}"
        raise UsageError("gpu_not_found", f"--gpus {wanted}: this machine has {have}", gpus=len(there))
    return tuple(there[number] for number in numbers)


def _listed() -> tuple[Gpu, ...]:
    return tuple(_gpu(*row) for row in query("index", "pci.bus_id", "memory.total"))


def _gpu(index: str, bus: str, memory: str) -> Gpu:
    """One row of the tool: ``0, 00000000:1B:00.0, 143771``."""
    domain, _, rest = bus.partition(":")
    return Gpu(name=index, bus=f"{domain[-4:]}:{rest}".lower(), memory_gb=float(memory) / 1024 if memory[:1].isdigit() else 0.0)
