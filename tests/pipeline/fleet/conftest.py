"""Fixtures of the tests of fleets."""

from collections.abc import Iterator
from typing import Any

import pytest
from ray_nodes import three_nodes


@pytest.fixture(scope="module")
def nodes() -> Iterator[Any]:
    """A Ray cluster: a head without GPUs and two nodes that say they have one each."""
    yield from three_nodes()
