"""A machine with GPUs, as far as the driver's own tool tells: a program called nvidia-smi that answers as that does."""

import sys
from collections.abc import Sequence
from pathlib import Path

TOOL = """#!{python}
import sys
cards = {cards!r}
wanted = next(word for word in sys.argv if word.startswith("--query-gpu=")).partition("=")[2].split(",")
for card in cards:
    print(", ".join(card.get(name, "[N/A]") for name in wanted))
"""


def put_in(folder: Path, cards: Sequence[dict[str, str]]) -> Path:
    """The tool in this folder, which is to be the first of PATH."""
    folder.mkdir(exist_ok=True)
    tool = folder / "nvidia-smi"
    tool.write_text(TOOL.format(python=sys.executable, cards=list(cards)))
    tool.chmod(0o755)
    return folder


def card(index: int, *, uuid: str = "", gib: float = 80.0, driver: str = "580.65") -> dict[str, str]:
    """What the tool tells of one."""
    return {
        "index": str(index), "uuid": uuid or f"GPU-{index}f1c0000-0000-0000-0000-00000000000{index}", "name": "NVIDIA H100 80GB HBM3",
        "pci.bus_id": f"00000000:{16 + index:02X}:00.0", "memory.total": str(round(gib * 1024)), "memory.free": str(round(gib * 1000)),
        "driver_version": driver,
    }  # fmt: skip
