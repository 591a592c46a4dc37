"""How many examples a rule is tried on: all of them with SCENESCRIBE_TESTS=long, a quarter in the suite that runs at each change."""

import os

LONG = os.environ.get("SCENESCRIBE_TESTS") == "long"


def examples(count: int) -> int:
    """``count``, or a quarter of it where the long run is not asked for."""
    return count if LONG else count // 4
