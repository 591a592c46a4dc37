"""A state folder's database for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "state")
    yield made
    made.close()
