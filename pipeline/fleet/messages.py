"""All that a coordinator and a host say to each other, as typed messages; codec.py writes and reads them.

coordinator -> host     Open, Grant, Withdraw, Ask, Forget, Close
host -> coordinator     Opened, Loading, Ready, Fault, Wants, Captioned, Noted, Shown, Read, Done, Failed, Whole, Piece, Answered, Refused, Pulse
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.captioning.tally import Tally
from pipeline.fleet.units import Unit
from pipeline.types import Caption, Notice


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
    profile: Literal["captions", "questions"] = "captions"
    """what its engine is set up for"""
    sharing: int = 1
    """hosts on the same GPUs, this one counted"""


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
class Whole(Message):
    """A unit can't be done, since its film has to be read by one host from its beginning."""

    kind: Literal["whole"] = "whole"
    number: int


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
OF_UNITS = Captioned | Noted | Shown | Read | Done | Failed | Whole
FROM_HOST = Opened | Loading | Ready | Fault | Wants | Pulse | Piece | Answered | Refused | OF_UNITS
