"""The pages that are made from the code say what the code says."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from patience import PATIENCE

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def make_docs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "scripts/make_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_options_and_help_are_those_of_the_code() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/make_docs.py", "--check"], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr


def test_every_command_is_recorded(make_docs: ModuleType) -> None:
    tree = ast.parse((ROOT / "pipeline/cli/app.py").read_text(encoding="utf-8"))
    found = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMMANDS"
    ]
    assert list(found[0]) == list(dict.fromkeys(name.split()[0] for name in make_docs.COMMANDS if name))


def test_a_page_is_compared_by_its_words(make_docs: ModuleType) -> None:
    assert make_docs.words("│ --json   <bool>  As JSON. │") == make_docs.words("| --json As   JSON. |")
    assert (
        make_docs.filled("a\n<!-- made: x -->\nold\n<!-- end -->\nb", {"x": r"\1 new"})
        == "a\n<!-- made: x -->\n\\1 new\n<!-- end -->\nb"
    )
