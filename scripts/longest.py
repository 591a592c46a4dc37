"""Which tests take longest, for the order in which pytest's processes take them (tests/support/groups.py).

scripts/check --junitxml report.xml
.venv/bin/python scripts/longest.py report.xml        writes tests/support/longest.json
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
LEAST = 10
"""seconds; a group that takes less fills the gaps at the end, in any order"""


def longest(report: Path) -> dict[str, int]:
    """Seconds of each group that takes some, the longest first: set-up, call and end of its tests."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from groups import group_of

    took: Counter[str] = Counter()
    for case in ElementTree.parse(report).iter("testcase"):
        path = case.get("classname", "").replace(".", "/") + ".py"
        took[group_of(f"{path}::{case.get('name')}")] += float(case.get("time", "0"))  # type: ignore[assignment]
    return {group: round(seconds) for group, seconds in took.most_common() if seconds >= LEAST}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, help="a file of pytest's --junitxml, of the whole suite")
    found = longest(parser.parse_args().report)
    (ROOT / "tests/support/longest.json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
