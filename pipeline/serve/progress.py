"""What a job tells while it runs: captions and progress, gathered for a moment and written together."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pipeline.accident import logged
from pipeline.errors import EnvironmentFault
from pipeline.observing import Observer
from pipeline.serve.jobs import Job
from pipeline.types import Caption, Document, Outcome, VideoInfo

if TYPE_CHECKING:
    from pipeline.serve.service import Service

EVERY = 0.25
"""seconds between two writes"""


class Progress(Observer):
    """Told by ``describe`` on the event loop. An asynchronous context manager: at its end all is written."""

    def __init__(self, service: "Service", job: Job) -> None:
        self._service, self._job = service, job
        self._events: list[tuple[str, str | None, Mapping[str, Any]]] = []
        self._duration, self._position, self._captions, self._done = 0.0, 0.0, 0, 0
        self._began = time.monotonic()
        self._first: tuple[float, float] | None = None
        """when the first caption came, and where in the film it stood: what a run before this one did is not its speed"""
        self._step, self._step_began = "", 0.0

    def opened(self, info: VideoInfo) -> None:
        self._duration = info.duration

    def captioned(self, caption: Caption, position: float) -> None:
        self._captions += caption.outcome is not Outcome.FAILED
        self._position = max(self._position, position)
        self._first = self._first or (time.monotonic(), position)
        self._service.counters.captioned()
        self._events.append(_event(caption))
        if self._duration > 0:
            self._done = min(99, int(100 * caption.end / self._duration))

    def step(self, what: str, done: float = 0.0) -> None:
        if what != self._step:
            self._step, self._step_began = what, time.monotonic()
        self._done = min(99, int(100 * done))
        self._say_left((time.monotonic() - self._step_began) * (1 - done) / done if done > 0 else None)
        self._events.append(("progress", None, {"step": what, "progress": self._done}))

    def all_of(self, document: Document) -> None:
        """The film is described: captions that were there before are told too, those that were told are not told again."""
        self._captions = document.answered
        self._events += [_event(caption) for caption in document.captions]

    async def __aenter__(self) -> Self:
        self._writing = asyncio.create_task(self._write_on())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._writing.cancel()
        await asyncio.gather(self._writing, return_exceptions=True)
        with contextlib.suppress(Exception) if error is not None else contextlib.nullcontext():
            self._write()

    async def _write_on(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if self._events:
                speed = self._position / max(0.001, time.monotonic() - self._began)
                if self._first is not None and not self._step and self._position > self._first[1]:
                    went = (self._position - self._first[1]) / max(0.001, time.monotonic() - self._first[0])
                    self._say_left((self._duration - self._position) / went)
                self._events.append(
                    ("progress", None, {
                        "captions": self._captions, "progress": self._done, "film_seconds": round(self._position, 2),
                        "duration": round(self._duration, 2), "times_real_time": round(speed, 2), "eta": self._service.worker.left(self._job),
                    })
                )  # fmt: skip
                self._write_now()

    def _say_left(self, seconds: float | None) -> None:
        self._service.worker.ends[self._job.id] = None if seconds is None else time.monotonic() + max(0.0, seconds)

    def _write_now(self) -> None:
        """What can't be written just now is written with what comes next, or at the end, where it counts."""
        try:
            self._write()
        except EnvironmentFault:
            return  # the state folder: the worker says so
        except Exception as error:
            logged(error, path=self._job.id)

    def _write(self) -> None:
        self._service.jobs.advance(self._job, self._done, self._captions, self._events)
        self._events = []
        self._service.bell.ring(self._job.id)


def _event(caption: Caption) -> tuple[str, str, Mapping[str, Any]]:
    data = {"start": caption.start, "end": caption.end, "text": caption.text, "outcome": caption.outcome.value}
    return "caption", f"caption {caption.start:.3f} {caption.end:.3f}", data
