"""Columns of a source that go through to the rows (``--keep-columns``): which type each has, and values of that type.

    7, 8, None          int64             [1, 2], []       list<int64>
    7, 8.5              double            [1, 2.5]         list<double>
    7, "a"              string            {"a": 1}         string, as JSON

A column has the type of its first values; one that comes later and is of another type is null, but in a column of text, which holds any as JSON.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

OF = {bool: "bool", int: "int64", float: "double", str: "string"}
_LIST = re.compile(r"list<(\w+)>")
_LARGEST = 1 << 63


def kind_of(values: Iterable[Any]) -> str:
    """The type of a column that has these values: as ``type_in`` reads it."""
    there = [value for value in values if value is not None]
    if there and all(isinstance(value, list) for value in there):
        inner = _scalar([one for value in there for one in value if one is not None])
        return f"list<{inner}>" if inner else "string"
    return _scalar(there) or "string"


def _scalar(values: list[Any]) -> str | None:
    """None where they have no type in common; of none at all text."""
    kinds = {OF.get(type(value)) for value in values} or {"string"}
    if kinds == {"int64", "double"}:
        kinds = {"double"}
    if any(type(value) is int and not -_LARGEST <= value < _LARGEST for value in values):
        return None
    return kinds.pop() if len(kinds) == 1 else None


def type_in(arrow: Any, kind: str) -> Any:
    """The type as pyarrow has it. Raises ValueError where it is none of ours."""
    if inner := _LIST.fullmatch(kind):
        return arrow.list_(arrow.type_for_alias(inner[1]))
    return arrow.type_for_alias(kind)


def fitting(value: Any, kind: str) -> Any:
    """A value as a column of that type holds it; None where it can't."""
    if value is None:
        return None
    if inner := _LIST.fullmatch(kind):
        return [fitting(one, inner[1]) for one in value] if isinstance(value, list) else None
    match kind:
        case "string":
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        case "double":
            return float(value) if type(value) is float or (type(value) is int and abs(value) < _LARGEST) else None
        case "int64":
            return value if type(value) is int and -_LARGEST <= value < _LARGEST else None
        case _:
            return value if type(value) is bool else None
