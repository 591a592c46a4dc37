"""One walk of a decoder through the packets of a plan.

    packets   I P B B | I P B B | I ...
              feed, or leave out, or enter (forget what was before)  -> decoded frames, in the order they are shown

Where a decoder can tell that no other frame is built on a frame (``skip_frame=NONREF``), that frame is decoded only if
it is wanted. Everything that is decoded is handed on, wanted or not: the search for cuts looks at all of it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.frames import Image
from pipeline.video.cuts.rule import SMALL
from pipeline.video.decode import libav, pictures
from pipeline.video.decode.decoded import Decoded
from pipeline.video.decode.decoder_log import complaint
from pipeline.video.decode.nal import framing, is_idr
from pipeline.video.decode.plan import Action, Plan
from pipeline.video.table import Table

if TYPE_CHECKING:
    from pipeline.video.decode.pyav_reader import PyAVReader

TICK = 64
"""packets between two signs of life"""
_FEED, _TARGET, _JUMP, _LOOK, _SPARE = (
    int(action) for action in (Action.FEED, Action.TARGET, Action.JUMP, Action.LOOK, Action.SPARE)
)  # plain integers: an IntFlag takes a microsecond to combine, a hundred times as long
_ALONE = frozenset({"cfhd", "libvpx", "libvpx-vp9"})
"""codecs whose pictures all stand alone, and whose decoders do not say so"""
_ENDING = int(Action.SPARE | Action.BLURRED)


class Unclean(Exception):
    """A frame that is marked as an entry is none: the film must be decoded from its start."""


class Refused(Exception):
    """The card can't decode this film, or not all of it: the processor must."""


