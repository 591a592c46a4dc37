"""Seconds of processor time that this process's threads and its children have used, by what they do."""

import os
import threading
from collections import defaultdict
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
KINDS = {
    "asyncio": "other threads of ours",
    "prepare": "prepare (threads)",
    "film": "film (reading threads)",
    "MainThread": "event loop and main thread",
}
"""beginning of a thread's name -> what it is called here"""


def used() -> dict[str, float]:
    """Name -> seconds so far. Threads of ours by their kind, processes of ours by their command."""
    found: dict[str, float] = defaultdict(float)
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    for task in Path("/proc/self/task").iterdir():
        name = names.get(int(task.name))
        kind = next((kind for start, kind in KINDS.items() if name and name.startswith(start)), "other threads of ours")
        found[kind if name else "libraries' threads"] += _seconds(task / "stat")
    for child in _children(os.getpid()):
        found[_kind(child)] += _seconds(child / "stat")
    return dict(found)


def busiest(before: dict[str, float], after: dict[str, float], seconds: float, windows: int) -> dict[str, dict[str, float]]:
    """What was used between two looks: cores taken, and milliseconds a window; the most first."""
    used = {name: after[name] - before.get(name, 0.0) for name in after}
    return {
        name: {"cores": round(spent / seconds, 2), "ms_a_window": round(1000 * spent / max(1, windows), 2)}
        for name, spent in sorted(used.items(), key=lambda item: -item[1])
        if spent > 0.01
    }


def _kind(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return "ended processes"
    if "EngineCore" in words or "VLLM" in words:
        return "engine process"
    return "decoding processes" if "pipeline.video" in words else "other processes"


def _children(pid: int) -> list[Path]:
    """Its children and theirs, that live."""
    parents: dict[int, list[int]] = defaultdict(list)
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parents[int((place / "stat").read_text().rpartition(")")[2].split()[1])].append(int(place.name))
        except (OSError, IndexError):
            continue
    found, to_see = list[Path](), [pid]
    while to_see:
        mine = parents[to_see.pop()]
        to_see += mine
        found += [Path(f"/proc/{child}") for child in mine]
    return found


def _seconds(stat: Path) -> float:
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK
