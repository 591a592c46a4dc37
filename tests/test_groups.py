"""Who runs beside whom: a file's tests stay in one process, as do all that start an engine."""

import os
import re
from pathlib import Path

import groups
import pytest

from scripts.longest import longest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("number", range(8))
def test_a_file_is_never_divided(number: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each says in which process it ran; xdist would deal single tests out in turn."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("one process (-n 0)")
    told = tmp_path_factory.getbasetemp().parent / "processes"
    with told.open("a") as file:
        file.write(os.environ["PYTEST_XDIST_WORKER"] + "\n")
    assert len(set(told.read_text().split())) == 1


def test_groups() -> None:
    one, two = (f"{path}::test_it[a::b@c]" for path in groups.ENGINES[:2])
    assert groups.group_of(one) == groups.group_of(two) == "engine"
    assert groups.group_of("tests/docs/test_blocks.py::test_it") == groups.group_of("tests/docs/test_readme.py::test_it")
    assert groups.group_of("tests/cli/test_help.py::test_it") != groups.group_of("tests/cli/test_app.py::test_it")
    assert (
        groups.place_of(one) < groups.place_of("tests/docs/test_blocks.py::test_it") < groups.place_of("tests/cli/test_app.py::x")
    )


def test_no_file_of_tests_loads_a_model_engine_by_being_read() -> None:
    """Each process of a run reads all of them: vLLM alone is ten seconds of a processor and 600 MB, three and four times over."""
    heavy = re.compile(
        r"^(?:import|from) (vllm|torch|transformers|ray)\b|^\w.*importorskip\(.(vllm|torch|transformers|ray)\b", re.M
    )
    files = [path for path in (ROOT / "tests").rglob("*.py") if "goldens" not in path.parts]
    assert len(files) > 250
    assert [path.name for path in files if heavy.search(path.read_text(encoding="utf-8"))] == []


def test_what_takes_longest_is_there() -> None:
    """A file that was moved or taken out has no place in the list: ``scripts/longest.py`` writes it anew."""
    took = groups.seconds()
    assert list(took.values()) == sorted(took.values(), reverse=True)
    assert [group for group in took if group != "engine" and not (ROOT / group).exists()] == []


def test_a_report_of_a_run_becomes_the_list(tmp_path: Path) -> None:
    cases = {
        "tests.e2e.test_serve": ("20.5", "7"),
        "tests.models.test_seeds": ("9.5",),
        "tests.docs.test_readme": ("12.2",),
        "tests.cli.test_app": ("3",),
    }
    report = "".join(
        f'<testcase classname="{name}" name="test_it" time="{time}"/>' for name, times in cases.items() for time in times
    )
    (tmp_path / "report.xml").write_text(f"<testsuites><testsuite>{report}</testsuite></testsuites>")
    assert longest(tmp_path / "report.xml") == {"engine": 37, "tests/docs": 12}
