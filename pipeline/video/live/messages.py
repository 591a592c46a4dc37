"""What a reading process says, once it was looked at (``said.Listener``): one frozen class a message."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The first picture was decoded."""

    size: tuple[int, int]
    """(width, height) of the pictures"""
    fps: float
    codec: str
    copied: bool
    """whether the stream is handed over as it came, too"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A picture lies in the ring. Times are seconds; ``arrival`` is of our own steady clock."""

    serial: int
    time: float
    """when it is shown, on the media's clock"""
    seen: float
    """the media's clock is at least here: nothing before it comes any more"""
    arrival: float
    epoch: int
    """counted up where the media's clock jumps"""
    begin: tuple[float, float]
    """the epoch's first picture: its time, its arrival"""
    raw: float
    """its stamp as it came"""
    utc: float | None
    """when it was taken, where the sender tells"""
    report: int | None
    """which of the sender's reports told"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A piece of the stream as it came, MPEG-TS."""

    epoch: int
    start: float
    """[start, end) on the media's clock"""
    end: float
    arrival: float
    keyed: bool
    """whether it begins with a keyframe"""
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A sign of life, and numbers about it."""

    facts: Mapping[str, float | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The last one."""

    code: str
    """why: ``ended`` where the source has an end, else a reason code"""
    message: str = ""
    detail: str = ""


Said = Opened | Frame | Copied | Tick | Ended
