"""SRT, RIST and DASH, which the libav of PyAV does not have: ffmpeg's binary receives them and hands the packets on as they are.

What an MPD names is fetched through a proxy of ours, which asks no host but the MPD's own.
"""

import asyncio
import os
import re
import signal
from contextlib import suppress
from pathlib import Path

from pipeline.environment import child_environment
from pipeline.errors import EnvironmentFault, InputError
from pipeline.live.address import Address
from pipeline.live.http.hosts import Hosts
from pipeline.live.http.proxy import Proxy
from pipeline.live.pipes import write_all
from pipeline.live.verdict import Verdict

PROTOCOLS = {"srt": "srt,udp", "rist": "rist,udp,rtp"} | dict.fromkeys(("http", "https"), "http,https,tcp,tls,httpproxy")
FORMATS = dict.fromkeys(("srt", "rist"), "mpegts") | dict.fromkeys(("http", "https"), "dash,mov,mp4,matroska,webm,mpegts")
SAID = 4000
"""bytes of what ffmpeg says that are kept"""
MEMORY = 4 << 30
"""bytes: what packets need, and stacks of as many threads as there are cores"""
_HIDDEN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,19}://\S+")


class Bridge:
    """One run of ffmpeg: ``-c copy`` into MPEG-TS. Its process group dies with us."""

    def __init__(self, address: Address, allowed: tuple[str, ...] = ()) -> None:
        """``allowed``: hosts that an MPD may name beside its own."""
        self._address, self._allowed = address, allowed
        self.hold = 10.0  # the first packets come after the handshake and the protocol's own latency

    def taken_at(self, raw: float) -> None:
        """These protocols carry no clock."""
        return

    async def run(self, fd: int) -> Verdict:
        from pipeline.media.binary import find_ffmpeg

        try:
            program = await asyncio.to_thread(find_ffmpeg)
        except EnvironmentFault as fault:
            raise InputError(fault.code, fault.message) from None
        if self._address.scheme not in ("http", "https"):
            return await self._receive(program.path, fd, {})
        async with Proxy(Hosts(self._address.url, self._allowed), self._address.url) as proxy:
            through = {"http_proxy": proxy.address, "https_proxy": proxy.address, "no_proxy": ""}
            verdict = await self._receive(program.path, fd, through)
            if proxy.too_large:
                return Verdict("answer_too_large", proxy.too_large)
            return Verdict("host_refused", proxy.refused) if proxy.refused else verdict

    async def _receive(self, ffmpeg: Path, fd: int, environment: dict[str, str]) -> Verdict:
        scheme = self._address.scheme
        process = await asyncio.create_subprocess_exec(
            ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-fflags", "nobuffer", "-analyzeduration", "500000",
            "-probesize", "200000", "-protocol_whitelist", PROTOCOLS[scheme], "-format_whitelist", FORMATS[scheme],
            "-i", self._address.url, "-map", "0:v:0", "-c", "copy", "-f", "mpegts", "-flush_packets", "1", "-muxdelay", "0",
            "-copyts", "pipe:1",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=child_environment() | environment, start_new_session=True, preexec_fn=_confine,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        said = asyncio.create_task(_last_words(process.stderr))
        try:
            while piece := await process.stdout.read(1 << 16):
                await write_all(fd, piece)
            code = await process.wait()
            words = _HIDDEN.sub("the source", await said)
            return Verdict("source_lost", f"ffmpeg ended with {code}{f': {words}' if words else ''}")
        finally:
            said.cancel()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with suppress(ProcessLookupError):
                await process.wait()


async def _last_words(stream: asyncio.StreamReader) -> str:
    kept = b""
    while piece := await stream.read(1 << 12):
        kept = (kept + piece)[-SAID:]
    lines = kept.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def _confine() -> None:
    """It ends when its parent does, and writes to no more than MEMORY: what it fetches may be packed a thousand to one."""
    import ctypes
    import resource

    from pipeline import sandbox

    sandbox.limit(resource.RLIMIT_DATA, MEMORY)
    sandbox.limit(resource.RLIMIT_CORE, 0)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
