"""What is kept of a text, and what becomes of what somebody types."""

import itertools
import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.retrieval.schema import MIGRATIONS
from pipeline.retrieval.text import LONGEST, MOST, indexed, query_of


@pytest.fixture(scope="module")
def fts() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:")
    for statement in itertools.chain(*MIGRATIONS):
        db.execute(statement)
    yield db
    db.close()


def found(db: sqlite3.Connection, text: str, query: str) -> bool:
    db.execute("DELETE FROM documents")
    db.execute("INSERT INTO words (words) VALUES ('delete-all')")
    db.execute("INSERT INTO words (rowid, body, pairs) VALUES (1, ?, ?)", indexed(text))
    return bool(db.execute("SELECT rowid FROM words WHERE words MATCH ?", (query_of(query).every,)).fetchall())


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("A red circle moves left.", "circles RED"),
        ("A red circle moves left.", '"red circle"'),
        ("Le café est fermé.", "cafe"),
        ("红色的圆向左移动", "红色"),
        ("红色的圆向左移动", "圆"),
        ("赤い丸が左へ動く", "丸が左"),
        ("วงกลมสีแดงเคลื่อนไปทางซ้าย", "สีแดง"),
        ("วงกลมสีแดงเคลื่อนไปทางซ้าย", "ง"),
        ("วงกลม สีแดง", "มสี"),
        ("วงกลมสีแดง", '"วงกลม สี"'),
        ("まるいボールがうごく", "ールが"),
        ("まるいボールがうごく", "-赤い う"),
        ("བོད་ཡིག", "ཡིག"),
        ("빨간 원이 왼쪽으로 움직인다", "원"),
        ("लाल वृत्त बाईं ओर", "वृत्त"),
        ("Ein ﬁlm with ligatures", "film"),
        ("It's the driver's door", "driver's"),
        ("50% of NEAR(x) AND y*", "NEAR(x) AND y*"),
    ],
)
def test_it_is_found(fts: sqlite3.Connection, text: str, query: str) -> None:
    assert found(fts, text, query)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("A red circle moves left.", '"circle red"'),
        ("A red circle moves left.", "circle -left"),
        ("红色的圆", "色红"),
        ("วงกลมสีแดง", "แดงสี"),
        ("まる x るい", "まるい"),
        ("まるいボール", "ール -まる"),
        ("A red circle", "blue"),
        ("A red circle", "red blue"),
    ],
)
def test_it_is_not_found(fts: sqlite3.Connection, text: str, query: str) -> None:
    assert not found(fts, text, query)


@pytest.mark.parametrize("query", ["", "   ", "***", "-word", '""', "x" * (LONGEST + 1), "w " * (MOST + 1)])
def test_nothing_to_look_for_is_one_line(query: str) -> None:
    with pytest.raises(UsageError, match=r"quer|holds no word") as caught:
        query_of(query)
    assert "\n" not in caught.value.message


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_no_query_is_a_syntax_error(query: str) -> None:
    db = sqlite3.connect(":memory:")
    for statement in itertools.chain(*MIGRATIONS):
        db.execute(statement)
    try:
        asked = query_of(query)
    except UsageError:
        return
    for match in (asked.every, *map(asked.only, asked.wanted)):
        db.execute("SELECT rowid FROM words WHERE words MATCH ?", (match,)).fetchall()
    db.close()


@given(st.text(alphabet=st.characters(categories=("L", "N")), min_size=1, max_size=30), st.text(max_size=30))
def test_every_word_of_a_text_finds_it(fts: sqlite3.Connection, word: str, rest: str) -> None:
    if any(token for token in indexed(word)[0].split()):
        assert found(fts, f"{rest} {word}", f'"{word}"')


LETTERS = "สีแดงまるい赤"


@given(st.text(alphabet=LETTERS + " ・\n", max_size=25), st.text(alphabet=LETTERS, min_size=1, max_size=4), st.data())
def test_any_part_of_a_text_is_found_and_nothing_else(
    fts: sqlite3.Connection, text: str, other: str, data: st.DataObject
) -> None:
    letters = "".join(letter for letter in text if letter in LETTERS)
    start = data.draw(st.integers(0, max(0, len(letters) - 1)))
    part = letters[start : start + data.draw(st.integers(1, 6))]
    assert not part or found(fts, text, part)
    assert found(fts, text, other) == (other in letters)
