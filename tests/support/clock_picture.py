"""A picture that tells its own number and the time at which it was drawn, as bars; and ffmpeg that sends such pictures live.

upper half   48 bars: UTC in milliseconds, the highest bit first        lower half   32 bars: the picture's number, from 0
"""

import contextlib
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from senders import ENCODED, FFMPEG

WIDTH, HEIGHT = 384, 96
BITS, COUNT = 48, 32


def draw(utc_ms: int, number: int) -> NDArray[np.uint8]:
    """HEIGHT x WIDTH x 3."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for value, bits, rows in ((utc_ms, BITS, slice(0, HEIGHT // 2)), (number, COUNT, slice(HEIGHT // 2, HEIGHT))):
        shown = [value >> (bits - 1 - n) & 1 for n in range(bits)]
        picture[rows] = np.repeat(np.array(shown, np.uint8) * 255, WIDTH // bits)[None, :, None]
    return picture


def read(picture: NDArray[np.uint8]) -> tuple[int, int]:
    """(UTC in ms, number) of a picture of any size."""
    grey = picture.mean(axis=2)
    height, width = grey.shape

    def bars(row: int, bits: int) -> int:
        middles = [int((n + 0.5) * width / bits) for n in range(bits)]
        return int("".join("1" if grey[row, x] > 128 else "0" for x in middles), 2)

    return bars(height // 4, BITS), bars(3 * height // 4, COUNT)


@contextlib.contextmanager
def showing(*output: str | Path, rate: int = 10) -> Iterator[subprocess.Popen[bytes]]:
    """ffmpeg that encodes the pictures as they are drawn, ``rate`` a second, and writes them to ``output``."""
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [FFMPEG, "-nostdin", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(rate),
         "-probesize", "32", "-analyzeduration", "0", "-fflags", "nobuffer", "-i", "-", *ENCODED, *map(str, output)],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    over = threading.Event()

    def pump() -> None:
        stdin: Any = process.stdin
        begun, number = time.monotonic(), 0
        with contextlib.suppress(OSError, ValueError):
            while not over.wait(max(0.0, begun + number / rate - time.monotonic())):
                stdin.write(draw(round(time.time() * 1000), number).tobytes())
                stdin.flush()
                number += 1

    thread = threading.Thread(target=pump)
    thread.start()
    try:
        yield process
    finally:
        over.set()
        thread.join()
        process.kill()
        process.wait()
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
