"""Jobs, done: claimed as long as the scheduler has seats, each a film through pipeline.describe as ``caption`` and ``watch`` do it.

claim -> the film held open -> describe (what is there already is not asked again) -> one transaction: over, and whom to tell
"""

import asyncio
import contextlib
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import log as logs
from pipeline.accident import failure, logged
from pipeline.errors import EnvironmentFault, InputError, ScenescribeError
from pipeline.scheduler import Scheduler, Seat
from pipeline.serve.aloud import speak, spoken_path
from pipeline.serve.beside import write_beside
from pipeline.serve.jobs import Job
from pipeline.serve.keyed_locks import KeyedLocks
from pipeline.serve.progress import Progress
from pipeline.serve.tasks import forget_summary, job_settings
from pipeline.serve.views import file_link
from pipeline.store.lookup import FileLookup, WhatIsThere
from pipeline.studio import Studio
from pipeline.types import Document, Notice
from pipeline.watch.breaker import Breaker
from pipeline.watch.lock import LEASE
from pipeline.watch.unended import Unended

if TYPE_CHECKING:
    from pipeline.serve.service import Service

ATTEMPTS = 3
"""tries of a film that fails for a reason that may pass"""
MAY_PASS = frozenset({"unreadable", "no_space", "unwritable", "state_unwritable", "system_limit", "decoder_crashed"})

log = logs.get(__name__)


