"""Who listens to events by server-sent events, over whichever server: what was told last is kept for those who come back.

A client that is too slow is cut off, and asks for what it missed when it comes back with ``Last-Event-ID``.
"""

import asyncio
import io
import secrets
from collections import deque
from collections.abc import AsyncIterator

from pipeline.frames import Image
from pipeline.live.events import Event, line
from pipeline.live.metrics import Latencies
from pipeline.live.outputs.base import Output

KEPT = 1000
CLIENTS = 64
WAITING = 200
"""events that a client may be behind"""
EVERY = 15.0
"""seconds of silence after which a comment is sent: proxies cut what is silent"""
SLIMMEST = 8.0
"""of a picture that is shown: its longer side by the other. A stranger's stream may say that it is a pixel high"""


class Listeners(Output):
    name = "listeners"

    def __init__(self) -> None:
        super().__init__()
        self._boot = secrets.token_hex(4)
        """ids of another run of the command mean nothing here"""
        self._number = 0
        self._over = False
        self._kept: deque[tuple[int, Event]] = deque(maxlen=KEPT)
        self._clients: set[asyncio.Queue[tuple[int, Event] | None]] = set()
        self.latest: dict[str, Event] = {}
        """the newest caption of each stream"""
        self.latencies = Latencies()

    @property
    def full(self) -> bool:
        """Whether as many listen as may."""
        return len(self._clients) >= CLIENTS

    def offer(self, event: Event) -> None:
        """Every client has a bounded queue; this never waits."""
        if event["event"] == "heartbeat":
            return
        self._number += 1
        self._kept.append((self._number, event))
        if event["event"] == "caption":
            self.latest[event["stream"]] = event
            self.latencies.add(event["stream"], event.get("latency", {}))
        for client in list(self._clients):
            if client.qsize() >= WAITING:
                self._clients.discard(client)
                self.lost += 1
                client.get_nowait()
                client.put_nowait(None)
            else:
                client.put_nowait((self._number, event))

    async def open(self) -> None:
        """Nothing is to be opened: who listens comes by himself."""

    async def close(self) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        """Nothing more is told, and who comes now is sent away: he would hold up the end."""
        self._over = True
        for client in self._clients:
            client.put_nowait(None)

    async def told(self, last: str) -> AsyncIterator[bytes]:
        """What a client is sent: first what it missed, then what comes."""
        from fastapi.sse import format_sse_event

        mine: asyncio.Queue[tuple[int, Event] | None] = asyncio.Queue()
        boot, _, number = last.partition("-")
        after = int(number) if boot == self._boot and number.isdecimal() and len(number) < 19 else 0 if last else self._number
        missed = [(n, event) for n, event in self._kept if n > after]
        self._clients.add(mine)
        try:
            for n, event in missed:
                yield format_sse_event(data_str=line(event), event=event["event"], id=f"{self._boot}-{n}")
            while not self._over or not mine.empty():
                try:
                    async with asyncio.timeout(EVERY):
                        item = await mine.get()
                except TimeoutError:
                    yield format_sse_event(comment="ping")
                    continue
                if item is None:
                    return
                yield format_sse_event(data_str=line(item[1]), event=item[1]["event"], id=f"{self._boot}-{item[0]}")
        finally:
            self._clients.discard(mine)


def jpeg(picture: Image, shape: tuple[int, int] | None) -> bytes:
    """A picture as a file. ``shape``: (width, height) of the stream's own, in whose proportions it is shown; models see squares."""
    from PIL import Image as Pillow

    file, image = io.BytesIO(), Pillow.fromarray(picture)
    if shape is not None:
        width, height = image.size
        wide = min(max(shape[0] / shape[1], 1 / SLIMMEST), SLIMMEST)
        image = image.resize((max(width, round(height * wide)), max(height, round(width / wide))))
    image.save(file, "JPEG", quality=80)
    return file.getvalue()
