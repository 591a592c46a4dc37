"""Pieces of a stream as it came, placed on the stream's clock: what is shown beside descriptions (HLS) and kept with them."""

from collections import deque
from dataclasses import dataclass, field

from pipeline.live.http.stamps import first_stamp
from pipeline.video.live.messages import Copied


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some seconds of MPEG-TS."""

    stream: str
    epoch: int
    start: float
    """[start, end) in seconds on the stream's clock"""
    end: float
    utc: float
    """when its first picture was taken, in seconds since 1970"""
    stamp: float
    """its first picture's stamp in MPEG-TS, in seconds"""
    keyed: bool
    """its first picture can be decoded without those before it"""
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where an epoch's media time stands on the stream's clock."""

    epoch: int
    start: float
    media: float


class Pieces:
    """One connection's pieces. Those of an epoch whose first picture was not decoded yet wait for it."""

    MOST = 8

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._anchors: dict[int, Anchor] = {}
        self._early: deque[Copied] = deque(maxlen=self.MOST)

    def anchor(self, media_epoch: int, anchor: Anchor) -> list[Copied]:
        """An epoch of the media has its place. Answers the pieces that waited for it."""
        self._anchors[media_epoch] = anchor
        while len(self._anchors) > self.MOST:
            del self._anchors[next(iter(self._anchors))]
        early, self._early = self._early, deque(maxlen=self.MOST)
        return list(early)

    def place(self, told: Copied) -> tuple[Anchor, float, float] | None:
        """The anchor of a piece, and its start and end on the stream's clock; None where it waits."""
        anchor = self._anchors.get(told.epoch)
        if anchor is None:
            self._early.append(told)
            return None
        return anchor, told.start - anchor.media + anchor.start, told.end - anchor.media + anchor.start

    def piece(self, told: Copied, anchor: Anchor, start: float, end: float, utc: float) -> Piece | None:
        """The piece; None where its bytes are no MPEG-TS with a picture."""
        stamp = first_stamp(told.data, b"")
        if stamp is None or not end > start:
            return None
        return Piece(
            stream=self._stream, epoch=anchor.epoch, start=start, end=end, utc=utc, stamp=stamp, keyed=told.keyed,
            data=told.data,
        )  # fmt: skip
