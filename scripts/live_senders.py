"""Senders for benches of live streams: what they say and how they end is told, since a bench without pictures tells nothing else.

    udp    datagrams on 127.0.0.1            http   TCP on 127.0.0.1, read by our own client
    file   a file that grows: no socket      rtmp   pushed over TCP by ffmpeg's binary, where imageio-ffmpeg is

All but rtmp come from one process (tests/support/paced_sender.py), which needs PyAV and nothing else.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/support"))

import socket

from ports import free_port

from models.engines.echo import EchoCaptioner
from pipeline.live.events import Event
from pipeline.live.opening import Live
from pipeline.live.outputs.base import Output
from pipeline.options.live import LiveSettings

WAYS = ("udp", "http", "file")
"""in the order in which they are tried"""
READY = 120.0
"""seconds to load PyAV and to encode the clip"""
FIRST = 60.0
"""seconds from a sender that is ready to the first picture, a slow start of the reading process included"""
AHEAD = -10
"""niceness of senders, where that may be: a camera has a processor of its own"""
_PACED = Path(__file__).parents[1] / "tests/support/paced_sender.py"


class NoPicture(Exception):
    """No picture came; the text says what is known of why."""


class Sender:
    """Sends ``count`` streams while its block lasts; ``urls`` are their addresses."""

    def __init__(self, way: str, size: str, rate: int, count: int) -> None:
        self.way, self.told = way, dict[str, Any]()
        """``told``: what the sender said last"""
        self._size, self._rate, self._count = size, rate, count
        self._stack, self._ready = ExitStack(), threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self.urls: list[str] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scenescribe-senders-")))
            if self.way == "rtmp":
                self._push(stack, folder)
            else:
                self._pace(stack, folder)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _push(self, stack: ExitStack, folder: Path) -> None:
        from senders import FFMPEG, picture, sending_again

        clip = folder / "clip.flv"
        arguments = [*picture(size=self._size, rate=self._rate, seconds=60.0)[1:], "-g", str(self._rate), "-f", "flv", str(clip)]
        subprocess.run([FFMPEG, "-v", "error", "-y", *arguments], check=True, stdin=subprocess.DEVNULL)
        self.urls = [f"rtmp://127.0.0.1:{free_port()}/live/film" for _ in range(self._count)]
        self._said = [
            stack.enter_context(sending_again("-re", "-stream_loop", "-1", "-i", clip, "-c", "copy", "-f", "flv", url))
            for url in self.urls
        ]

    def _pace(self, stack: ExitStack, folder: Path) -> None:
        if self.way == "file":
            path = folder / "growing.ts"
            path.touch()
            targets, self.urls = [str(path)], [str(path)] * self._count
        else:
            targets = [str(free_port()) for _ in range(self._count)]
            end = "/live.ts" if self.way == "http" else ""
            self.urls = [f"{self.way}://127.0.0.1:{port}{end}" for port in targets]
        self._words = words = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        self._process = process = subprocess.Popen(
            [sys.executable, "-u", str(_PACED), self._size, str(self._rate), self.way, *targets],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words, text=True,
        )  # fmt: skip
        listening = threading.Thread(target=self._listen, daemon=True)
        listening.start()
        stack.callback(listening.join)
        stack.callback(process.wait)
        stack.callback(process.kill)
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, process.pid, AHEAD)
        self._ready.wait(READY)
        if not self.told.get("ready"):
            raise NoPicture(f"the sender was not ready within {READY:.0f} s: {self.state()}")

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        with self._process.stdout as said:
            for line in said:
                with suppress(ValueError):
                    self.told |= json.loads(line)
                self._ready.set()
        with suppress(subprocess.TimeoutExpired):  # it says nothing more: its exit code is to be told
            self._process.wait(READY)
        self._ready.set()

    def state(self) -> str:
        """What is known of the sender, in a line."""
        if self._process is None:
            return "; ".join(sorted({one.words or "ffmpeg said nothing" for one in self._said}))
        code = self._process.poll()
        size = os.fstat(self._words.fileno()).st_size
        words = os.pread(self._words.fileno(), 500, max(0, size - 500)).decode(errors="replace").strip().splitlines()
        return f"the sender {'runs' if code is None else f'ended with {code}'}, told {self.told}, said {words[-1] if words else 'nothing'!r}"


class First(Output):
    """Until the first stream is live; and what was told of sources."""

    name = "first"

    def __init__(self) -> None:
        super().__init__()
        self.live, self.told = asyncio.Event(), list[str]()

    def offer(self, event: Event) -> None:
        if event["event"] == "source":
            self.told.append(" ".join(filter(None, (event["state"], event.get("reason"), event.get("message")))))
            if event["state"] == "live":
                self.live.set()


async def arrives(way: str, size: str, rate: int, settings: LiveSettings) -> None:
    """Read one stream until its first picture. Raises NoPicture."""
    try:
        with Sender(way, size, rate, 1) as sender:
            live = Live.of(
                [f"first={sender.urls[0]}"], settings.model_copy(update={"engine": "echo", "model": None, "engine_arg": ()})
            )
            async with live.engine(captioner=EchoCaptioner()) as engine:
                station, first = live.station(engine), First()
                station.outputs.append(first)
                running = asyncio.create_task(station.run())
                with suppress(TimeoutError):
                    async with asyncio.timeout(FIRST):
                        await first.live.wait()
                station.stop()
                await running
                if not first.live.is_set():
                    raise NoPicture(f"{sender.state()}; {await asyncio.to_thread(plainly, sender)}; sources: {first.told[-6:]}")
    except (OSError, subprocess.SubprocessError, ImportError) as error:
        raise NoPicture(f"{type(error).__name__}: {error}") from None


def plainly(sender: Sender) -> str:
    """Whether what is sent reaches anybody: a plain socket in place of our reader."""
    url = sender.urls[0]
    try:
        if sender.way == "udp":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
                plain.bind(("127.0.0.1", int(url.rpartition(":")[2])))
                plain.settimeout(5)
                return f"a plain socket got a datagram of {len(plain.recv(2048))} bytes"
        if sender.way == "http":
            with urllib.request.urlopen(url, timeout=5) as answer:
                return f"a plain client got {len(answer.read(1316))} bytes"
        if sender.way == "file":
            return f"the file has {os.stat(url).st_size} bytes"
    except OSError as error:
        return f"a plain socket got nothing either ({error})"
    return "no other reader was tried"


async def way_that_works(asked: str, size: str, rate: int, settings: LiveSettings, ways: Sequence[str] = WAYS) -> str:
    """``asked``, or of ``auto`` the first by which a picture comes; tried before a model is loaded. Ends the program where none does."""
    reasons = []
    for way in ways if asked == "auto" else (asked,):
        try:
            await arrives(way, size, rate, settings.model_copy(update={"accept": way == "rtmp"}))
            return way
        except NoPicture as error:
            reasons.append(f"--by {way}: {error}")
            print(f"no picture by {way}: {error}", file=sys.stderr, flush=True)
    raise SystemExit("scripts/bench live: no picture reaches a reading process here\n" + "\n".join(reasons))
