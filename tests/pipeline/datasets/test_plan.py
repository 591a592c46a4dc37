"""A plan is written once, cut into units, and read a unit at a time; keys that come twice are found."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.datasets import plan as plans
from pipeline.datasets.items import Item
from pipeline.datasets.keys import Keys
from pipeline.datasets.units import cut, in_order, pieces
from pipeline.errors import InputError
from pipeline.storage import open_storage


def pictures(count: int, source: str = "photos") -> list[Item]:
    return [Item(key=f"{source}/{n:06}", source=source, locator={"path": f"{n}.jpg"}) for n in range(count)]


@given(st.lists(st.lists(st.text(max_size=2), max_size=8), max_size=30))
@settings(max_examples=100, deadline=None)
def test_keys_remembers_as_a_set_does(blocks: list[list[str]]) -> None:
    keys, seen = Keys(), set[str]()
    for block in blocks:
        expected = []
        for key in block:
            expected.append(key in seen)
            seen.add(key)
        assert keys.add(block) == expected
    assert len(keys) == len(seen)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.1, 30)), max_size=60), st.integers(1, 20))
@settings(max_examples=100, deadline=None)
def test_units_hold_each_item_once_and_in_order(given: list[tuple[str, float]], size: int) -> None:
    items = [Item(key=str(n), source=source, locator={}, weight=weight) for n, (source, weight) in enumerate(given)]
    units = list(cut(items, size))
    assert [item for unit in units for item in unit] == items
    for unit in units:
        assert 0 < len(unit) <= size
        assert len(unit) == 1 or sum(item.weight for item in unit) <= size


def test_a_unit_ends_with_its_shard_when_it_is_half_full() -> None:
    shards = [item for shard in "abc" for item in pictures(990, shard)]
    assert [len(unit) for unit in cut(shards, 1000)] == [990, 990, 990]
    assert [len(unit) for unit in cut([item for shard in range(50) for item in pictures(10, str(shard))], 100)] == [50] * 10


@given(st.integers(0, 500), st.integers(1, 5000), st.integers(2, 40))
@settings(deadline=None)
def test_pieces_are_the_whole(start: int, count: int, ways: int) -> None:
    found = pieces(start, start + count, ways)
    assert [place for a, b in found for place in range(a, b)] == list(range(start, start + count))
    assert len(found) <= ways


def test_a_thousand_items_are_single_after_two_steps() -> None:
    assert all(b - a == 1 for piece in pieces(0, 1000) for a, b in pieces(*piece))


def test_a_plan_is_frozen(tmp_path: Path) -> None:
    storage = open_storage(tmp_path)
    first = plans.freeze(storage, pictures(2500), 100)
    assert (len(first.units), first.items_in_all) == (25, 2500)

    def never() -> Iterator[Item]:
        raise AssertionError("the listing is not made again")
        yield

    again = plans.freeze(storage, never(), 7)
    assert again.units == first.units
    read = [item for unit in again.units.values() for item in again.items(unit)]
    assert read == pictures(2500)


def test_of_two_that_list_one_wins_and_the_other_takes_its_plan(tmp_path: Path) -> None:
    storage = open_storage(tmp_path)

    def slow() -> Iterator[Item]:
        yield from pictures(100, "mine")
        plans.freeze(storage, pictures(300, "theirs"), 100)
        yield from pictures(100, "mine too")

    found = plans.freeze(storage, slow(), 100)
    assert {item.source for unit in found.units.values() for item in found.items(unit)} == {"theirs"}
    files = [entry.name for entry in storage.list("_scenescribe/plan/items-")]
    assert files == [f"_scenescribe/plan/{found.units[0].file}"], "the loser's files are gone"


def test_the_heaviest_units_come_first(tmp_path: Path) -> None:
    films = [Item(key=f"f{n}", source="films", locator={}, weight=seconds) for n, seconds in enumerate((60.0, 7200.0, 900.0))]
    plan = plans.freeze(open_storage(tmp_path), [*films, *pictures(30)], 100)
    order = in_order(plan.units.values())
    assert [unit.weight for unit in order] == sorted((unit.weight for unit in order), reverse=True)
    assert plan.items(order[0]) == [films[1]]


def test_a_key_that_comes_twice_has_a_reason_the_second_time(tmp_path: Path) -> None:
    items = [*pictures(5), *pictures(5, "photos"), *pictures(2, "other")]
    plan = plans.freeze(open_storage(tmp_path), items, 3)
    reasons = [item.reason for unit in plan.units.values() for item in plan.items(unit)]
    assert reasons == [""] * 5 + ["key_twice"] * 5 + [""] * 2


def test_a_name_of_any_bytes_comes_through(tmp_path: Path) -> None:
    path = os.fsdecode(b"a\xff\xc3\xbc.jpg")
    plan = plans.freeze(open_storage(tmp_path), [Item(key=path, source="s", locator={"path": path})])
    (item,) = plan.items(plan.units[0])
    assert (item.key, item.locator) == ("a\ufffdü~9dede01e8d.jpg", {"path": path})


def test_nothing_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing_planned"):
        plans.freeze(open_storage(tmp_path), [])
    assert plans.read(open_storage(tmp_path)) is None


@pytest.mark.parametrize("harm", ["{", '{"files": {}, "units": [[0, 0, 1, 1.0]]}', '{"files": 1}', "[]"])
def test_a_damaged_index_is_told(tmp_path: Path, harm: str) -> None:
    storage = open_storage(tmp_path)
    plans.freeze(storage, pictures(3))
    storage.put("_scenescribe/plan/index-0000.json", harm.encode())
    with pytest.raises(InputError, match="bad_plan"):
        plans.read(storage)


def test_a_damaged_file_of_items_is_told(tmp_path: Path) -> None:
    storage = open_storage(tmp_path)
    plan = plans.freeze(storage, pictures(3))
    (tmp_path / "_scenescribe/plan" / plan.units[0].file).write_bytes(b"PAR1" * 100)
    with pytest.raises(InputError, match="bad_plan"):
        plan.items(plan.units[0])
