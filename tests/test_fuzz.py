"""A seeded slice of ``scripts/fuzz``: mutated inputs over each door end in one line or in nothing, never in a traceback."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from scripts.fuzzes.doors import EXPECTED
from scripts.fuzzes.mutate import VALUES, mutants
from scripts.fuzzes.run import DOORS, feed

SLICE = 40


@pytest.mark.parametrize("door", DOORS)
def test_no_mutant_ends_in_a_traceback(door: str) -> None:
    assert feed(door, SLICE, seed=7, alarms=False) == []


@pytest.mark.parametrize("door", ["model", "summary", "plan", "done", "journal"])
def test_no_value_in_any_place_of_json_ends_in_a_traceback(door: str) -> None:
    """A whole number that no float holds, half a character, a list where a text was meant: each at each place of a good one."""
    made = DOORS[door]()
    data = made.seeds[0]
    first, *rest = [data] if b"\n{" not in data else data.split(b"\n")
    whole = [json.loads(first)]
    for inside, key in list(_places(whole)):
        before = inside[key]
        for value in VALUES:
            inside[key] = value
            with suppress(*EXPECTED):
                made.read(b"\n".join([json.dumps(whole[0]).encode(), *rest]))
        inside[key] = before
    made.close()


def _places(inside: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(inside.items() if isinstance(inside, dict) else enumerate(inside)):
        yield inside, key
        if isinstance(value, dict | list):
            yield from _places(value)


def test_a_seed_gives_the_same_mutants() -> None:
    seeds = [b"1\n00:00:01,000 --> 00:00:02,000\nA\n"]
    assert list(mutants(seeds, 50, 3)) == list(mutants(seeds, 50, 3)) != list(mutants(seeds, 50, 4))


def test_a_reader_that_fails_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from scripts.fuzzes.doors import Door

    def broken(data: bytes) -> object:
        raise ZeroDivisionError

    monkeypatch.setitem(DOORS, "srt", lambda: Door([b"x"], broken))
    assert len(feed("srt", 5, seed=1, alarms=False)) == 5
