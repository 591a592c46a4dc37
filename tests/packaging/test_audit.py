"""``scripts/audit`` where no index answers: one line that says so, and never that nothing is known against what is installed."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = """#!/bin/sh
case "$2" in
  venv) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  pip) for n in 1 2 3 4 5; do echo "WARNING: Retrying (Retry(total=$n, connect=None)) after connection broken" >&2; done
       echo "ERROR: No matching distribution found for pip-audit" >&2; exit 1 ;;
esac
"""
"""makes environments, and has no index"""


def test_an_index_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "audit", tmp_path / "scripts")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON)
    python.chmod(0o755)
    for _ in range(2):  # what could not be installed is not taken for installed
        done = subprocess.run([tmp_path / "scripts" / "audit"], capture_output=True, text=True, check=False)
        said = done.stderr.splitlines()
        assert done.returncode == 1
        assert len(said) == 2
        assert "installing" in said[0]
        assert said[1].startswith("audit: the package index can't be reached")
        assert said[1].endswith("No matching distribution found for pip-audit")
        assert not (tmp_path / ".venv" / "audit").exists()
