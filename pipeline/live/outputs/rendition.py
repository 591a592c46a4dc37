"""One stream as HLS: which pieces may be shown, and what is said in each. Pure; ``hls`` writes what it answers.

aligned   a piece is held back until all that happens in it is described (at most ``patience``), so that its words stand over it
late      a piece goes out at once, and words are shown from when they are there, as subtitles of live television are
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pipeline.live.events import STRETCHES, Event
from pipeline.live.outputs.m3u8 import TICKS, Segment, touching
from pipeline.live.pieces import Piece
from pipeline.live.utc import dated
from pipeline.types import Cue

EPSILON = 0.02
"""seconds: a description that ends a frame before its piece does is all of it"""
SHOWN = 6
"""segments of a playlist; players begin three before its end"""
KEPT = 4
"""segments that stay on the disk after they left it: who read the playlist just now may still ask"""
MOST = 64
"""pieces that are held back"""
READ = 15.0
"""characters a second, for how long a late text is shown"""
BEHIND = 5.0
"""seconds that a late text may wait for the one before it: longer texts than there is time for are shown for as long as they have"""
LEFT = 60.0
"""seconds for which a cue is kept beside pieces that were shown already, or that never came"""

Layout = Callable[[float, float, str], tuple[Cue, ...]]
"""``layout(start, end, text)``: the cues of a text in that time"""


@dataclass(slots=True)
class Step:
    """What is to be done on the disk."""

    write: list[tuple[Segment, bytes]] = field(default_factory=list)
    delete: list[Segment] = field(default_factory=list)


class Rendition:
    def __init__(self, *, first: int, late: bool, patience: float, layout: Layout) -> None:
        """``first``: number of the first segment; higher than those of a run before, since numbers never go back."""
        self.segments: list[Segment] = []
        """those of the playlist"""
        self.breaks = self.lost = 0
        """discontinuities that left the playlist; pieces given up"""
        self.ended = False
        self.peak = 0.0
        """bits a second of the largest segment"""
        self._late, self._patience, self._layout = late, patience, layout
        self._run = self._number = first
        self._ticks = 0
        self._held: deque[tuple[Piece, float]] = deque()
        self._cues: deque[Cue] = deque()
        self._edge = self._shown = 0.0
        self._epoch: int | None = None
        self._gone: deque[Segment] = deque()

    @property
    def next(self) -> int:
        """The number of the segment that comes next."""
        return self._number

    def told(self, event: Event) -> None:
        """An event of the stream."""
        if event["event"] in STRETCHES:
            self._edge = max(self._edge, event["end"])
            if event["event"] == "caption" and event["text"]:
                self._say(event)
        elif event["event"] == "source" and event["state"] == "ended":
            self.ended = True

    def _say(self, event: Event) -> None:
        start, end = event["start"], event["end"]
        if self._late:
            there, span = max(self._shown, end), end - start
            start = max(there, self._cues[-1].end if self._cues else 0.0)
            wished = min(max(len(event["text"]) / READ, 2.0), 7.0)
            end = start + max(min(wished, there + span + BEHIND - start), 1.0)
        elif end <= self._shown:
            return  # its piece was shown without it
        self._cues.extend(self._layout(start, end, event["text"]))

    def picture(self, piece: Piece, now: float) -> None:
        if len(self._held) >= MOST:
            self._held.popleft()
            self.lost += 1
        self._held.append((piece, now))

    def due(self, now: float) -> Step:
        """What may be shown now, and what nobody asks for any more."""
        step = Step()
        for piece in self._ready(now):
            if self._epoch is None and not piece.keyed:
                continue  # a player begins with a picture that stands alone
            segment = self._segment(piece)
            self.segments.append(segment)
            step.write.append((segment, piece.data))
            self._shown = piece.end
            self.peak = max(self.peak, len(piece.data) * 8 / (piece.end - piece.start))
            while len(self.segments) > SHOWN:
                first = self.segments.pop(0)
                self.breaks += first.broken
                self._gone.append(first)
        while len(self._gone) > KEPT:
            step.delete.append(self._gone.popleft())
        # a stream whose picture can't be shown has texts all the same
        over = max(self._shown, self._edge - self._patience) - LEFT
        while self._cues and self._cues[0].end < over:
            self._cues.popleft()
        return step

    def _ready(self, now: float) -> Iterator[Piece]:
        while self._held:
            piece, came = self._held[0]
            if not (self._late or self.ended or self._edge >= piece.end - EPSILON or now - came > self._patience):
                return
            self._held.popleft()
            yield piece

    def _segment(self, piece: Piece) -> Segment:
        apart = bool(self.segments) and abs(piece.start - self.segments[-1].end) > 0.5
        if piece.epoch != self._epoch:
            self._ticks = round((piece.stamp - piece.start) * TICKS)
        broken = self._epoch is not None and (piece.epoch != self._epoch or apart)
        date = piece.utc
        if self.segments and not broken:
            before = self.segments[-1]
            date = dated(before.utc + before.end - before.start, piece.utc)
        segment = Segment(
            number=self._number, start=piece.start, end=piece.end, utc=date, ticks=self._ticks, run=self._run,
            keyed=piece.keyed, broken=broken,
            cues=touching(self._cues, piece.start, piece.end),
        )  # fmt: skip
        self._number, self._epoch = self._number + 1, piece.epoch
        return segment
