"""Who runs beside whom: a file's tests stay in one process, as do all that start an engine."""

import os

import groups
import pytest


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