class DecodedFrame(Decoded):
    """A decoded frame of libav, made a picture only when somebody asks."""

    def __init__(self, rank: int, frame: Any, reader: "PyAVReader") -> None:
        super().__init__(rank, bool(frame.is_corrupt))
        self._frame, self._reader, self._cropper = frame, reader, reader.cropper
        self._small: Image | None = None

    def _here(self) -> Any:
        """The frame in our memory: one that lies on the card is fetched when somebody looks at it, and what is never shown cut off, once."""
        if pictures.on_card(self._frame):
            self._frame = pictures.fetched(self._frame)
        if self._cropper is not None:
            self._frame, self._cropper = self._cropper(self._frame), None
        return self._frame

    def image(self) -> Image:
        turn, mirrored, size = self._reader.turn, self._reader.mirrored, self._reader.size
        image = pictures.picture(
            self._here(), size[::-1] if turn in (90, 270) else size, self._reader.threads, self._reader.ground
        )
        image = image[:, ::-1] if mirrored else image
        return np.ascontiguousarray(np.rot90(image, -turn // 90)) if turn or mirrored else image

    def small(self) -> Image:
        """Made once: who is in doubt about a cut looks at the same frame several times."""
        if self._small is None:
            self._small = pictures.tiny(self._here(), SMALL, self._reader.ground)
        return self._small


class Decoding:
    """The decoder of one stream, and what is known of the frames that are inside it."""

    def __init__(self, reader: "PyAVReader", stream: Any, table: Table, plan: Plan) -> None:
        self._reader, self._stream, self._plan = reader, stream, plan
        self._context, self._due = libav.decoder(stream, reader.threads), b""
        if reader.card is not None:
            self._context, self._due = reader.card.decoder(stream, table.depth)
        self._by_order = table.repaired
        """whether frames are counted as they come, since their times mean nothing"""
        self._rebased = reader.deinterlace or reader.card is not None
        """whether frames may count in ticks of their own; to compare two fractions takes as long as to decode a tiny picture"""
        self._headers = table.headers
        self._header_at = [first for first, _ in table.headers]
        self._header = 0
        """how many of the headers the decoder has been given"""
        self._units = framing(self._context.name, bytes(self._context.extradata or b""))
        told = not table.key.all() or self._context.name in _ALONE
        self._alone = (1, 0) if told else (1,)
        """types of pictures that may be entries. Some decoders tell none (0: Cinepak's, Flash Screen's): there the container is believed,
        but not one that calls every picture an entry"""
        self._pending: dict[int, int] = {}
        """time in ticks -> rank of each frame that was fed and has not come out"""
        self._graph: Any = None
        self._asleep = True
        """whether nothing was fed yet"""
        self._skip_frame = ""
        self._last = -1
        """rank of the frame that came out last"""
        self._entering = False
        """whether the next frame that comes out must stand alone, or the entry was none"""
        self._log, _ = complaint(0)

    def frames(self, packets: Iterable[Any]) -> Iterator[Decoded | None]:
        """All that gets decoded, in the order it is shown; None is a sign of life. Raises Unclean."""
        plan = self._plan
        lead = False  # whether what is shown before the last entry, and stored after it, is decoded
        tail: bool | None = None  # whether the end of the group that goes by is decoded; None before it has begun
        entry = -(1 << 63)  # time of the last entry
        steps = zip(packets, plan.actions.tolist(), plan.ranks.tolist(), plan.pts.tolist(), strict=False)
        for number, (packet, action, rank, ticks) in enumerate(steps, plan.first):
            if (number - plan.first) % TICK == 0:
                yield None
            ending = action & _ENDING
            if ending and ticks > entry and tail is None:  # the end of a group; what leads the next one in goes the same way
                tail = self._reader.watchful >= (1 if action & _SPARE else 2)
            if not action & _FEED and not (ending and (tail if ticks > entry else lead)):
                continue
            self._give_header(packet, number)
            if action & _JUMP:
                lead, tail, entry = bool(tail), None, ticks
                if not is_idr(packet, self._units):  # else the decoder forgets by itself, and its threads go on
                    if not lead and not self._asleep:
                        yield from self._drain()
                        self._pending.clear()
                    self._entering = number > 0 and not lead
            yield from self._feed(packet, action, rank)
        if not self._asleep:
            yield from self._drain()

    def _give_header(self, packet: Any, number: int) -> None:
        """See to it that the header in force at this packet is the decoder's.

        The one that began a stretch of the film comes with that stretch's first packet, which may not be among those that are fed.
        """
        due = bisect_right(self._header_at, number)
        if due != self._header:
            header = self._headers[due - 1][1]
            libav.give_header(packet, header)
            self._units = framing(self._context.name, header)
            self._header = due

    def _feed(self, packet: Any, action: int, rank: int) -> Iterator[Decoded]:
        self._asleep = False
        if rank >= 0 and packet.pts is not None:
            self._pending[packet.pts] = rank
        all_of_it = action & (_TARGET | _LOOK) or self._reader.deinterlace or self._by_order or self._plan.whole
        needed = "DEFAULT" if all_of_it else "NONREF"
        if needed != self._skip_frame:
            self._context.skip_frame = self._skip_frame = needed
        if self._due:
            libav.give_header(packet, self._due)
            self._due = b""
        try:
            frames = self._context.decode(packet)
        except libav.AvError:
            if self._reader.card is not None:
                raise Refused from None
            self._reader.damaged.append(rank)
            self._entering = False
            return
        yield from self._shown(frames)

    def _shown(self, frames: list[Any]) -> Iterator[Decoded]:
        """Frames as the decoder gives them; made of fields where that is asked for."""
        for frame in frames:
            self._reader.decoded += 1
            self._reader.on_card += pictures.on_card(frame)
            if self._entering and (frame.pict_type not in self._alone or frame.is_corrupt):
                raise Unclean
            self._entering = False
            if not self._reader.deinterlace:
                yield from self._numbered([frame])
                continue
            if self._graph is not None and self._graph.form != libav.form(frame):
                yield from self._numbered(self._graph.end())
                self._graph = None
            self._graph = self._graph or libav.Deinterlacer(self._stream, frame)
            yield from self._numbered(self._graph.push(frame))

    def _numbered(self, frames: list[Any]) -> Iterator[Decoded]:
        """Frames with their ranks; those that nobody knows, or that come too late, are left out."""
        for frame in frames:
            ticks = None if self._by_order else libav.ticks(frame, self._stream) if self._rebased else frame.pts
            rank = self._last + 1 if self._by_order else -1 if ticks is None else self._pending.pop(ticks, -1)
            if rank > self._last:
                self._last = rank
                self._log, damage = complaint(self._log)
                if damage:
                    self._reader.damaged.append(rank)
                yield DecodedFrame(rank, frame, self._reader)

    def _drain(self) -> Iterator[Decoded]:
        """What is still inside the decoder; it forgets all that it was fed."""
        try:
            rest = list(self._context.decode(None))
        except libav.AvError:
            if self._reader.card is not None:
                raise Refused from None
            rest = []
        yield from self._shown(rest)
        if self._entering:
            raise Unclean
        if self._graph is not None:
            yield from self._numbered(self._graph.end())
            self._graph = None
        self._context.flush_buffers()
