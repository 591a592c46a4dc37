"""An item that kills whoever works on it is named in four deaths; what is killed from outside names nobody."""

from pathlib import Path

import made_sets as made
import pytest
from nursery import nursery

from pipeline.datasets import results
from pipeline.datasets.ledger import Ledger
from pipeline.datasets.quarantine import examined
from pipeline.datasets.units import pieces
from pipeline.storage import open_storage


@pytest.mark.parametrize("guilty", [0, 1, 517, 999])
def test_the_guilty_item_of_a_thousand_is_found_in_three_deaths_alone(guilty: int) -> None:
    deadly: list[tuple[int, int]] = []
    done: list[tuple[int, int]] = []
    for _ in range(3):
        to_do, named = examined(1000, deadly, done)
        assert named == []
        for stretch in to_do:
            if stretch[0] <= guilty < stretch[1]:
                deadly.append(stretch)
                break
            done.append(stretch)
    to_do, named = examined(1000, deadly, done)
    assert named == [guilty]
    assert to_do == []  # the others came before the last proof
    rest = {place for stretch in (*to_do, *done) for place in range(*stretch)}
    assert rest == set(range(1000)) - {guilty}


def test_a_unit_of_one_is_accused_after_the_fourth_death_in_a_row() -> None:
    assert examined(1, [], []) == ([(0, 1)], [])
    assert examined(1, [(0, 1)] * 2, []) == ([(0, 1)], [])
    assert examined(1, [(0, 1)] * 3, []) == ([], [0])
    assert examined(1, [(0, 1)] * 3, [], others=True) == ([(0, 1)], [])
    assert examined(1, [(0, 1)] * 4, [], others=True) == ([], [0])
    assert pieces(0, 0) == []


def test_what_is_killed_from_outside_while_it_holds_an_item_alone_is_not_the_items_fault() -> None:
    """A process that is killed wherever it is, with each of ten items alone in turn: none of them kills when it comes again."""
    each = [(place, place + 1) for place in range(10)]
    assert examined(10, each, []) == (each, [])
    assert examined(10, [*each, (3, 4)], [(0, 1)]) == ([*each[1:3], *each[4:], (3, 4)], []), "the least suspicious first"
    assert examined(10, [*each, *[(3, 4)] * 2], []) == ([*each[:3], *each[4:], (3, 4)], [])
    assert examined(10, [*each, *[(3, 4)] * 3], []) == ([*each[:3], *each[4:]], [3])
    assert examined(10, [*each, *[(3, 4)] * 3], [(0, 1)])[1] == [], "what went well later was killed from outside"


def test_deaths_of_one_that_is_known_to_kill_do_not_speak_for_another() -> None:
    assert examined(2, [(0, 1)] * 4 + [(1, 2)], []) == ([(1, 2)], [0])
    assert examined(2, [(0, 1)] * 4 + [(1, 2)] * 3, []) == ([], [0, 1])


@pytest.mark.parametrize("size", [1, 8, 40, 64])
def test_an_item_that_kills_processes_is_named_in_four_deaths_and_nothing_else_is_lost(tmp_path: Path, size: int) -> None:
    made.ledger(open_storage(tmp_path), 200, size)
    assert nursery(tmp_path, "until_one_lives()", "k000042") == ["-9"] * 4
    assert named(tmp_path, 200) == [("k000042", "killed_engine")]


@pytest.mark.parametrize(("count", "size"), [(1, 1), (40, 40), (60, 1), (80, 8)])
def test_processes_that_are_killed_anywhere_name_no_innocent_item(tmp_path: Path, count: int, size: int) -> None:
    """Each at an item drawn by chance, more often than it takes to name one."""
    made.ledger(open_storage(tmp_path), count, size)
    script = f"""
    chance, lives = random.Random({count + size}), iter(range(20))
    until_one_lives(lambda: 1 + int(chance.expovariate(1 / 5)) if next(lives, None) is not None else 0)
    """
    assert set(nursery(tmp_path, script)) <= {"-9"}
    assert named(tmp_path, count) == []


def test_an_item_that_kills_is_named_among_processes_that_are_killed_from_outside(tmp_path: Path) -> None:
    made.ledger(open_storage(tmp_path), 120, 40)
    script = """
    chance, lives = random.Random(5), iter(range(8))
    until_one_lives(lambda: 1 + int(chance.expovariate(1 / 15)) if next(lives, None) is not None else 0)
    """
    assert len(nursery(tmp_path, script, "k000077")) > 4
    assert named(tmp_path, 120) == [("k000077", "killed_engine")]


def named(out: Path, count: int) -> list[tuple[str, str]]:
    """Items that have a reason; all have their row, in order."""
    found = list(results.rows(Ledger.existing(open_storage(out))))
    assert [row.key for row in found] == [item.key for item in made.items(count)]
    return [(row.key, row.reason) for row in found if row.reason]
