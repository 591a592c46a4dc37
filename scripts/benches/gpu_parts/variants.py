"""What decoding costs an engine that shares its machine: variants of who decodes, in how many processes, on which cores and how nicely.

    decode=cpu,children=12,nice=10,cores=12        twelve decoders of low priority on the first twelve cores; the engine has all

Variants and the bare engine take turns on one loaded model, so that what else the machine does falls on all alike.
"""

import argparse
import asyncio
import contextlib
import os
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from models.base import Captioner
from pipeline.bench import measure
from pipeline.inputs import Film
from pipeline.options.caption import Settings
from pipeline.studio import Studio

LOOK = 0.1
"""seconds between two looks for new decoders"""
DECODER = "scenescribe-rd"
"""what a decoding process calls itself"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One way to read films beside an engine."""

    words: str
    decode: str = "auto"
    children: int | None = None
    nice: int = 0
    cores: int | None = None
    """the first so many of those that there are, for decoders alone; None: all"""

    @classmethod
    def of(cls, words: str) -> Self:
        """Raises ArgumentTypeError."""
        values: dict[str, Any] = {}
        for part in filter(None, words.split(",")):
            name, _, value = part.partition("=")
            if name not in ("decode", "children", "nice", "cores") or not value:
                raise argparse.ArgumentTypeError(f"{part}: decode=auto|cpu|gpu, children=N, nice=0..19, cores=N")
            values[name] = value if name == "decode" else int(value)
        return cls(words=words, **values)


@contextlib.asynccontextmanager
async def as_wished(variant: Variant) -> AsyncIterator[None]:
    """While the block runs, decoders of this process get the priority and the cores of a variant as soon as they are there."""
    cores = set(sorted(os.sched_getaffinity(0))[: variant.cores])

    async def look() -> None:
        seen = set[int]()
        while True:
            for pid in _decoders() - seen:
                with contextlib.suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, pid, variant.nice)
                    os.sched_setaffinity(pid, cores)
                seen.add(pid)
            await asyncio.sleep(LOOK)

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


def _decoders() -> set[int]:
    """This process's decoding children."""
    found = set[int]()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found |= {int(pid) for pid in (task / "children").read_text().split() if _name(pid) == DECODER}
    return found


def _name(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


async def measured(
    captioner: Captioner, settings: Settings, films: tuple[Film, ...], variants: Sequence[Variant], *, rounds: int, place: Path,
    told: Callable[[dict[str, Any]], None],
) -> None:  # fmt: skip
    """Bare and all variants in turn, so many rounds; ``told`` hears what is known after each run."""
    kept: list[Any] = []
    bare, took = list[float](), {variant.words: list[dict[str, Any]]() for variant in variants}
    count = 0
    for turn in range(rounds):
        for number, variant in enumerate(variants):
            more = {} if variant.children is None else {"decode_workers": variant.children}
            async with Studio(settings.changed(decode=variant.decode, **more), captioner=captioner) as studio, as_wished(variant):
                await studio.engine.warm()
                if not kept:
                    count = (await measure.run_once(studio, films, place / "warm", kept))["windows"]
                if number == 0:
                    bare.append(await measure._bare(studio, count, kept))
                began = time.monotonic()
                ran = await measure.run_once(studio, films, place / f"{number}-{turn}")
                took[variant.words].append(ran | {"seconds": time.monotonic() - began, "decoding": studio.host.decoding})
            told(_known(count, bare, took))


def _known(count: int, bare: Sequence[float], took: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    alone = count / statistics.median(bare)
    found: dict[str, Any] = {"bare_windows_per_second": round(alone, 2), "rounds": len(bare)}
    for words, runs in took.items():
        if runs:
            seconds = statistics.median(run["seconds"] for run in runs)
            hungry = statistics.median(run["engine_hungry_seconds"] for run in runs)
            found[words] = {
                "windows_per_second": round(count / seconds, 2), "ratio": round(count / seconds / alone, 3), "hungry_seconds": round(hungry, 2),
                "decoding": runs[-1]["decoding"], "seconds": [round(run["seconds"], 2) for run in runs],
            }  # fmt: skip
    return found
