"""Real senders of live pictures: ffmpeg as the other side of every kind of source."""

import contextlib
import random
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
ENCODED = ("-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "10")


def picture(*, size: str = "320x180", rate: int = 10, seconds: float | None = None, still: bool = False) -> tuple[str, ...]:
    """ffmpeg's arguments for a drawn picture that goes on at the pace of a camera."""
    source = f"color=c=teal:size={size}:rate={rate}" if still else f"testsrc2=size={size}:rate={rate}"
    length = () if seconds is None else ("-t", str(seconds))
    return ("-re", "-f", "lavfi", "-i", source, *length, *ENCODED)


def free_port() -> int:
    """An even port of this machine that nobody has, by UDP and TCP, nor the one after it (RTP's reports go there).

    It is none of those that the kernel gives to who asks for any: whoever connects somewhere would take it before its program has it.
    """
    for _ in range(1000):
        port = 2 * random.SystemRandom().randrange(6000, 16000)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                for one in (port, port + 1):
                    stack.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", one))
            return port
    raise RuntimeError("no port of this machine is free")


@contextlib.contextmanager
def sending(*arguments: str | Path, stdout: int | None = None, before: Sequence[str] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """ffmpeg with these arguments, ended at the block's end."""
    process = subprocess.Popen(
        [FFMPEG, "-nostdin", "-hide_banner", "-v", "error", *before, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if stdout is None else stdout,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
