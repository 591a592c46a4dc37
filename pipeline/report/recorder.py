"""Keeps what a report shows while a run passes: a thumbnail a window, how each film ended, what was in flight."""

import base64
import io
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import ScenescribeError
from pipeline.frames import Frame, FrameBatch
from pipeline.inputs import Film
from pipeline.observing import Observer, Result
from pipeline.report.flow import Flow
from pipeline.types import Caption, VideoInfo, Window

if TYPE_CHECKING:
    from pipeline.run import RunObserver
    from pipeline.studio import Studio

WIDTH = 240
"""pixels; of a thumbnail, or its height where the film is taller than wide"""
ALL_THUMBNAILS = 32 * 1024 * 1024
"""bytes of base64 in one page: some 4,000 windows; later ones go without a picture"""
ALL_WINDOWS = 20_000
"""windows in one page, 40 hours of film; of later films it tells how they ended, and no more"""


@dataclass(slots=True)
class FilmRecord:
    """One film of the run; ``result`` or ``error`` is set when it ended."""

    name: Path | str
    thumbnails: dict[float, str] = field(default_factory=dict)
    """start of a window in seconds, to the millisecond -> data URI of a JPEG"""
    without_room: int = 0
    """windows that came when the page was full of pictures"""
    not_shown: int = 0
    """windows of a film that came when the page was full of windows"""
    result: Result | None = None
    error: ScenescribeError | None = None


class Recorder:
    """A RunObserver that stands before another and tells it everything.

    Thumbnails are made on the threads that read; the rest happens on the event loop.
    """

    def __init__(self, inner: "RunObserver", studio: "Studio", errors: Sequence[tuple[str, ScenescribeError]] = ()) -> None:
        """``errors``: what was named and could not be found, which the other observer knows already."""
        self.inner, self.studio = inner, studio
        self.films = [FilmRecord(name, error=error) for name, error in errors]
        self.started = time.monotonic()
        self.when = time.time()
        self.ended = self.started
        self.flow = Flow(studio.engine)
        self._open: dict[Path, FilmRecord] = {}
        self._room = ALL_THUMBNAILS
        self._windows = 0
        self._lock = threading.Lock()

    def observer(self, film: Film) -> Observer:
        record = self._open[film.path] = FilmRecord(film.path)
        self.films.append(record)
        return FilmRecorder(self, record, self.inner.observer(film))

    def finished(self, film: Film, result: Result) -> None:
        self._keep(self._open.pop(film.path), result)
        self.inner.finished(film, result)

    def failed(self, name: Path | str, error: ScenescribeError) -> None:
        record = self._open.pop(name, None) if isinstance(name, Path) else None
        if record is None:
            record = FilmRecord(name)
            self.films.append(record)
        record.error = error
        self.inner.failed(name, error)

    def _keep(self, record: FilmRecord, result: Result) -> None:
        count = len(result.document.captions)
        if self._windows + count > ALL_WINDOWS:
            record.thumbnails.clear()
            record.not_shown = count
            result = replace(result, document=replace(result.document, captions=()))
        else:
            self._windows += count
        record.result = result

    def stop(self) -> None:
        """The run is over: times are taken until now."""
        self.ended = time.monotonic()
        self.flow.close()

    def take(self, length: int) -> bool:
        """Whether a thumbnail of this many bytes still has room in the page."""
        with self._lock:
            self._room -= length
            return self._room >= 0


class FilmRecorder(Observer):
    """One film's part of the record."""

    pictures = True

    def __init__(self, run: Recorder, record: FilmRecord, inner: Observer) -> None:
        self.run, self.record, self.inner = run, record, inner
        self.shape = (16, 9)

    def opened(self, info: VideoInfo) -> None:
        self.shape = (info.width, info.height)
        self.inner.opened(info)

    def read(self, window: Window) -> None:
        if len(window.frames):
            uri = thumbnail(middle(window.frames), self.shape)
            if self.run.take(len(uri)):
                self.record.thumbnails[round(window.start, 3)] = uri
            else:
                self.record.without_room += 1
        self.inner.read(window)

    def captioned(self, caption: Caption, position: float) -> None:
        self.inner.captioned(caption, position)

    def step(self, what: str, done: float = 0.0) -> None:
        self.inner.step(what, done)


def middle(frames: FrameBatch) -> Frame:
    """The frame that stands for a window."""
    return frames[len(frames) // 2]


def thumbnail(frame: Frame, shape: tuple[int, int]) -> str:
    """A data URI of a small JPEG in the film's own shape: models may be shown a square."""
    from PIL import Image

    width, height = (max(side, 1) for side in shape)
    scale = WIDTH / max(width, height)
    picture = Image.fromarray(frame.image).resize((max(1, round(width * scale)), max(1, round(height * scale))))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=72, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
