"""Numbers become times as they come: whatever the pieces, the same text; every time that is printed lies in its film."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.asking.citing import Citer, seconds_of
from pipeline.asking.types import Citation, Passage
from pipeline.clock import moment

FILM, OTHER = Path("a.mp4"), Path("b.mp4")
LONG = "[an open bracket that never ends, and goes on for ever and ever and ever"
PASSAGES = [Passage(film=FILM, start=a, end=b) for a, b in ((0.0, 4.2), (4.2, 9.0), (9.0, 20.0), (3600.0, 3605.0))]


def citer(passages: list[Passage] = PASSAGES, cuts: tuple[float, ...] = (4.0, 9.3)) -> Citer:
    return Citer(passages, {FILM: cuts}, {one.film: {FILM: 3604.5, OTHER: 30.0}.get(one.film, 0.0) for one in passages})


def told(text: str, size: int = 3, **how: object) -> tuple[str, list[Citation]]:
    one = citer(**how)  # type: ignore[arg-type]
    out = "".join(one.feed(text[n : n + size]) for n in range(0, len(text), size)) + one.end()
    return out, one.named


@pytest.mark.parametrize(
    ("said", "printed"),
    [
        ("A cat sits [2].", "A cat sits [0:04-0:09]."),
        ("It jumps [2-3] twice [ 1 , 3 ].", "It jumps [0:04-0:20] twice [0:00-0:04] [0:09-0:20]."),
        ("Nothing [9]. Nor [0] or [99999].", "Nothing. Nor or."),
        ("At 0:05 and at 50:00.", "At [0:04-0:09] and at."),
        ("In [0:05-0:07] it ends.", "In [0:04-0:09] it ends."),
        ("Two of 3 cats, 2:1, [sic], 12 and 1.5", "Two of 3 cats, 2:1, [sic], 12 and 1.5"),
        ("part [passage 4]", "part [1:00:00-1:00:04]"),
        (LONG, LONG),
    ],
)  # fmt: skip
def test_what_is_printed(said: str, printed: str) -> None:
    assert {told(said, size)[0] for size in (1, 3, 7, 1000)} == {printed}


def test_of_several_films_the_film_is_named_too_and_a_bare_time_is_of_none() -> None:
    both = [*PASSAGES, Passage(film=OTHER, start=1.0, end=2.0), Passage(film=Path("photo [1].jpg"), start=0.0, end=0.0)]
    said, named = told("A [5], a [1], at 0:05, in [6].", passages=both)
    assert said == "A [b.mp4 0:01-0:02], a [a.mp4 0:00-0:04], at, in [photo (1).jpg]."
    assert [one.film for one in named] == [OTHER, FILM, Path("photo [1].jpg")]


def test_a_film_is_named_where_all_passages_are_of_one_of_several() -> None:
    """Found in one film of a folder: which one is the answer."""
    one = Citer(PASSAGES, {}, {FILM: 3604.5, OTHER: 30.0})
    assert one.feed("A [1], at 0:05.") + one.end() == "A [a.mp4 0:00-0:04], at [a.mp4 0:04-0:09]."


def test_citations_lie_at_cuts_and_inside_the_film() -> None:
    _, named = told("[2] [4] [2]")
    assert named == [Citation(film=FILM, start=4.0, end=9.3), Citation(film=FILM, start=3600.0, end=3604.5)]
    one = citer(cuts=(4.1,)).snapped(Passage(film=FILM, start=4.0, end=4.4))
    assert one == Citation(film=FILM, start=4.0, end=4.4), "it is not snapped to nothing"


@given(st.text("[]0123456789:-–. ,andtoA", max_size=80), st.lists(st.integers(1, 9), min_size=1, max_size=9))
def test_the_pieces_do_not_matter_and_no_time_is_the_models(text: str, sizes: list[int]) -> None:
    one, pieces, rest = citer(), list[str](), text
    for n in range(200):
        pieces.append(one.feed(rest[: sizes[n % len(sizes)]]))
        rest = rest[sizes[n % len(sizes)] :]
    said = "".join([*pieces, one.feed(rest), one.end()])
    assert said == told(text, 1000)[0]
    real = {f"[{moment(c.start)}-{moment(c.end)}]" for c in one.named}
    for found in re.findall(r"\[\d+:[^\]]*\]", said):
        assert found in real or found in text
    for citation in one.named:
        assert 0 <= citation.start < citation.end <= 3604.5


def test_clocks() -> None:
    assert [moment(s) for s in (0, 59.99, 60, 3599.5, 3600)] == ["0:00", "0:59", "1:00", "59:59", "1:00:00"]
    assert [seconds_of(t) for t in ("0:05", "1:02:03.5")] == [5.0, 3723.5]


def test_one_piece_may_be_megabytes_of_digits() -> None:
    one, digits, brackets = citer(), "1" * 1_000_000, "[" * 1_000_000
    assert one.feed(digits) + one.feed(brackets) + one.end() == digits + brackets