class Worker:
    """Does jobs, as many at once as the host can read."""

    def __init__(self, service: "Service") -> None:
        self._service = service
        self.scheduler = Scheduler(service.studio.host.limits)
        self.breaker = Breaker(service.timings)
        self._wake = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._films = KeyedLocks()
        self.ends: dict[str, float | None] = {}
        """of what runs: when it will be over, on the monotonic clock; None where that can't be said yet"""
        self._took: deque[float] = deque(maxlen=50)
        self.unended = Unended()
        self._stopping = False
        self._left = False
        """what has not ended by now is left as it is, its database is closed: the next start takes it back"""
        self.scheduler.on_free.append(self._wake.set)

    def left(self, job: Job) -> int | None:
        """Seconds until a job is over, as far as can be told; of one that waits, from what the last ones took."""
        if job.status == "queued":
            turns = self._service.jobs.position(job) // max(1, len(self._tasks)) + 1
            return round(turns * sum(self._took) / len(self._took)) + 1 if self._took else None
        end = self.ends.get(job.id)
        return max(0, round(end - time.monotonic())) if end is not None else None

    def wake(self) -> None:
        """A job was queued."""
        self._wake.set()

    async def run(self) -> None:
        """For ever. Raises the fault that no waiting mends."""
        while not self._stopping:
            self._wake.clear()
            self.scheduler.gather()
            await self._settle()
            try:
                await self._begin()
            except EnvironmentFault:
                raise
            except Exception as error:  # of the queue's next job: it waits as it did, and is looked at again
                logged(error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._service.timings.tick):  # wait_for of Python 3.11 may swallow a cancellation
                    await self._wake.wait()

    async def _settle(self) -> None:
        """End what could not be ended before."""
        for id in await self.unended.settled():
            self._service.counters.ended("failed", "internal_error")
            self._service.bell.ring(id)

    async def _begin(self) -> None:
        breaker, engine = self.breaker, self._service.studio.engine
        if breaker.may_probe and not len(self.scheduler) and not engine.ready:
            await engine.close()  # an engine that did not start is started anew
        try:
            while self.scheduler.free and not breaker.is_open and not (breaker.may_probe and len(self.scheduler)):
                job = await asyncio.to_thread(self._service.jobs.claim, LEASE)
                if job is not None and self._stopping:  # told meanwhile: who gives jobs back did not see it
                    await asyncio.to_thread(self._service.jobs.give_back, job)
                    break
                if job is None:
                    if not len(self.scheduler):
                        breaker.reset()  # nobody is left to say that it is over
                    break
                self._service.bell.ring(job.id)
                self.scheduler.try_begin(partial(self._work, job))
        except EnvironmentFault as fault:
            breaker.trip(fault)

    async def stop(self) -> None:
        """Give back what runs: it goes on with the next start, from where its journal stands."""
        self._stopping = True
        self._wake.set()
        await self.scheduler.give_back(grace=self._service.timings.grace, patience=self._service.timings.stop)
        await self._settle()
        self._left = True

    def cancel(self, job: Job) -> None:
        """End a job, whether it waits or runs."""
        self._service.jobs.cancel(job.id)
        if (task := self._tasks.get(job.id)) is not None:
            task.cancel()
        self._service.bell.ring(job.id)

    async def _work(self, job: Job, place: Seat) -> None:
        task, jobs = asyncio.current_task(), self._service.jobs
        assert task is not None
        self._tasks[job.id] = task
        began = time.monotonic()
        try:
            if jobs.get(job.id).over:  # cancelled after it was claimed, when there was no task to cancel yet
                return
            links, document, wrong = await (self._preview(job) if job.task == "preview" else self._describe(job, place))
            said = {"code": wrong[0].code, "message": _told(wrong)} if wrong else {}
            await self._surely(jobs.finish, job, "completed", outputs=links, captions=document and document.answered, **said)
            self._service.counters.ended("completed", "")
            self._took.append(time.monotonic() - began)
            self.breaker.reset()
        except asyncio.CancelledError:
            if not self._left:
                jobs.give_back(job)  # nothing where it was cancelled: it is over then
            raise
        except Exception as error:
            if not self._left:
                await self._went_wrong(job, error)
        finally:
            del self._tasks[job.id]
            self.ends.pop(job.id, None)
            self._service.bell.ring(job.id)

    async def _preview(self, job: Job) -> tuple[list[str], None, tuple[Notice, ...]]:
        service = self._service
        async with Progress(service, job) as progress:
            await service.previews.make(service.films.get(job.film), progress.step)
        return [f"/v1/films/{job.film}/preview.mp4"], None, ()

    async def _describe(self, job: Job, place: Seat) -> tuple[list[str], Document, tuple[Notice, ...]]:
        """Links to what was made, the film's captions, and what is wrong with them: first of all windows without any."""
        service = self._service
        film = service.films.get(job.film)
        settings = await asyncio.to_thread(job_settings, service, job)
        studio = Studio(settings, host=service.studio.host)
        outputs = service.library.outputs(
            film.id, film.name, studio.recipe.language, formats=studio.formats if job.task == "export" else (),
            burn=settings.burn, mux=settings.mux,
        )  # fmt: skip
        async with self._films.held(film.id):
            # its looks may be other ones: made anew, and the older one stays until the new one is whole
            if outputs.json.exists():
                outputs = replace(outputs, anew=True)
            else:  # of captions that are gone
                for path in outputs.all[1:]:
                    path.unlink(missing_ok=True)
            if job.task == "summarize" or (job.task == "chapters" and {"length", "style", "overwrite"} & set(job.settings)):
                forget_summary(outputs)
            async with Progress(service, job) as progress:
                with service.opened(film) as path:
                    lookup = (FileLookup if job.task == "caption" else WhatIsThere)(outputs, overwrite=settings.overwrite)
                    result = await studio.describe(path, outputs, lookup=lookup, observer=progress, place=place)
                    progress.all_of(result.document)
                    if job.task == "speak":
                        spoken = spoken_path(outputs, path)
                        await speak(job, settings, path, result.document, spoken, progress)
                        result = replace(result, outputs=(*result.outputs, spoken))
            if job.task == "caption" and result.described:
                forget_summary(outputs)  # it was of other captions
            if job.task == "index":
                await asyncio.to_thread(service.library.take_into_index, outputs.json, service.folder)
        wrong = [notice for notice in result.notices if notice.fault]
        if settings.strict and wrong:
            raise InputError(wrong[0].code, f"{wrong[0].message} (strict)")
        links = [file_link(job.film, outputs.language, path.name) for path in result.outputs]
        if job.beside:
            links += [os.fspath(path) for path in await asyncio.to_thread(write_beside, film, studio, result)]
        return links, result.document, tuple(dict.fromkeys((*result.document.unanswered, *wrong)))

    async def _surely(self, write: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        """Write to the queue, as often as it takes: a job ends as it ended, also where the state folder's disk is full meanwhile.

        Raises EnvironmentFault where no waiting mends it.
        """
        while True:
            try:
                return await asyncio.to_thread(write, *args, **kwargs)
            except EnvironmentFault as fault:
                self.breaker.trip(fault)
                await asyncio.sleep(max(0.1, min(self.breaker.until - time.monotonic(), 60.0)))

    async def _went_wrong(self, job: Job, error: Exception, *, last: bool = False) -> None:
        """End a job that failed, or queue it again. ``last``: where that goes wrong too, it ends as failed as soon as that can be written.
        Raises EnvironmentFault where no waiting mends it."""
        try:
            if isinstance(error, EnvironmentFault):
                self.breaker.trip(error)
                await self._surely(self._service.jobs.give_back, job, code=error.code, message=error.message)
            elif isinstance(error, ScenescribeError):
                await self._failed(job, error)
            else:
                await self._failed(job, failure(Path(job.id), error))
        except EnvironmentFault:
            raise
        except Exception as another:  # of its end: it ends all the same
            if not last:
                return await self._went_wrong(job, another, last=True)
            wrong = failure(Path(job.id), another)
            self.unended.add(job.id, self._service.jobs.finish, job, "failed", code=wrong.code, message=wrong.message)
            self._wake.set()

    async def _failed(self, job: Job, error: ScenescribeError) -> None:
        jobs, said = self._service.jobs, {"code": error.code, "message": error.message}
        if error.code in MAY_PASS and job.attempts < ATTEMPTS:
            retry = self._service.timings.retry
            await self._surely(jobs.give_back, job, after=retry[min(job.attempts, len(retry)) - 1], counts=True, **said)
            return
        await self._surely(jobs.finish, job, "failed", **said)
        self._service.counters.ended("failed", error.code)


def _told(wrong: Sequence[Notice]) -> str:
    """The first of these whole, of the others their codes."""
    others = sorted({notice.code for notice in wrong} - {wrong[0].code})
    return f"{wrong[0].message} (also: {', '.join(others)})" if others else wrong[0].message
