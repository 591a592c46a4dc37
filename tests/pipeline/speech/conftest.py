"""One talking film for all tests of speech."""

from pathlib import Path

import pytest
from talking_film import talking


@pytest.fixture(scope="session")
def talk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[float, float]]]:
    """A film of 20 s, and when somebody speaks in it: some 4 s from 3 on, some 4 s from 12 on."""
    path = tmp_path_factory.mktemp("talking") / "talk.mp4"
    return path, talking(path)
