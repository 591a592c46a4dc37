"""How a message of a fleet travels over its socket, in both directions.

    | header length u32 | payload length u64 | header, JSON | payload, raw bytes |

JSON and not pickle: what a host says is data, whatever became of it. Pictures travel as raw bytes behind the header.
"""

import asyncio
import json
import os
import struct
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from pipeline.errors import EnvironmentFault, InputError, OutputError, RequestError, ScenescribeError, UsageError
from pipeline.fleet.messages import Grant, Message

if TYPE_CHECKING:
    from pydantic import TypeAdapter

LENGTHS = struct.Struct("<IQ")
LARGEST = 1 << 30
"""bytes of a message: more is no message"""
KINDS: dict[str, type[ScenescribeError]] = {
    kind.__name__: kind for kind in (InputError, OutputError, EnvironmentFault, UsageError, RequestError)
}


class HungUp(Exception):
    """The other side is gone, or speaks nonsense."""


def encode(message: Message) -> bytes:
    """A message as it travels."""
    head = json.dumps(_plain(message), ensure_ascii=True).encode()
    return LENGTHS.pack(len(head), len(message.payload)) + head + message.payload


async def receive(reader: asyncio.StreamReader, known: Any) -> Any:
    """The next message, one of ``known`` (TO_HOST or FROM_HOST). Raises HungUp."""
    try:
        head, tail = LENGTHS.unpack(await reader.readexactly(LENGTHS.size))
        if head + tail > LARGEST:
            raise HungUp(f"a message of {head + tail} bytes")
        raw = json.loads(await reader.readexactly(head))
        payload = await reader.readexactly(tail) if tail else b""
    except (asyncio.IncompleteReadError, OSError, ValueError, RecursionError) as error:
        raise HungUp(str(error)) from error
    return decode(raw, payload, known)


def decode(raw: Any, payload: bytes, known: Any) -> Any:
    """What the header's values are as one of ``known``. Raises HungUp where they are none."""
    path = ""
    try:
        if raw["kind"] == "grant":
            path = raw["unit"]["info"]["path"]
        message = _adapter(known).validate_python(raw)
        named = Path(os.fsdecode(unquote_to_bytes(path)))
    except (ValueError, TypeError, KeyError) as error:
        raise HungUp(f"no message: {error}") from error
    if isinstance(message, Grant):
        info = replace(message.unit.info, path=named)
        return replace(message, unit=replace(message.unit, info=info))
    return replace(message, payload=payload) if payload else message


@cache
def _adapter(known: Any) -> "TypeAdapter[Any]":
    from typing import Annotated

    from pydantic import Field, TypeAdapter

    return TypeAdapter(Annotated[known, Field(discriminator="kind")])


def _plain(value: Any) -> Any:
    """A message's values as JSON has them: names of files byte for byte, whatever encoding they are in."""
    if isinstance(value, Path):
        return quote(os.fsencode(value))
    if hasattr(value, "__dataclass_fields__"):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value) if one.name != "payload"}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def told(error: ScenescribeError) -> dict[str, Any]:
    """An error as a message carries it."""
    kind = next((name for name, kind in KINDS.items() if isinstance(error, kind)), "InputError")
    return {"kind": kind, "code": error.code, "message": error.message, "data": _plain(error.data)}


def raised(told: dict[str, Any]) -> ScenescribeError:
    """The error that a message carries; of one that carries nonsense, as much as can be told."""
    code, message, data = told.get("code"), told.get("message"), told.get("data")
    kept = {key: value for key, value in data.items() if key not in ("code", "message")} if isinstance(data, dict) else {}
    made = KINDS.get(str(told.get("kind")), InputError)
    return made(code if isinstance(code, str) else "internal_error", str(message), **kept)
