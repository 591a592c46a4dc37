"""The tests' own way to wait."""

from patience import comes


def test_what_was_seen_is_not_looked_at_again() -> None:
    """What is true for a moment alone, as a reader that waits between two looks, has come all the same."""
    looks = iter([False, True, False])
    assert comes(lambda: next(looks))
    assert next(looks) is False
