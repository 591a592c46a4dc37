"""What we ask of a decoding process about pictures that are files of their own, and what it answers."""

from dataclasses import dataclass

from pipeline.images.unpack import REASONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """``models.preset.FrameSize``, whose words are plain here."""

    mode: str
    side: int
    multiple: int
    min_pixels: int
    max_pixels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpack:
    """Pictures that are files of their own, decoded into the room: RGB, one behind the other."""

    lengths: tuple[int, ...]
    """bytes of each file"""
    shape: Shape
    pixels: int
    """of a picture, at most"""
    room: int
    """bytes of the memory that came with it"""
    cpu: int
    files: bytes
    """one behind the other"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """What became of one picture; where ``code`` is empty it lies in the room."""

    width: int
    """of the file, upright"""
    height: int
    wide: int
    """of what lies in the room"""
    high: int
    code: str
    message: str

    def __post_init__(self) -> None:
        if min(self.width, self.height, self.wide, self.high) < (0 if self.code else 1) or self.code not in ("", *REASONS):
            raise ValueError("a picture of no size")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """All pictures of one ``Unpack``, in its order."""

    seconds: float
    stills: tuple[Still, ...]
