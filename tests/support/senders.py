"""Real senders of live pictures: ffmpeg as the other side of every kind of source."""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
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
    """ffmpeg with these arguments, ended at the block's end; that it failed before that is told on the standard error."""
    with _sending(*arguments, stdout=stdout, before=before) as (process, words):
        try:
            yield process
        finally:
            if said := words():
                print(said, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _sending(
    *arguments: str | Path, stdout: int | None = None, before: Sequence[str] = ()
) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], str]]]:
    """The process, and what it said if it failed."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [FFMPEG, "-nostdin", "-hide_banner", "-v", "error", *before, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if stdout is None else stdout,
            stderr=said,
        )

        def words() -> str:
            if not process.poll():  # it runs, or ended well
                return ""
            size = os.fstat(said.fileno()).st_size
            last = os.pread(said.fileno(), 500, max(0, size - 500)).decode(errors="replace").strip().splitlines()
            return f"ffmpeg ended with {process.returncode}: {last[-1] if last else 'it said nothing'}"

        try:
            yield process, words
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


class Again:
    """Of a sender that is started again and again."""

    words = ""
    """what the last one said that failed"""


@contextlib.contextmanager
def sending_again(*arguments: str | Path) -> Iterator[Again]:
    """As ``sending``, and anew whenever it ends: a listener of ffmpeg's serves one connection, and who pushes comes before somebody listens."""
    over, again = threading.Event(), Again()

    def send() -> None:
        while not over.is_set():
            with _sending(*arguments) as (process, words):
                while process.poll() is None and not over.wait(0.2):
                    pass
                again.words = words() or again.words

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield again
    finally:
        over.set()
        thread.join()
