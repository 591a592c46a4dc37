"""What is kept of a film's pictures: found again, bounded in bytes, and never another film's."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE

from models.engines.vllm.kept import KeptInputs, head_of, size_of, tail_of


def film(nbytes: int) -> dict[str, Any]:
    return {"prompt_token_ids": [1, 2], "mm_kwargs": {"video": [{"pixels": np.zeros(nbytes, np.uint8)}]}}


def test_the_size_is_that_of_all_arrays_in_it() -> None:
    class Element:
        data = np.zeros(7, np.float32)

    assert size_of({"ids": [1, 2], "video": [Element(), {"x": np.zeros(5, np.uint8)}], "text": "words", "none": None}) == 28 + 5


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 60)), max_size=40))
def test_bounded_and_always_the_one_that_was_asked_for(asked: list[tuple[int, int]]) -> None:
    kept = KeptInputs(100)
    sizes: dict[int, int] = {}
    for number, size in asked:
        sizes.setdefault(number, size)
        found = kept.get((str(number), ""), lambda number=number: film(sizes[number]) | {"number": number})  # type: ignore[misc]
        assert found["number"] == number
        assert kept.nbytes <= 100


def test_the_least_used_goes_first() -> None:
    kept, made = KeptInputs(100), list[str]()

    def ask(name: str) -> None:
        kept.get((name, ""), lambda: made.append(name) or film(40))  # type: ignore[func-returns-value]

    for name in ("a", "b", "a", "c", "a", "b"):
        ask(name)
    assert made == ["a", "b", "c", "b"]
    kept.get(("large", ""), lambda: film(101))
    assert (len(kept), kept.nbytes) == (2, 80), "what is larger than all room is given and not kept"


def test_asked_for_by_many_at_once_it_is_made_once() -> None:
    kept, made, go = KeptInputs(100), list[int](), threading.Event()

    def make() -> dict[str, Any]:
        go.wait(PATIENCE)
        made.append(1)
        return film(10)

    with ThreadPoolExecutor(8) as threads:
        asking = [threads.submit(kept.get, ("a", ""), make) for _ in range(8)]
        go.set()
        assert len({id(one.result()) for one in asking}) == 1
    assert made == [1]


def test_one_that_can_not_be_made_is_made_anew() -> None:
    kept = KeptInputs(100)
    for _ in range(2):
        try:
            kept.get(("a", ""), lambda: 1 / 0)
        except ZeroDivisionError:
            continue
        raise AssertionError("it was kept")
    assert kept.get(("a", ""), lambda: film(3))["prompt_token_ids"] == [1, 2]


def test_a_head_ends_where_the_question_begins_and_holds_the_pictures() -> None:
    assert head_of(lambda text, shown: f"<user>{'<video>' * shown}\nrules\n\n{text}<end>") == "<user><video>\nrules\n\n"
    assert head_of(lambda text, shown: f"<user>{text}{'<video>' * shown}<end>") is None, "the pictures stand behind the question"
    assert head_of(lambda text, shown: f"<user>{text}<end>{'<video>' * shown}") is None


def test_a_tail_is_what_the_whole_has_after_its_head() -> None:
    assert tail_of([1, 2], [1, 2, 3]) == [3]
    assert tail_of([1, 2], [1, 9, 3]) is None, "the last token of the head was joined with the question's first letters"
