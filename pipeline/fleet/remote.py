"""One host, seen from the coordinator, through its deaths and starts.

OFF -> OPENING -> LOADING -> READY          RESTING: it died, and is started again after a pause
         |          |          |            OUT: it died too often, or can't be
         `----------`----------`-> RESTING -> OPENING ...   or OUT
"""

import asyncio
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from pipeline.fleet import local, messages
from pipeline.fleet.codec import HungUp, encode, receive
from pipeline.fleet.messages import FROM_HOST, Message
from pipeline.fleet.placement import Placement

RESTARTS = 3
WITHIN = 600.0
"""seconds: a host that dies more than RESTARTS times WITHIN is out"""
BACK_OFF = (1.0, 5.0, 20.0)
"""seconds before the first, second and third restart"""
SILENCE = 120.0
"""seconds without a sign of life: a host says one twice a second"""
FIRST = 600.0
"""seconds until its first one: a node loads Ray's worker and then the host's modules, on cores that others may want; one that dies of it
is noticed at once, and one that is ended for being slow begins at nothing again"""


class State(StrEnum):
    """See the module."""

    OFF = "off"
    OPENING = "opening"
    LOADING = "loading"
    READY = "ready"
    RESTING = "resting"
    OUT = "out"


@dataclass(slots=True)
class Pulse:
    """Totals of a host's engine, those of its earlier lives in them."""

    in_flight: int = 0
    waiting: int = 0
    peak: tuple[int, int] = (0, 0)
    deaths: int = 0
    hungry: float = 0.0
    fed: float = 0.0
    full: float = 0.0
    gauges: dict[str, Any] = field(default_factory=dict)


class Process(Protocol):
    """What leads a host's life: a child process, or what stands for one on another machine."""

    @property
    def pid(self) -> int | None: ...

    def poll(self) -> int | None: ...

    def wait(self) -> int: ...

    def kill(self) -> None: ...


Launch = Callable[[Placement, Path | None], tuple[Process, socket.socket]]
"""starts a host: its process and our end of its socket. Raises OSError"""


class RemoteHost:
    """All methods belong to one event loop. ``on_message`` and ``on_end`` are the coordinator's."""

    def __init__(
        self,
        placement: Placement,
        opening: messages.Open,
        log: Path | None,
        *,
        on_message: Callable[["RemoteHost", FROM_HOST], None],
        on_end: Callable[["RemoteHost"], None],
        launch: Launch = local.launch,
    ) -> None:
        self._launch = launch
        self.placement, self.state = placement, State.OFF
        self.places = 0
        """units that it would take now"""
        self.limit = self.reading = 0
        self.engine_version = ""
        self.pulse = Pulse()
        self.starts: list[tuple[float, float]] = []
        """when each start began and when the model was ready, on time.monotonic's clock"""
        self._before = Pulse()
        self._opening, self._log = opening, log
        self._on_message, self._on_end = on_message, on_end
        self._process: Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._following: asyncio.Task[None] | None = None
        self._deaths: deque[float] = deque()
        self._began = 0.0
        self._closing = False

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def alive(self) -> bool:
        """Whether there is a process that does, or soon will do, as it is told."""
        return self.state in (State.OPENING, State.LOADING, State.READY)

    def start(self) -> None:
        """Start the process; what it says comes to ``on_message``. Raises OSError."""
        self._process, link = self._launch(self.placement, self._log)
        self.state, self._began = State.OPENING, time.monotonic()
        self._following = asyncio.create_task(self._follow(link), name=f"host {self.placement.number}")

    def send(self, message: Message) -> None:
        """Tell it something; one that is dead hears nothing, and its end is told soon."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(encode(message))

    def kill(self) -> None:
        """End the process at once; its engine and decoders end with it."""
        if self._process is not None and self._process.poll() is None:
            with suppress(OSError):
                self._process.kill()

    async def close(self, patience: float) -> None:
        """End it in order, or after ``patience`` seconds at once; its end is not told."""
        self._closing = True
        if self._process is not None and self._process.poll() is None:
            self.send(messages.Close())
            ended = asyncio.ensure_future(asyncio.to_thread(self._process.wait))
            await asyncio.wait([ended], timeout=patience)
            self.kill()
            await ended
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        self._process = self._following = None
        self._closing, self.state, self.places = False, State.OFF, 0

    def rest(self) -> float | None:
        """It died: seconds until it may be started again, None where it may not."""
        now = time.monotonic()
        self._deaths.append(now)
        while self._deaths[0] < now - WITHIN:
            self._deaths.popleft()
        if len(self._deaths) > RESTARTS:
            self.state = State.OUT
            return None
        self.state = State.RESTING
        return BACK_OFF[len(self._deaths) - 1]

    def ready(self, message: messages.Ready) -> None:
        """The model is loaded."""
        self.state, self.engine_version, self.limit = State.READY, message.engine_version, message.limit
        now = time.monotonic()
        self.starts.append((max(self._began, now - message.seconds), now))

    def felt(self, message: messages.Pulse) -> None:
        """How its engine does."""
        before = self._before
        self.pulse = Pulse(
            message.in_flight, message.waiting, max(before.peak, message.peak), before.deaths + message.deaths,
            before.hungry + message.hungry, before.fed + message.fed, before.full + message.full, message.gauges,
        )  # fmt: skip

    async def _follow(self, link: Any) -> None:
        reader, self._writer = await asyncio.open_connection(sock=link)
        self.send(self._opening)
        try:
            with suppress(HungUp, TimeoutError):
                patience = FIRST
                while True:
                    async with asyncio.timeout(patience):
                        message = await receive(reader, FROM_HOST)
                    patience = SILENCE
                    self._on_message(self, message)
        finally:
            self.kill()  # one that hangs, or speaks nonsense
            self._writer.close()
            self._writer, self.places = None, 0
            self._before = self.pulse
            self._before.deaths += 1
            self._before.in_flight = self._before.waiting = 0
        assert self._process is not None
        await asyncio.to_thread(self._process.wait)
        if not self._closing:
            self._on_end(self)
