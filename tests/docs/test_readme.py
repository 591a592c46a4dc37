"""The README's tables say what is there."""

import re
from pathlib import Path

from models.presets import names as presets
from pipeline import formats

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_formats_is_that_of_the_code() -> None:
    table = README.partition("| format | file | read back |")[2]
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (yes|no) \|", table, flags=re.MULTILINE))
    assert rows == {name: "yes" if formats.find(name).readable else "no" for name in formats.names()}


def test_presets_that_pages_name_exist() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for name in re.findall(
            r"(?:--model |model = \"|model=\")([a-z][a-z0-9.-]+)(?![\w/.-])", page.read_text(encoding="utf-8")
        ):
            assert name in presets() or name == "echo", f"{page.name}: {name}"  # a recipe names the echo engine so


def test_every_page_is_found_from_the_readme() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        assert f"docs/{page.name}" in README or page.name.startswith("performance"), page.name


FOREIGN = {
    "--dereference", "--hard-dereference", "--limit-mm-per-prompt", "--pids-limit", "--port", "--trace", "--trace-fork-before-exec",
}  # fmt: skip
"""options of other programs that the pages name: tar, vllm serve, docker, nsys"""
SCHEDULERS = re.compile(r"#SBATCH .*|\b(?:sbatch|srun|scontrol|kubectl|ray) [^`\n]*")
"""lines for programs that start ours on other machines"""


def test_every_option_that_a_page_names_is_one() -> None:
    flag = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+(?!_)\b")
    known = set(flag.findall((ROOT / "docs/cli.md").read_text(encoding="utf-8"))) | FOREIGN
    for script in (ROOT / "scripts").rglob("*"):
        if script.is_file() and "__pycache__" not in script.parts:
            known |= set(flag.findall(script.read_text(encoding="utf-8")))
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        text = SCHEDULERS.sub("", page.read_text(encoding="utf-8"))
        assert sorted(set(flag.findall(text)) - known) == [], page.name
