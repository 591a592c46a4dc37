"""Code blocks of the pages, and how each is run."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from patience import START
from zygote import zygote

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[a-z ]+): (?P<why>[^\n]+) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
SHELL, SHOWN = {"bash", "sh", "shell", "console"}, {"text", "mermaid"}
"""kinds that are run by a shell; kinds that show something and run nowhere"""
MARKS = {"not run", "run by"}


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; ``mark`` and ``why`` stand in a comment before it."""

    page: Path
    line: int
    kind: str
    text: str
    mark: str
    why: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """The page's blocks, in order."""
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start("text"))
        yield Block(page, line, found["kind"], found["text"], found["mark"] or "", found["why"] or "")


def run(block: Block, cwd: Path) -> None:
    """Run a block in a folder; AssertionError with all that was said where it fails."""
    bin = f"{zygote().bin}:{Path(sys.executable).parent}"  # its scenescribe is the same one, sooner there
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("SCENESCRIBE_", "XDG_", "OPENAI_", "PYTEST_"))
    }
    environment = clean | {
        "PATH": f"{bin}:{os.environ['PATH']}",
        "HOME": str(cwd / "home"),
        "SCENESCRIBE_ENGINE": "echo",
        "PYTHONPATH": str(ROOT),
    }
    if block.kind in SHELL:
        command = ["bash", "-euo", "pipefail", "-c", block.text]
    else:
        script = cwd / f"block_{block.line}.py"
        script.write_text(block.text, encoding="utf-8")
        command = [sys.executable, script.name]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=START, check=False)
    assert done.returncode == 0, f"{block} exits with {done.returncode}\n{block.text}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, f"{block}\n{done.stderr}"
