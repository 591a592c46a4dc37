"""Which files run one after the other in one process, and which groups begin first (pytest -n).

xdist's own ``--dist loadgroup`` writes the group into a test's name, and pytest since 9.2 no longer lets it: every test would go
wherever there is room, and each process would make each file's fixtures anew. Here a test's group is read from its path.
"""

import json
from functools import cache
from pathlib import Path, PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

ENGINES = (
    "tests/e2e/test_real_engine.py",
    "tests/e2e/test_serve.py",
    "tests/e2e/test_service_questions.py",
    "tests/e2e/test_shared_engine.py",
    "tests/models/test_contract.py",
    "tests/models/test_custom_models.py",
    "tests/models/test_deaths.py",
    "tests/models/test_embedded.py",
    "tests/models/test_openai_endpoint.py",
    "tests/models/test_seeds.py",
    "tests/models/test_vllm_engine.py",
)
"""files that start a real engine, or a server of one: two at once would fight for the cores; and one that needs vLLM, which is loaded there"""
TOGETHER = ("tests/docs", "tests/pipeline/video", "tests/pipeline/media")
"""folders whose films take long to make: one process has all of their files"""


def group_of(nodeid: str) -> str:
    """``engine``, a folder of ``TOGETHER``, or the test's file."""
    path = nodeid.partition("::")[0]
    if path in ENGINES:
        return "engine"
    folder = str(PurePosixPath(path).parent)
    return folder if folder in TOGETHER else path


LONGEST = Path(__file__).with_name("longest.json")
"""seconds of the groups that take longest, of one run; scripts/longest.py writes it from a run's report"""


@cache
def seconds() -> dict[str, float]:
    return {str(group): float(took) for group, took in json.loads(LONGEST.read_text()).items()}


def place_of(nodeid: str) -> float:
    """What takes longest begins first, so that no process ends long after the others."""
    return -seconds().get(group_of(nodeid), 0.0)


class Groups(LoadScopeScheduling):  # type: ignore[misc]
    """A group goes to one process as a whole, in the order of collection."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
