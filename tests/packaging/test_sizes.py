"""A file is one noun: none is past 250 lines, and most are well below."""

import statistics
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST, USUAL = 250, 110


def lines() -> dict[str, int]:
    files = [path for room in ("pipeline", "models", "scripts") for path in (ROOT / room).rglob("*.py")]
    return {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}


def test_no_file_is_past_250_lines() -> None:
    long = {name: count for name, count in lines().items() if count > MOST}
    assert not long, f"look for the second noun: {long}"


def test_half_of_the_files_are_short() -> None:
    counts = [count for count in lines().values() if count > 2]  # an empty __init__ would flatter
    assert statistics.median(counts) < USUAL
