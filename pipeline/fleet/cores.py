"""Which cores each host is bound to: those beside its GPU where the machine tells, an equal part of all otherwise."""

import os
from collections.abc import Sequence
from pathlib import Path


def own_cores() -> list[int]:
    """Cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


def parse_cores(text: str) -> set[int]:
    """``0-3,8`` -> {0, 1, 2, 3, 8}, as the kernel writes lists of cores. Raises ValueError."""
    found: set[int] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def written(cores: Sequence[int]) -> str:
    """Undoes ``parse_cores``: runs as ``first-last``."""
    runs: list[list[int]] = []
    for core in sorted(cores):
        if runs and core == runs[-1][1] + 1:
            runs[-1][1] = core
        else:
            runs.append([core, core])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def beside(bus: str, root: Path = Path("/sys/bus/pci/devices")) -> set[int]:
    """Cores of the memory node that a PCI device (``0000:1b:00.0``) hangs on; none where the machine does not tell."""
    try:
        return parse_cores((root / bus.lower() / "local_cpulist").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return set()


def divided(cores: Sequence[int], wishes: Sequence[set[int]]) -> list[list[int]]:
    """The cores of each host, each core given once. ``wishes``: for each host the cores it should have, empty for any.

    Hosts with the same wish share it equally. Where a wish has no core for each of its hosts, all cores are divided instead.
    With fewer cores than hosts, some share one.
    """
    count = len(wishes)
    if not count:
        return []
    groups: dict[frozenset[int], list[int]] = {}
    for host, wish in enumerate(wishes):
        groups.setdefault(frozenset(wish & set(cores)), []).append(host)
    sets = list(groups)
    apart = all(not (a & b) for i, a in enumerate(sets) for b in sets[i + 1 :])
    if not apart or any(len(those) < len(hosts) for those, hosts in groups.items()):
        groups = {frozenset(cores): list(range(count))}
    found: list[list[int]] = [[] for _ in range(count)]
    for those, hosts in groups.items():
        for host, part in zip(hosts, _parts(sorted(those), len(hosts)), strict=True):
            found[host] = part
    return found


def _parts(cores: list[int], count: int) -> list[list[int]]:
    """Neighbours stay together; whoever would have none has one that another has too."""
    if len(cores) < count:
        return [[cores[i % len(cores)]] for i in range(count)]
    return [cores[i * len(cores) // count : (i + 1) * len(cores) // count] for i in range(count)]
