"""Packets of a stream as they come, and what waits to be decoded of them. The thread here waits for nobody but on standard input.

A reader that sleeps gets every packet late, for ever: nothing on the way drops one. So all are taken at once, and what the decoder
can't follow is dropped here, from keyframe to keyframe. Standard input may be a film: what comes before its time waits, and a file waits
however long it takes.
"""

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pipeline.errors import InputError
from pipeline.video.decode.live_copy import Copier
from pipeline.video.decode.live_input import AvError, Silent, report_of, taken_at
from pipeline.video.decode.walk import demuxed
from pipeline.video.live.timeline import Timeline

NO_KEYFRAME = 6.0
"""seconds after which a stream is decoded without one: some refresh their pictures piece by piece"""
MOST = 4000
"""packets that wait"""
ROOM = 500
"""packets that wait of what need not be taken at once"""
WAITED = 0.01
"""seconds that a packet takes that was not there yet"""
HELD, HELD_SECONDS = 1000, 0.5
"""packets, and seconds, in which one that is waited for must come; else it is no stream that comes as it happens"""
APART = 20.0
"""seconds between a packet's decoding and its picture, at most: sixteen pictures at one a second"""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A packet, placed on the media clock (its own stamps are moved there), and when it came."""

    packet: Any
    time: float
    epoch: int
    raw: float
    """its stamp as it came"""
    arrival: float
    given: float
    """when libav gave it: later than it came, where it was read to find out what the stream is"""
    utc: float | None
    report: int | None


class Backlog:
    """What waits for the decoder. ``behind``: seconds of it that are too many.

    ``ahead``: who sends may be faster than the stream was made: nothing is late before its time. ``whole``: a file, of which nothing is.
    """

    def __init__(self, behind: float, *, ahead: bool = False, whole: bool = False) -> None:
        self.behind, self._ahead, self._whole = behind, ahead, whole
        self._epoch, self._begun = -1, 0.0
        """when its time 0 was, on the monotonic clock"""
        self.error: InputError | None = None
        self.packets = self.bytes = self.dropped = 0
        self.restamped = 0
        self.keyframes = 0.0
        """seconds between the last two keyframes"""
        self._waiting: deque[Arrived] = deque()
        self._came = threading.Condition()
        self.ended = False

    def put(self, arrived: Arrived) -> None:
        with self._came:
            self.packets += 1
            self.bytes += arrived.packet.size
            if self._ahead or self._whole:
                arrived = self._in_time(arrived)
                while len(self._waiting) >= ROOM and (self._whole or arrived.given > time.monotonic()):
                    self._came.wait(0.1)
            if len(self._waiting) >= MOST:
                self._drop()
            self._waiting.append(arrived)
            self._came.notify()

    def _in_time(self, arrived: Arrived) -> Arrived:
        """It is held to be given when it would have come at the stream's own pace, where it comes before that."""
        if arrived.epoch != self._epoch:
            self._epoch, self._begun = arrived.epoch, arrived.given - arrived.time
        return replace(arrived, given=max(arrived.given, self._begun + arrived.time))

    def end(self, error: InputError | None) -> None:
        with self._came:
            self.error, self.ended = error, True
            self._came.notify()

    def take(self, patience: float) -> Arrived | None:
        """The next packet, or None after ``patience`` seconds or at the end."""
        with self._came:
            if not self._waiting and not self.ended:
                self._came.wait(patience)
            if self._ahead or self._whole:
                self._came.notify_all()  # there is room
            return self._waiting.popleft() if self._waiting else None

    @property
    def over(self) -> bool:
        return self.ended and not self._waiting

    @property
    def lag(self) -> float:
        """Seconds that the packet to be decoded next has waited here, since its time came."""
        with self._came:
            late = time.monotonic() - self._waiting[0].given if self._waiting and not self._whole else 0.0
            return max(0.0, late)

    def drop_to_keyframe(self) -> int:
        """Give up all before the newest keyframe that waits. How many were given up."""
        with self._came:
            return self._drop()

    def _drop(self) -> int:
        at = next((n for n in range(len(self._waiting) - 1, 0, -1) if self._waiting[n].packet.is_keyframe), 0)
        if not at and len(self._waiting) >= MOST:
            at = len(self._waiting)
        for _ in range(at):
            self._waiting.popleft()
        self.dropped += at
        return at


