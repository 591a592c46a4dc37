"""For all tests: hypothesis judges by what comes out, never by the clock of a busy machine; and who runs beside whom (pytest -n).

    process 1    engine       every file that starts the real engine, one after the other: two at once would fight for the cores
    process 2    file by file, whichever is next; with more processes, more files at once

A file is never divided, and its folder's fixtures are made once in each process that needs them.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("no clock", deadline=None)
settings.load_profile("no clock")

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
"""the commands that the tests start, some hundreds, read what the first of them compiled: half a second less each"""

ENGINES = frozenset({"vllm_engine", "reference", "server", "endpoint"})
"""fixtures that are engines, or servers of one"""
TOGETHER = ("tests/pipeline/video", "tests/pipeline/media", "tests/docs")
"""folders whose films take long to make: one process has all of their files"""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Name each test's group, and put what takes longest first; without -n the order stays."""
    if not getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        return
    starts = {
        item.path for item in items if item.get_closest_marker("engine") or ENGINES & set(getattr(item, "fixturenames", ()))
    }
    starts |= {Path(__file__).parent / "models/test_contract.py"}  # it asks for its engines by name
    for item in items:
        folder = item.path.parent.relative_to(config.rootpath).as_posix()
        group = "engine" if item.path in starts else folder if folder in TOGETHER else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
    places = {"engine": -2, **dict.fromkeys(TOGETHER, -1)}
    items.sort(key=lambda item: places.get(next(item.iter_markers("xdist_group")).args[0], 0))
