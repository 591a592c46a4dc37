"""Columns that go through: each has one type, lists too, and what does not fit is null or JSON, never the end of a run."""

from typing import Any

import made_sets as made
import pytest

from pipeline.datasets.arrow import decode, encode, rows_schema
from pipeline.datasets.kept import fitting, kind_of


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, None, 2], "int64"),
        ([1, 2.5], "double"),
        ([True, None], "bool"),
        ([True, 1], "string"),
        (["a", 1], "string"),
        ([], "string"),
        ([[1, 2], [], None], "list<int64>"),
        ([[1], [0.5]], "list<double>"),
        ([["a"], ["b", None]], "list<string>"),
        ([[True]], "list<bool>"),
        ([[]], "list<string>"),
        ([[1], ["a"]], "string"),
        ([[[1]]], "string"),
        ([[1], 2], "string"),
        ([{"a": 1}], "string"),
        ([1 << 63], "string"),
        ([[1 << 63]], "string"),
    ],
)
def test_the_type_of_a_column(values: list[Any], kind: str) -> None:
    assert kind_of(values) == kind
    for value in values:
        assert value is None or fitting(value, kind) is not None, "its own values fit"


@pytest.mark.parametrize(
    ("value", "kind", "there"),
    [
        ("a", "int64", None),
        (2.5, "int64", None),
        (True, "int64", None),
        (1 << 63, "int64", None),
        (1 << 63, "double", None),
        (3, "double", 3.0),
        ("x", "double", None),
        (1, "bool", None),
        (7, "string", "7"),
        ({"ä": [1]}, "string", '{"ä": [1]}'),
        (3, "list<int64>", None),
        (["a", 1, None], "list<int64>", [None, 1, None]),
        ([1, [2]], "list<string>", ["1", "[2]"]),
    ],
)
def test_a_later_value_of_another_type(value: Any, kind: str, there: Any) -> None:
    (item,) = made.items(1, kept={"label": value})
    (row,) = decode(encode([made.row(item)], {}, {"label": kind}))
    assert row.kept["label"] == there
    assert type(row.kept["label"]) is type(there)


def test_lists_are_lists_in_parquet() -> None:
    import pyarrow as pa

    assert rows_schema({"box": "list<double>"}).field("box").type == pa.list_(pa.float64())
