"""A studio whose films are text files, so that hundreds of daemons can be run in a minute."""

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from models.base import Captioner
from pipeline.captioning.recipe import Recipe
from pipeline.errors import InputError
from pipeline.file_version import Change, FileVersion
from pipeline.frames import Frame, FrameBatch
from pipeline.host import Host
from pipeline.options.caption import Settings
from pipeline.stretch import Arriving
from pipeline.studio import Studio
from pipeline.types import VideoInfo, Window

WINDOWS = 3


class Reading:
    """A made-up film being read, one window a second; see pipeline.video.Film."""

    notices = ()
    shots = (1.5,)
    decode_seconds = 0.0
    reader = ""
    position = 0.0

    def __init__(self, path: Path, known: frozenset[tuple[float, float]]) -> None:
        self.path, self.known = path, known

    def __enter__(self) -> "Reading":
        return self

    def __exit__(self, *_: object) -> None: ...

    def __iter__(self) -> Iterator[Window]:
        shade = hashlib.blake2b(self.path.read_bytes(), digest_size=1).digest()[0]
        for i in range(WINDOWS):
            asked = (float(i), i + 1.0) not in self.known
            image = np.full((8, 8, 3), (shade + i) % 256, np.uint8)
            frames = FrameBatch.of([Frame(image=image, time=i + 0.5, index=i)] if asked else [])
            yield Window(index=i, start=float(i), end=i + 1.0, frames=frames)


class TextFilm:
    """A text file as a source."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._version: FileVersion | None = None

    def probe(self) -> VideoInfo:
        self._version = FileVersion.at(self.path)
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise InputError("not_found", str(error)) from None
        return VideoInfo(
            path=self.path, size=len(content), container="text", codec="text", duration=float(WINDOWS), start=0.0, fps=1.0, width=8,
            height=8,
        )  # fmt: skip

    def windows(
        self, recipe: Recipe, *, known: Collection[tuple[float, float]] = (), between: tuple[float, float] | None = None
    ) -> Reading:
        return Reading(self.path, frozenset(known))

    def changed(self) -> Change:
        return self._version.change_at(self.path) if self._version is not None else "vanished"


class TextHost(Host):
    """A host whose films are text files."""

    async def __aenter__(self) -> "TextHost":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.close()

    def source(self, path: Path, arriving: Arriving | None = None) -> TextFilm:
        return TextFilm(path)


class MadeUp(Studio):
    """A studio on a host of text films."""

    def open_host(self, settings: Settings, captioner: Captioner | None, verbose: bool) -> Host:
        return TextHost(settings, captioner=captioner)
