"""What a host's process does as its coordinator says: units of work, single requests, and signs of life."""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from pipeline.accident import failure
from pipeline.caption_stream import LocalStream, Told
from pipeline.captioning.tally import Tally
from pipeline.engine.gate import Priority
from pipeline.errors import EnvironmentFault, RequestError, ScenescribeError, UsageError
from pipeline.fleet import messages
from pipeline.fleet.codec import HungUp, encode, receive, told
from pipeline.fleet.messages import TO_HOST, Message
from pipeline.fleet.requests import plain, unpacked
from pipeline.fleet.units import Unit
from pipeline.host import Host
from pipeline.options.caption import Settings
from pipeline.sources.film import FilmSource
from pipeline.stretch import Indivisible
from pipeline.types import Caption, Window, span_of

PULSE = 0.5
"""seconds between two signs of life"""
GAUGES = 4
"""pulses between two looks at the engine's own gauges"""
PATIENCE = 6.0
"""seconds from the end of the socket to the end of the process, whatever hangs"""

log = logging.getLogger(__name__)


class HostProcess:
    """One host and the socket that it is led by."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._units: dict[int, asyncio.Task[None]] = {}
        self._requests: dict[int, asyncio.Task[None]] = {}
        self._reading: set[int] = set()
        self._wanted = 0
        self._helpers: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until ``Close``, or the socket's end."""
        opening = await receive(self._reader, TO_HOST)
        if not isinstance(opening, messages.Open):
            raise HungUp("the first message opens the host")
        try:
            settings = Settings(**opening.settings)
            self.host = Host(settings, verbose=opening.verbose, profile=opening.profile, sharing=opening.sharing)
        except ScenescribeError as error:
            self._send(messages.Fault(error=told(error)))
            await self._writer.drain()
            return
        async with self.host:
            self._send(messages.Opened(limit=self.host.engine.limit, reading=self.host.limits.reading))
            self.host.engine.on_ready.append(self._ready)
            self.host.engine.on_change.append(self._pull)
            self._spawn(self._warm())
            self._spawn(self._pulse())
            self._pull()
            with suppress(HungUp):
                while not isinstance(message := await receive(self._reader, TO_HOST), messages.Close):
                    self._do(message)
            threading.Thread(target=_end_at_last, name="end", daemon=True).start()
            for task in (*self._units.values(), *self._requests.values(), *self._helpers):
                task.cancel()
            await asyncio.gather(*self._units.values(), *self._requests.values(), *self._helpers, return_exceptions=True)

    def _do(self, message: Message) -> None:
        match message:
            case messages.Grant(number=number, unit=unit):
                self._reading.add(number)
                self._units[number] = asyncio.create_task(self._work(number, unit))
                self._pull()
            case messages.Withdraw(number=number):
                self._cancel(self._units.pop(number, None))
                self._over(number)
            case messages.Ask(number=number):
                self._requests[number] = asyncio.create_task(self._ask(message))
            case messages.Forget(number=number):
                self._cancel(self._requests.pop(number, None))

    async def _work(self, number: int, unit: Unit) -> None:
        """One unit from beginning to end; what becomes of it is said."""
        tally, spans, loop = Tally(), list[tuple[float, float]](), asyncio.get_running_loop()

        def shown(window: Window) -> None:
            loop.call_soon_threadsafe(self._send, _shown(number, window, pictures=unit.pictures))

        def read() -> None:
            self._reading.discard(number)
            self._send(messages.Read(number=number))
            self._pull()

        def captioned(caption: Caption, position: float) -> None:
            self._send(messages.Captioned(number=number, caption=caption, position=position))

        on = Told(
            caption=captioned,
            notice=lambda notice: self._send(messages.Noted(number=number, notice=notice)),
            read=read,
            window=shown,
        )
        source = FilmSource(
            unit.info.path, self.host.pool, workers=self.host.decode_workers, info=unit.info, stretch=unit.stretch
        )
        known = {span_of(caption.start, caption.end): caption for caption in unit.known}
        try:
            async with LocalStream(self.host.engine, source, unit.recipe, known=known, on=on, tally=tally) as stream:
                async for caption in stream:
                    spans.append(span_of(caption.start, caption.end))
            done = messages.Done(
                number=number, spans=tuple(spans), shots=stream.shots, notices=stream.notices,
                decode_seconds=stream.decode_seconds, reader=stream.reader, tally=tally,
            )  # fmt: skip
            self._send(done)
        except (EnvironmentFault, UsageError) as error:
            self._send(messages.Fault(error=told(error)))
        except ScenescribeError as error:
            self._send(messages.Failed(number=number, error=told(error)))
        except Indivisible:
            self._send(messages.Whole(number=number))
        except Exception as error:
            self._send(messages.Failed(number=number, error=told(failure(unit.info.path, error))))
        self._units.pop(number, None)
        self._over(number)

    async def _ask(self, message: messages.Ask) -> None:
        number = message.number
        try:
            request = unpacked(message.request, message.payload)
            priority = Priority(request.priority)
            if not message.streamed:
                reply = await self.host.engine.ask(request, priority=priority, owner=number)
                self._send(messages.Answered(number=number, reply=plain(reply)))
                return
            async for piece in self.host.engine.stream(request, priority=priority, owner=number):
                if isinstance(piece, str):
                    self._send(messages.Piece(number=number, text=piece))
                else:
                    self._send(messages.Answered(number=number, reply=plain(piece)))
        except ScenescribeError as error:
            self._send(messages.Refused(number=number, error=told(error)))
        except (ValueError, KeyError, TypeError) as error:
            self._send(messages.Refused(number=number, error=told(RequestError("request_refused", str(error)))))
        finally:
            self._requests.pop(number, None)

    def _over(self, number: int) -> None:
        self._reading.discard(number)
        self._pull()

    def _pull(self) -> None:
        """Say how many units would be taken now, where that has changed: none while what is read waits for the engine."""
        limits, engine = self.host.limits, self.host.engine
        free = min(limits.reading - len(self._reading), limits.under_way - len(self._units))
        wanted = 0 if engine.waiting and len(self._reading) > 1 else max(0, free)
        if wanted != self._wanted:
            self._wanted = wanted
            self._send(messages.Wants(places=wanted))

    async def _warm(self) -> None:
        try:
            await self.host.engine.warm()
        except ScenescribeError as error:
            self._send(messages.Fault(error=told(error)))

    def _ready(self) -> None:
        engine = self.host.engine
        version, seconds = engine.captioner.engine_version, engine.last_start
        self._send(messages.Ready(engine_version=version, limit=engine.limit, seconds=seconds))

    async def _pulse(self) -> None:
        engine, beats, deaths = self.host.engine, 0, 0
        while True:
            if engine.deaths > deaths:
                deaths = engine.deaths
                self._send(messages.Loading())
            if beats % GAUGES == 0:
                await engine.gauges.look()
            beats += 1
            clock = engine.clock
            self._send(
                messages.Pulse(
                    in_flight=engine.in_flight, waiting=engine.waiting, peak=engine.peak, deaths=engine.deaths, hungry=clock.hungry,
                    fed=clock.fed, full=clock.full, gauges=dict(engine.gauges.latest),
                )
            )  # fmt: skip
            self._pull()
            await asyncio.sleep(PULSE)

    def _send(self, message: Message) -> None:
        if not self._writer.is_closing():
            self._writer.write(encode(message))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._helpers.add(asyncio.create_task(work))

    @staticmethod
    def _cancel(task: "asyncio.Task[None] | None") -> None:
        if task is not None:
            task.cancel()


def _shown(number: int, window: Window, *, pictures: bool) -> messages.Shown:
    """What a window shows, by its middle frame."""
    if not len(window.frames):
        return messages.Shown(
            number=number, index=window.index, start=window.start, end=window.end, time=window.start, rank=0, height=0, width=0
        )
    frame = window.frames[len(window.frames) // 2]
    height, width = frame.image.shape[:2]
    return messages.Shown(
        number=number, index=window.index, start=window.start, end=window.end, time=frame.time, rank=frame.index, height=height,
        width=width, payload=frame.image.tobytes() if pictures else b"",
    )  # fmt: skip


def _end_at_last() -> None:
    """Nothing that hangs keeps a GPU: the engine's processes end when this one does."""
    time.sleep(PATIENCE)
    os._exit(1)
