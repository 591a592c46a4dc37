"""What we ask of a decoding process, and what it answers: one frozen class a message; ``codec`` writes and reads them.

    Probe, + the film's descriptor                    -> Probed
    ListFrames, + the film's descriptor               -> Tick*, TableData
    Locate, + the film's descriptor                   -> Tick*, Located
    TableData                                            (kept, no answer)
    Read, + film, ring, room                          -> (Frame | Cut | Lost | Head | Tick)*, Done
    Unpack, + room                                    -> Unpacked                        (picture_messages.py)
    any of them                                       -> Failure;  Read also -> Unclean, Refused

A field of ``bytes`` travels beside the header as it is. Ranks count frames in the order they are shown.
"""

from dataclasses import dataclass

from pipeline.video.children.picture_messages import Unpack as Unpack
from pipeline.video.children.picture_messages import Unpacked as Unpacked
from pipeline.video.children.table_data import TableData as TableData
from pipeline.video.cuts.rule import SMALL

FAILURES = (
    "unsupported_or_corrupt", "unsupported_format", "no_video_stream", "no_decoder", "frame_too_large", "no_decodable_frames",
    "system_limit",
)  # fmt: skip
"""reason codes that a child may answer with"""
TINY = SMALL[0] * SMALL[1] * 3
"""bytes of a picture that is compared"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What is this film?"""

    streams: int
    """more are no film"""
    pixels: int
    """of a picture, at most"""
    cpu: int
    """processor seconds that the answer may take; then the kernel ends the child"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFrames:
    """When is every frame shown? The child keeps the table as number ``table``."""

    table: int
    start: float
    fps: float
    most: int
    cpu: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Locate:
    """Where in the file lies what is shown between two times? What else it holds need not be there, but for the container's index."""

    start: float
    end: float
    pieces: int = 1
    """equal ones of that time, each with a place of its own; the last one goes on to the film's end where there are several"""
    most: int
    """frames of a film"""
    cpu: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How a film is read, the same for all its segments."""

    reader: str
    """``pyav`` or ``opencv``"""
    cuts: bool = False
    """look for them"""
    keyframes: bool = False
    """only keyframes are looked at"""
    loose: bool = False
    """a frame nearby that is cheaper to decode may stand in for one that is not EXACT"""
    everything: bool = False
    """decode from the film's first packet, whether needed or not"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The frames of a segment, if you please."""

    table: int
    options: ReadOptions
    size: tuple[int, int]
    """(width, height) of the pictures"""
    slots: int
    """pictures that the ring holds"""
    rotation: int
    mirrored: bool
    interlaced: bool
    threads: int
    offset: float
    """when the first frame is shown"""
    cpu: int
    card: bool
    """a GPU may decode it, where the child has one"""
    segment: bytes
    """``Segment.pack``"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The child has started."""

    pid: int
    card: bool
    """whether it can decode on the GPU that it was given"""
    why: str
    """why not"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A sign of life."""

    decoded: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What a film is; the fields are ``VideoInfo``'s unless said."""

    stream: int
    container: str
    codec: str
    duration: float
    ends: float
    start: float
    fps: float
    width: int
    height: int
    rotation: int
    mirrored: bool
    interlaced: bool
    hdr: bool
    alpha: bool
    has_audio: bool
    decoded: bool
    """whether a picture could be decoded"""
    films: int
    """streams of moving pictures"""
    cropped: bool
    """whether its container shows only a part of each picture"""
    reordered: bool
    """whether frames are stored in another order than they are shown, in a container that may tell no more than when they are decoded"""

    def __post_init__(self) -> None:
        if min(self.width, self.height, self.films) < 1 or self.fps <= 0 or min(self.stream, self.duration, self.ends) < 0:
            raise ValueError("a film of no size")


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Stretches of the file in bytes, [start, end): the first packets, then each piece; none where all of it is needed."""

    spans: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if any(not 0 <= start < end for start, end in self.spans):
            raise ValueError("a stretch of no length")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The picture of a frame lies in a slot of the ring."""

    rank: int
    slot: int
    corrupt: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A shot begins with this frame, which has not been told yet."""

    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """These frames will not come, nor others for them."""

    ranks: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first pictures of a segment, tiny, to be compared with the last ones of the segment before."""

    pictures: bytes

    def __post_init__(self) -> None:
        _whole(self.pictures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The segment is over."""

    frames: int
    decoded: int
    on_card: int
    """how many of these frames a GPU decoded"""
    seconds: float
    damaged: tuple[int, ...]
    """ranks of frames whose packets could not be decoded"""
    pictures: bytes
    """its last pictures, tiny; none where no cuts were looked for"""

    def __post_init__(self) -> None:
        _whole(self.pictures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclean:
    """The film can't be entered where it says so: it must be decoded from its start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The GPU can't decode this film, or not all of it: the processor must."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The film's error: ``InputError`` with this code, message and data."""

    code: str
    message: str
    data: dict[str, str]

    def __post_init__(self) -> None:
        if self.code not in FAILURES or not self.data.keys().isdisjoint(("self", "code", "message")):
            raise ValueError("a reason that no reader has")


def _whole(pictures: bytes) -> None:
    if len(pictures) % TINY:
        raise ValueError("a part of a picture")


Request = Probe | ListFrames | Locate | TableData | Read | Unpack
Reply = Ready | Tick | Probed | Located | TableData | Frame | Cut | Lost | Head | Done | Unpacked | Unclean | Refused | Failure
