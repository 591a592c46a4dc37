"""One connection to a source: its reading process, and what feeds that process where it may not connect itself.

rtsp udp rtmp sdp device     [child]
http, HLS                    fetch (here) -> pipe -> [child]
srt rist, DASH               ffmpeg -> pipe -> [child]
a file that grows            tail (here) -> pipe -> [child]
-                            descriptor -> [child]
"""

import asyncio
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from pipeline.accident import failure
from pipeline.errors import InputError
from pipeline.live.address import ENDS, SOCKETS, STREAMED, WHITELISTS, Address, Kind
from pipeline.live.plan import Plan
from pipeline.live.verdict import Verdict
from pipeline.safe_open import MEGABYTE, read_bytes
from pipeline.video.live.feed import Feed
from pipeline.video.live.messages import Ended, Open, Opening, Said
from pipeline.video.live.process import Spares

OPEN_SECONDS, READ_SECONDS = 10.0, 5.0
SENDER_SILENT = 10.0
"""seconds that a sender which was waited for may say nothing, before it has sent a picture too: one at a time has the door"""
PIPE_PAUSE = 60.0
"""seconds that standard input may be quiet: nobody else can be asked for it, and another process would find it without its beginning"""
PIXELS = 1 << 26


class Feeder(Protocol):
    """Something of ours that fills a pipe. ``run`` ends with a verdict; ``taken_at`` is the UTC of a stamp, where it knows."""

    @property
    def hold(self) -> float:
        """Seconds between two bursts, at most, in a healthy stream."""
        ...

    async def run(self, fd: int) -> Verdict: ...

    def taken_at(self, raw: float) -> tuple[float, object] | None: ...


