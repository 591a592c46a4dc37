"""All that a coordinator and a host say to each other: typed messages, and one way to write and read them.

    coordinator -> host     Open, Grant, Withdraw, Ask, Forget, Close
    host -> coordinator     Opened, Loading, Ready, Fault, Wants, Captioned, Noted, Shown, Read, Done, Failed, Piece, Answered, Refused, Pulse

    | header length u32 | payload length u64 | header, JSON | payload, raw bytes |

JSON and not pickle: what a host says is data, whatever became of it. Pictures travel as raw bytes behind the header.
"""

import asyncio
import json
import os
import struct
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, unquote_to_bytes

from pipeline.captioning.tally import Tally
from pipeline.errors import EnvironmentFault, InputError, OutputError, RequestError, ScenescribeError, UsageError
from pipeline.fleet.units import Unit
from pipeline.types import Caption, Notice

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What every message is; ``payload`` is not in its JSON."""

    payload: bytes = field(default=b"", repr=False)


# ---- to a host


@dataclass(frozen=True, slots=True, kw_only=True)
class Open(Message):
    """The first message: what host to be."""

    kind: Literal["open"] = "open"
    settings: dict[str, Any]
    """those that an engine and its decoders depend on, by name"""
    verbose: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant(Message):
    """A unit to work on."""

    kind: Literal["grant"] = "grant"
    number: int
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(Message):
    """A unit is not wanted any more."""

    kind: Literal["withdraw"] = "withdraw"
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Message):
    """One request of its own to the engine; its pictures, one behind the other, are the payload."""

    kind: Literal["ask"] = "ask"
    number: int
    request: dict[str, Any]
    streamed: bool = False
    """whether the answer is wanted piece by piece"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget(Message):
    """The answer to a request is not wanted any more."""

    kind: Literal["forget"] = "forget"
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(Message):
    """End, in order."""

    kind: Literal["close"] = "close"


# ---- from a host


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Message):
    """The settings are understood; nothing is loaded."""

    kind: Literal["opened"] = "opened"
    limit: int
    """requests in flight"""
    reading: int
    """units read at once, at most"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading(Message):
    """The engine died and is started anew."""

    kind: Literal["loading"] = "loading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready(Message):
    """The model is loaded."""

    kind: Literal["ready"] = "ready"
    engine_version: str
    limit: int
    seconds: float
    """that it took"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Message):
    """The host can't go on, for no fault of a unit."""

    kind: Literal["fault"] = "fault"
    error: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wants(Message):
    """The pull: how many more units would be taken now."""

    kind: Literal["wants"] = "wants"
    places: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Captioned(Message):
    """A new caption of a unit, in the order of the answers."""

    kind: Literal["captioned"] = "captioned"
    number: int
    caption: Caption
    position: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Message):
    """What the user should know of an answer."""

    kind: Literal["noted"] = "noted"
    number: int
    notice: Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Message):
    """A window was read; its middle picture, height x width x 3, is the payload where pictures are wanted."""

    kind: Literal["shown"] = "shown"
    number: int
    index: int
    start: float
    end: float
    time: float
    rank: int
    height: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Message):
    """All of a unit is read; its answers are under way."""

    kind: Literal["read"] = "read"
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done(Message):
    """A unit is over."""

    kind: Literal["done"] = "done"
    number: int
    spans: tuple[tuple[float, float], ...]
    """its windows in order, to the millisecond"""
    shots: tuple[float, ...]
    notices: tuple[Notice, ...]
    """of the pictures"""
    decode_seconds: float
    reader: str
    """who decoded, as the JSON names it"""
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Message):
    """A unit can't be done, and whose fault it is."""

    kind: Literal["failed"] = "failed"
    number: int
    error: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece(Message):
    """Some text of a streamed answer."""

    kind: Literal["piece"] = "piece"
    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Message):
    """A request's reply."""

    kind: Literal["answered"] = "answered"
    number: int
    reply: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Message):
    """A request got no reply."""

    kind: Literal["refused"] = "refused"
    number: int
    error: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse(Message):
    """A sign of life, and how the engine does; totals since the host's start."""

    kind: Literal["pulse"] = "pulse"
    in_flight: int
    waiting: int
    peak: tuple[int, int]
    deaths: int
    hungry: float
    fed: float
    full: float
    gauges: dict[str, Any]


TO_HOST = Open | Grant | Withdraw | Ask | Forget | Close
FROM_HOST = (
    Opened
    | Loading
    | Ready
    | Fault
    | Wants
    | Captioned
    | Noted
    | Shown
    | Read
    | Done
    | Failed
    | Piece
    | Answered
    | Refused
    | Pulse
)


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
    except (asyncio.IncompleteReadError, OSError, ValueError) as error:
        raise HungUp(str(error)) from error
    return decode(raw, payload, known)


def decode(raw: Any, payload: bytes, known: Any) -> Any:
    """What the header's values are as one of ``known``. Raises HungUp where they are none."""
    path = ""
    try:
        if raw["kind"] == "grant":
            path = raw["unit"]["info"]["path"]
        message = _adapter(known).validate_python(raw)
    except (ValueError, TypeError, KeyError) as error:
        raise HungUp(f"no message: {error}") from error
    if isinstance(message, Grant):
        info = replace(message.unit.info, path=Path(os.fsdecode(unquote_to_bytes(path))))
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
    """The error that a message carries."""
    return KINDS.get(told["kind"], InputError)(told["code"], told["message"], **told["data"])
