"""Messages as bytes and back: a header in JSON that names the class and holds its fields, and one field of raw bytes.

JSON and not pickle, and every field looked at, since a child that reads hostile files may say anything. (pydantic would do the same;
importing it takes a child a third of the time in which it starts.)
"""

import json
import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from pipeline.video.children import messages

Check = Callable[[Any], Any]
"""gives the value as the field wants it, or raises ValueError"""
WIDEST = 1 << 63
"""integers are of 64 bits, as in the arrays"""


class Malformed(Exception):
    """What came is no message of those that may come."""


def encode(message: Any) -> tuple[bytes, bytes]:
    """(header, raw bytes) of a message, a dataclass."""
    kind: type = type(message)
    header: dict[str, Any] = {"is": kind.__name__}
    payload = b""
    for name in _checks(kind)[0]:
        value = getattr(message, name)
        if isinstance(value, bytes):
            payload = value
        else:
            header[name] = value
    return json.dumps(header, default=_plain).encode(), payload


def _plain(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def request(header: bytes, payload: bytes) -> messages.Request:
    """What a parent asked for. Raises Malformed."""
    asked: messages.Request = decode(header, payload, messages.Request)
    return asked


def reply(header: bytes, payload: bytes) -> messages.Reply:
    """What a child answered. Raises Malformed."""
    answered: messages.Reply = decode(header, payload, messages.Reply)
    return answered


def decode(header: bytes, payload: bytes, known: Any) -> Any:
    """One message of ``known``, a union of classes. Raises Malformed."""
    try:
        values = json.loads(header)
        kind = _named(known)[values.pop("is")]
        checks, raw = _checks(kind)
        if raw:
            values[raw] = payload
        elif payload:
            raise ValueError("bytes that nobody asked for")
        return _made(kind, checks, values)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise Malformed(f"{type(error).__name__}: {error}"[:200]) from None


def _made(kind: type, checks: dict[str, Check], values: Any) -> Any:
    if not isinstance(values, dict) or values.keys() != checks.keys():
        raise ValueError(f"other fields than those of {kind.__name__}")
    return kind(**{name: check(values[name]) for name, check in checks.items()})


@cache
def _named(union: Any) -> dict[str, type]:
    return {kind.__name__: kind for kind in get_args(union)}


@cache
def _checks(kind: type) -> tuple[dict[str, Check], str]:
    """How each field of a message is looked at, and the name of the one that is raw bytes."""
    hints = get_type_hints(kind)
    return {name: _check(hint) for name, hint in hints.items()}, next((name for name, hint in hints.items() if hint is bytes), "")


def _check(hint: Any) -> Check:
    inner = get_args(hint)
    if get_origin(hint) is UnionType:  # a value, or none
        some = _check(next(one for one in inner if one is not NoneType))
        return lambda value: None if value is None else some(value)
    if get_origin(hint) is tuple:
        every = _check(inner[0])
        if inner[-1] is Ellipsis:
            return lambda value: tuple([every(one) for one in _of(list, value)])
        each = [_check(one) for one in inner]
        return lambda value: tuple([check(one) for check, one in zip(each, _of(list, value), strict=True)])
    if get_origin(hint) is dict:
        key, item = map(_check, inner)
        return lambda value: {key(name): item(one) for name, one in _of(dict, value).items()}
    if is_dataclass(hint) and isinstance(hint, type):
        checks, _ = _checks(hint)
        return lambda value: _made(hint, checks, value)
    return {int: _integer, float: _number}.get(hint, lambda value: _of(hint, value))


def _of(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise ValueError(f"a {type(value).__name__} in place of a {kind.__name__}")
    return value


def _integer(value: Any) -> int:
    whole: int = _of(int, value)
    if not -WIDEST <= whole < WIDEST:
        raise ValueError("an integer of more than 64 bits")
    return whole


def _number(value: Any) -> float:
    number = float(value if type(value) is float else _integer(value))
    if not math.isfinite(number):
        raise ValueError("a number without an end")
    return number
