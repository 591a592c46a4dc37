"""A seeded slice of ``scripts/fuzz``: mutated inputs over each door end in one line or in nothing, never in a traceback."""

import pytest

from scripts.fuzzes.mutate import mutants
from scripts.fuzzes.run import DOORS, feed

SLICE = 40


@pytest.mark.parametrize("door", DOORS)
def test_no_mutant_ends_in_a_traceback(door: str) -> None:
    assert feed(door, SLICE, seed=7, alarms=False) == []


def test_a_seed_gives_the_same_mutants() -> None:
    seeds = [b"1\n00:00:01,000 --> 00:00:02,000\nA\n"]
    assert list(mutants(seeds, 50, 3)) == list(mutants(seeds, 50, 3)) != list(mutants(seeds, 50, 4))


def test_a_reader_that_fails_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from scripts.fuzzes.doors import Door

    def broken(data: bytes) -> object:
        raise ZeroDivisionError

    monkeypatch.setitem(DOORS, "srt", lambda: Door([b"x"], broken))
    assert len(feed("srt", 5, seed=1, alarms=False)) == 5
