"""What we tell the process that reads one stream, and what it says: one frozen class a message; ``children.codec`` writes and reads them.

    (nothing)                                             -> Started
    Open, + the source's descriptor, where there is one   -> (Opened | Frame | Copied | Tick)*, Ended
    UseRing, + the ring's memory                             after Opened; only then come pictures

A process says Ended last and leaves: one that met an error is never used again. Times are seconds. Each class refuses values that no
stream has; what depends on the messages before (``said.Listener``) is looked at too.
"""

from dataclasses import dataclass

LARGEST_SIDE = 1 << 15
FAR = 1e11
"""seconds: later is no time"""
LONGEST_PIECE = 3600.0
"""seconds"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a source is opened."""

    url: str
    format: str
    """a demuxer's name; empty where libav is to find out which of ``formats`` it is"""
    formats: str
    protocols: str
    options: dict[str, str]
    open_seconds: float
    read_seconds: float
    pipe: bool
    """the source is the descriptor that came along, as a pipe"""
    once: bool = False
    """nobody can open it again (standard input): what this process has read is gone with it"""
    whole: bool = False
    """it is a file: nothing of it is left out, however long decoding takes"""
    one_size: bool = False
    """pictures of another size are made as large as the first ones: another process would not find them, or find both sizes again"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Read this source."""

    opening: Opening
    fps: float
    """pictures a second that are kept"""
    phase: float
    """when the first of them is due, on the clock that all streams share"""
    pixels: int
    """of a picture, at most"""
    behind: float
    """seconds of packets that may wait before less is decoded"""
    copy: float
    """seconds of the pieces in which the stream is handed over as it came; 0: it is not"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseRing:
    """Put pictures into this shared memory."""

    slots: int
    size: tuple[int, int]
    """(width, height) of the pictures"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The process has loaded its libraries: before this it is the machine that is waited for, and no source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The first picture was decoded."""

    size: tuple[int, int]
    """(width, height) of the pictures"""
    fps: float
    codec: str
    copied: bool
    """whether the stream is handed over as it came, too"""

    def __post_init__(self) -> None:
        if not all(0 < side <= LARGEST_SIDE for side in self.size):
            raise ValueError("no size of a picture")
        _times(self.fps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A picture lies in the ring. ``arrival`` is of our own steady clock."""

    serial: int
    """counted up from 1"""
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

    def __post_init__(self) -> None:
        _counts(self.serial, self.epoch)
        _times(self.time, self.seen, self.arrival, *self.begin, self.raw, self.utc or 0.0)


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
    """filled in by our side: the bytes come beside the message, as a file in memory, so that who sends them need not wait"""

    def __post_init__(self) -> None:
        _counts(self.epoch)
        _times(self.start, self.end, self.arrival)
        if not 0 < self.end - self.start < LONGEST_PIECE:
            raise ValueError("no piece of a stream")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A sign of life each second, and numbers about the connection."""

    packets: int = 0
    bytes: int = 0
    dropped: int = 0
    """packets that were not decoded, since decoding was behind"""
    restamped: int = 0
    """packets whose stamps were not believed"""
    lag: float = 0.0
    """seconds that the packet to be decoded next has waited"""
    keyframes: float = 0.0
    """seconds between the last two"""
    skipping: str = ""
    """what is left out, as libav's skip_frame names it"""
    rss: int = 0
    """bytes of memory that the process holds"""
    uncopied: int = 0
    """pieces and pictures that were to be handed over as they came, and were given up"""

    def __post_init__(self) -> None:
        _counts(self.packets, self.bytes, self.dropped, self.restamped, self.rss, self.uncopied)
        _times(self.lag, self.keyframes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The last one."""

    code: str
    """why: ``ended`` where the source has an end, else a reason code"""
    message: str = ""
    detail: str = ""


Told = Open | UseRing
Said = Started | Opened | Frame | Copied | Tick | Ended


def _counts(*values: int) -> None:
    if min(values) < 0:
        raise ValueError("a count below nothing")


def _times(*values: float) -> None:
    if any(abs(value) > FAR for value in values):
        raise ValueError("a time that is far from all times")