class Connection:
    """The process and its feeder. ``on_message`` gets what the process says; its ``Ended`` comes with the feeder's verdict."""

    def __init__(
        self, plan: Plan, spares: Spares, *, phase: float, on_message: Callable[[Said], None], memory: object = None
    ) -> None:
        """``memory``: what the connection before knew (``memory`` of it), where this one is to go on from there."""
        self._on_message, self._name = on_message, plan.name
        self.feeder = _feeder(plan, memory)
        self._task: asyncio.Task[Verdict] | None = None
        self.whole = False
        """whether it is a file on standard input: nothing of it is late"""
        fd, self._pause = None, PIPE_PAUSE if plan.address.kind is Kind.STDIN else 0.0
        if self.feeder is not None:
            fd, theirs = os.pipe2(os.O_CLOEXEC)
            self._task = asyncio.create_task(self._feed(theirs), name="feeder")
        elif plan.address.kind is Kind.STDIN:
            fd = os.dup(0)
            self.whole = stat.S_ISREG(os.fstat(fd).st_mode)
        elif plan.address.kind is Kind.SDP:
            fd = _sdp(plan.address)
        # what comes in bursts waits a burst long, and is not behind for that
        asked = Open(
            opening=replace(_opening(plan, self.hold), whole=self.whole), fps=plan.fps, phase=phase, pixels=PIXELS,
            copy=plan.copy, behind=5.0 if plan.address.kind is Kind.HTTP else 1.0,
        )  # fmt: skip
        self._spares, self._ends = spares, plan.address.kind in ENDS
        self._kind = "network" if plan.address.kind in SOCKETS else "device" if plan.address.kind is Kind.DEVICE else "pipe"
        self.feed = Feed(asked, spares.take(self._kind), fd=fd, on_message=self._hear)

    def prepare_next(self) -> None:
        """This one has pictures: see that a process stands ready for the one after it, where there will be one."""
        if not self._ends:
            self._spares.prepare(self._kind)

    @property
    def memory(self) -> object:
        """What a new connection may go on from; None where there is nothing."""
        return getattr(self.feeder, "memory", None)

    @property
    def hold(self) -> float:
        """Seconds that the source may be quiet between two bursts."""
        return self.feeder.hold if self.feeder is not None else self._pause

    def taken_at(self, raw: float) -> tuple[float, object] | None:
        return self.feeder.taken_at(raw) if self.feeder is not None else None

    async def _feed(self, fd: int) -> Verdict:
        assert self.feeder is not None
        try:
            return await self.feeder.run(fd)
        except InputError as error:
            return Verdict(error.code, error.message)
        except BrokenPipeError:
            return Verdict("reader_died", "the reading process ended")
        except Exception as error:
            wrong = failure(Path(self._name), error)
            return Verdict(wrong.code, wrong.message)
        finally:
            os.close(fd)

    def _hear(self, message: Said) -> None:
        if isinstance(message, Ended) and self._task is not None:
            # the process ends when its pipe does: why that ended is known a moment later, if it is
            task = self._task
            if not task.done() and message.code == "ended":
                task.add_done_callback(lambda _: self._judge(message, task))
                return
            self._judge(message, task)
        else:
            self._on_message(message)

    def _judge(self, message: Ended, task: "asyncio.Task[Verdict]") -> None:
        if task.done() and not task.cancelled() and task.exception() is None:
            verdict = task.result()
            if verdict.code != "reader_died":
                message = replace(message, code=verdict.code, message=verdict.message or message.message)
        self._on_message(message)

    async def close(self) -> None:
        """End all of it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(None, self.feed.close)


def _opening(plan: Plan, hold: float) -> Opening:
    address = plan.address
    options: dict[str, str] = {}
    url, format, formats, pipe = address.url, "", STREAMED, True
    match address.kind:
        case Kind.RTSP:
            options = {"rtsp_transport": plan.transport, "allowed_media_types": "video"}
            format, formats, pipe = "rtsp", "", False
        case Kind.UDP:
            url += ("&" if "?" in url else "?") + "fifo_size=50000&overrun_nonfatal=1"
            format, formats, pipe = "mpegts", "mpegts", False
        case Kind.RTMP:
            options = {"listen": "1", "rw_timeout": str(round(SENDER_SILENT * 1e6))} if plan.accept else {"rtmp_live": "live"}
            format, formats, pipe = "flv", "flv,live_flv", False
        case Kind.SDP:
            format, formats, pipe = "sdp", "", False
        case Kind.DEVICE:
            options = {"input_format": "mjpeg", "timestamps": "mono2abs"}
            format, formats, pipe = "video4linux2", "", False
        case _:
            url = "pipe:"
    waits = plan.address.kind is Kind.RTMP and plan.accept
    return Opening(
        url=url, format=format, formats=formats, protocols=WHITELISTS[address.kind], options=options, pipe=pipe,
        open_seconds=86400.0 if waits else max(OPEN_SECONDS, hold), read_seconds=max(READ_SECONDS, hold),
        once=address.kind is Kind.STDIN, one_size=address.kind in (Kind.STDIN, Kind.GROWING),
    )  # fmt: skip


def _sdp(address: Address) -> int:
    """The SDP as a file in memory: the process opens no file of ours. Raises InputError ``not_found``."""
    try:
        text = read_bytes(Path(address.url), MEGABYTE)
    except OSError as error:
        raise InputError("not_found", f"{address.shown}: {(error.strerror or str(error)).lower()}") from None
    fd = os.memfd_create("scenescribe-sdp", os.MFD_CLOEXEC)
    os.write(fd, text)
    return fd


def _feeder(plan: Plan, memory: object) -> Feeder | None:
    if plan.address.kind is Kind.HTTP:
        from pipeline.live.http.feeder import Web

        return Web(plan.address.url, plan.allow_host, memory)
    if plan.address.kind is Kind.GROWING:
        from pipeline.live.tail import Tail

        return Tail(plan.address.url, idle_end=plan.idle_end)
    if plan.address.kind is Kind.BRIDGE:
        from pipeline.live.bridge import Bridge

        return Bridge(plan.address, plan.allow_host)
    return None
