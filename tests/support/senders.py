"""Real senders of live pictures: ffmpeg as the other side of every kind of source."""

import contextlib
import subprocess
import threading
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


@contextlib.contextmanager
def sending_again(*arguments: str | Path) -> Iterator[None]:
    """As ``sending``, and anew whenever it ends: a listener of ffmpeg's serves one connection, and who pushes comes before somebody listens."""
    over = threading.Event()

    def send() -> None:
        while not over.is_set():
            with sending(*arguments) as process:
                while process.poll() is None and not over.wait(0.2):
                    pass

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
