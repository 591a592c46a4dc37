"""A studio whose films are text files, so that hundreds of daemons can be run in a minute."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import studio as studios
from pipeline.errors import InputError
from pipeline.types import Frame, FrameBatch, VideoInfo, Window

WINDOWS = 3


class Reading:
    """A made-up film being read, one window a second; see pipeline.video.Film."""

    notices = ()
    shots = (1.5,)
    decode_seconds = 0.0
    position = 0.0

    def __init__(self, info: VideoInfo, known: frozenset[tuple[float, float]]) -> None:
        self.info, self.known = info, known

    def __enter__(self) -> "Reading":
        return self

    def __exit__(self, *_: object) -> None: ...

    def __iter__(self) -> Iterator[Window]:
        shade = hashlib.blake2b(self.info.path.read_bytes(), digest_size=1).digest()[0]
        for i in range(WINDOWS):
            asked = (float(i), i + 1.0) not in self.known
            image = np.full((8, 8, 3), (shade + i) % 256, np.uint8)
            frames = FrameBatch.of([Frame(image=image, time=i + 0.5, index=i)] if asked else [])
            yield Window(index=i, start=float(i), end=i + 1.0, frames=frames)


class MadeUp(studios.Studio):
    """A studio whose films are text files."""

    async def __aenter__(self) -> "MadeUp":
        self.pool: Any = None
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.engine.close()

    def probe(self, path: Path) -> VideoInfo:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise InputError("not_found", str(error)) from None
        return VideoInfo(
            path=path, size=len(content), container="text", codec="text", duration=float(WINDOWS), start=0.0, fps=1.0, width=8,
            height=8,
        )  # fmt: skip

    def open(self, info: VideoInfo, *, known: frozenset[tuple[float, float]] = frozenset()) -> Any:
        return Reading(info, known)
