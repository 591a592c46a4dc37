"""Rows and items come back from Parquet as they went in, and other programs read the same columns."""

import io
import json

import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.datasets import arrow
from pipeline.datasets.items import Item, Row
from pipeline.errors import InputError
from pipeline.types import Outcome

text = st.text(st.characters(codec="utf-8"), max_size=20)
rows = st.builds(
    Row,
    key=text,
    source=text,
    content=st.none() | st.binary(min_size=16, max_size=16),
    width=st.none() | st.integers(1, 100_000),
    height=st.none() | st.integers(1, 100_000),
    caption=text,
    outcome=st.sampled_from(Outcome),
    reason=text,
    prompt_tokens=st.integers(0, 2**31 - 1),
    completion_tokens=st.integers(0, 2**31 - 1),
    model=text,
    kept=st.fixed_dictionaries({"author": st.none() | text, "likes": st.none() | st.integers(-(2**63), 2**63 - 1)}),
)
KEPT = {"author": "string", "likes": "int64"}
items = st.builds(
    Item,
    key=text,
    source=text,
    locator=st.dictionaries(text, text | st.integers(-(2**63), 2**63)),
    weight=st.floats(0, 1e9),
    kept=st.dictionaries(text, st.none() | text | st.booleans() | st.integers() | st.lists(text)),
    reason=text,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(rows, max_size=20))
def test_rows_come_back(given: list[Row]) -> None:
    data = arrow.encode(given, {"prompt": "ñ", "model": "m"}, KEPT)
    assert list(arrow.decode(data)) == given
    assert arrow.settings_of(data) == {"prompt": "ñ", "model": "m"}


@settings(max_examples=25, deadline=None)
@given(st.lists(items, max_size=20))
def test_items_come_back(given: list[Item]) -> None:
    assert arrow.items_of(arrow.items_table(given)) == given


def _row(**values: object) -> Row:
    return Row(
        **{
            "key": "a",
            "source": "s",
            "content": None,
            "width": 1,
            "height": 2,
            "caption": "c",
            "outcome": Outcome.OK,
            **values,
        }
    )  # type: ignore[arg-type]


def test_the_columns_are_those_of_the_page() -> None:
    file = pyarrow.parquet.ParquetFile(io.BytesIO(arrow.encode([_row()], {}, {"license": "string"})))
    schema = file.schema_arrow
    assert schema.names == [
        "key", "source", "content", "width", "height", "caption", "outcome", "reason", "prompt_tokens", "completion_tokens", "model", "license",
    ]  # fmt: skip
    assert [str(schema.field(name).type) for name in ("content", "width", "prompt_tokens")] == [
        "fixed_size_binary[16]",
        "int32",
        "int32",
    ]
    assert "dictionary" in str(schema.field("outcome").type)
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_windows_of_films_have_their_times() -> None:
    window = _row(start=8.0, end=16.0, frames=(8.5, 12.5))
    assert list(arrow.decode(arrow.encode([window], {}, times=True))) == [window]


def test_a_kept_column_with_the_name_of_ours_stands_beside_it() -> None:
    data = arrow.encode([_row(kept={"caption": "theirs"})], {}, {"caption": "string"})
    assert [(row.caption, row.kept) for row in arrow.decode(data)] == [("c", {"caption_kept": "theirs"})]


def test_a_kept_value_that_no_column_can_hold_goes_as_json() -> None:
    data = arrow.encode([_row(kept={"tags": ["a", "ü"]})], {}, {"tags": "string"})
    assert json.loads(next(arrow.decode(data)).kept["tags"]) == ["a", "ü"]


@pytest.mark.parametrize("data", [b"", b"PAR1", b"x" * 1000], ids=["empty", "begun", "other"])
def test_what_is_no_parquet_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="bad_part"):
        list(arrow.decode(data))


def test_a_file_cut_off_is_refused() -> None:
    whole = arrow.encode([_row()] * 100, {})
    with pytest.raises(InputError, match="bad_part"):
        list(arrow.decode(whole[: len(whole) // 2]))
