"""For all tests: hypothesis judges by what comes out, never by the clock of a busy machine; and who runs beside whom (pytest -n).

    process 1    every file that starts the real engine, one after the other: two at once would fight for the cores
    the others   file by file, whichever is next, those that take longest first (tests/support/longest.json)

A file is never divided, and its folder's fixtures are made once in each process that needs them (tests/support/groups.py).
"""

import os
from typing import Any

import pytest
from groups import ENGINES, Groups, place_of
from hypothesis import settings

settings.register_profile("no clock", deadline=None)
settings.load_profile("no clock")

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
"""the commands that the tests start, some hundreds, read what the first of them compiled: half a second less each"""
os.environ.pop("PYTHONUNBUFFERED", None)
"""what they print is kept back until it is flushed, as it is where users start them"""

STARTERS = frozenset({"vllm_engine", "reference", "server", "endpoint"})
"""fixtures of tests/models that are engines, or servers of one"""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    return Groups(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what takes longest first; without -n the order stays. A file that starts an engine has to be known as one."""
    for item in items:
        path = item.nodeid.partition("::")[0]
        starts = path.startswith("tests/models/") and STARTERS & set(getattr(item, "fixturenames", ()))
        if (starts or item.get_closest_marker("engine")) and path not in ENGINES:
            raise pytest.UsageError(f"{path} starts an engine: add it to ENGINES of tests/support/groups.py")
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: place_of(item.nodeid))