def demux(container: Any, stream: Any, backlog: Backlog, since: float, *, pipe: bool, copier: Copier | None = None) -> None:
    """Take packets until there are no more; the body of the demux thread. ``since``: when the source was begun to be opened."""
    error: InputError | None = None
    try:
        _take_all(container, stream, backlog, since, pipe, copier)
    except Silent:
        error = InputError("source_silent", "the source gave nothing any more")
    except (AvError, OSError) as fault:
        said = str(getattr(fault, "strerror", "") or fault).lower()
        silent = "immediate exit" in said or "timed out" in said
        error = InputError("source_silent" if silent else "source_lost", f"the source ended: {said}")
    backlog.end(error)


def arriving(packets: Iterable[Any], base: float, since: float) -> Iterator[tuple[Any, float]]:
    """Packets, and when they came on the monotonic clock. ``base``: seconds of a stamp's tick.

    The first ones were read to find out what the stream is, and are given at once when it is known. They came before the first one that
    is waited for, by as much as their stamps are before its own, and not before ``since``. (Libav can throw them away, ``nobuffer``;
    then the first keyframe is thrown away too, and the next one is waited for: 1 to 10 s with most cameras.)
    """
    held: list[Any] = []
    opened = before = time.monotonic()
    packets, fault = iter(packets), None
    try:
        for packet in packets:
            now = time.monotonic()
            held.append(packet)
            if now - before >= WAITED or len(held) >= HELD or now - opened > HELD_SECONDS:
                break
            before = now
    except (AvError, OSError) as error:  # what came before it is told first
        fault = error
    _date_first(held)
    now = time.monotonic()
    newest = _stamp(held[-1]) if held else None
    for packet in held:
        stamp = _stamp(packet)
        earlier = 0.0 if stamp is None or newest is None else (newest - stamp) * base
        yield packet, max(now - earlier, min(since, now)) if earlier > 0 else now
    if fault is not None:
        raise fault
    for packet in packets:
        yield packet, time.monotonic()


def _date_first(held: list[Any]) -> None:
    """Over RTSP the first packet has no stamp: it gets the one that it has by those after it."""
    dated = [number for number, packet in enumerate(held) if _stamp(packet) is not None][:2]
    if len(dated) == 2 and dated[0] > 0:
        first, second = (_stamp(held[number]) or 0 for number in dated)
        step = (second - first) // (dated[1] - dated[0])
        for number in range(dated[0]):
            held[number].pts = held[number].dts = first - step * (dated[0] - number)


def believe(packet: Any, base: float) -> None:
    """A damaged packet may say that it is shown hours after it is decoded: it is shown when it is decoded then."""
    if packet.pts is not None and packet.dts is not None and abs(packet.pts - packet.dts) * base > APART:
        packet.pts = packet.dts


def _stamp(packet: Any) -> int | None:
    return packet.dts if packet.dts is not None else packet.pts  # type: ignore[no-any-return]


def _take_all(container: Any, stream: Any, backlog: Backlog, since: float, pipe: bool, copier: Copier | None) -> None:
    timeline, base = Timeline(), float(stream.time_base)
    rate = float(stream.average_rate or stream.guessed_rate or 25)
    undated = container.format.name == "mpjpeg"  # its stamps are a count of pictures, at a rate that nobody told
    begun, started, keyed, stamp, report = time.monotonic(), False, 0.0, 0.0, None
    packets = (packet for packet in demuxed(container, stream) if packet.size)
    for packet, arrival in arriving(packets, base, since) if not pipe else ((packet, time.monotonic()) for packet in packets):
        if not started and not packet.is_keyframe and arrival - begun < NO_KEYFRAME:
            continue
        started = True
        if undated:
            packet.pts = packet.dts = None
        believe(packet, base)
        ticks = _stamp(packet)
        if ticks is not None:
            stamp = ticks * base
        elif undated:
            stamp = arrival
        elif pipe:  # a raw stream has no stamps: its rate is all that is known of its time
            stamp += 1 / rate
        placed = timeline.see(stamp if ticks is not None or undated or pipe else None, arrival)
        raw = packet.pts * base if packet.pts is not None else placed.time - placed.shift
        shift = round(placed.time / base) - ticks if ticks is not None else 0
        if ticks is None:
            packet.pts = packet.dts = round(placed.time / base)
        elif shift:
            packet.pts = None if packet.pts is None else packet.pts + shift
            packet.dts = None if packet.dts is None else packet.dts + shift
        backlog.restamped = timeline.restamped
        if packet.is_keyframe:
            backlog.keyframes, keyed = (placed.time - keyed if keyed else 0.0), placed.time
        report = report_of(packet) or report
        taken = taken_at(packet)
        if copier is not None:
            copier.see(packet, placed.epoch, arrival)
        came = Arrived(packet, placed.time, placed.epoch, raw, arrival, time.monotonic(), taken[0] if taken else None, report)
        backlog.put(came)
