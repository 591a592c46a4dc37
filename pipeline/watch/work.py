"""One job: its film described, and the queue told how it ended.

claimed -> the file as it was seen? -> its content -> pipeline.describe -> one row: done, skipped, failed, or back again
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import log as logs
from pipeline.accident import failure, logged
from pipeline.entering import entered
from pipeline.errors import EnvironmentFault, ScenescribeError, UsageError
from pipeline.files import remove_stale
from pipeline.inputs import Film
from pipeline.observing import Observer, Result
from pipeline.options.watch import WatchSettings
from pipeline.outputs import Outputs, name_outputs
from pipeline.run import made
from pipeline.scheduler import ReadingPlace
from pipeline.store.identity import Opened
from pipeline.store.job_row import Job, as_text
from pipeline.store.queue import PARTIAL
from pipeline.watch.elsewhere import Elsewhere
from pipeline.watch.lookup import ContentLookup
from pipeline.watch.metrics import Counters
from pipeline.watch.observer import Ended, WatchObserver
from pipeline.watch.shares import fault_behind
from pipeline.watch.state import Setup, State
from pipeline.watch.unended import Unended
from pipeline.watch.verdicts import DAMAGED, FINAL, MOVED_ON

if TYPE_CHECKING:
    from pipeline.studio import Studio
    from pipeline.types import Caption

log = logs.get(__name__)


class Worker:
    """Does jobs, several at once; what they share."""

    def __init__(self, state: State, observer: WatchObserver) -> None:
        self._state, self._observer = state, observer
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="hash")
        self._alone, self._wanted, self.unended = dict[str, asyncio.Lock](), Counter[str](), Unended()

    async def gather(self) -> None:
        """Forget what is over. Raises what ``Scheduler.gather`` does."""
        await self.unended.settled()
        self._state.running.gather()

    def close(self) -> None:
        self.unended.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def work(self, job: Job, place: ReadingPlace) -> None:
        """Take a claimed job to its end, under the settings of now; ``place`` is given up when its film is read.

        Raises UsageError: nothing can be described under these settings. EnvironmentFault: no waiting mends it.
        """
        state, settings, setup = self._state, self._state.settings, self._state.setup
        try:
            try:
                setup.output.check()
                result, lookup = await self._describe(job, settings, setup, place)
                setup.output.check()  # it did not go away underneath: what was written is where it should be
            except (asyncio.CancelledError, UsageError):
                state.queue.give_back(job)
                raise
            except ScenescribeError as error:
                await self._failed(job, error, settings, setup)
            except Exception as error:
                await self._failed(job, failure(job.path, error), settings, setup)
            else:
                await self._ended(job, result, lookup, settings)
        except EnvironmentFault as fault:  # the state folder failed us, or no waiting mends it
            state.breaker.trip(fault)
            await state.surely(state.queue.give_back, job)
        except UsageError:
            raise
        except Exception as error:  # after the film: its job ends all the same, and the others go on
            await self._not_ended(job, failure(job.path, error), settings, setup)
        finally:
            self._observer.left(_film(job))

    async def _describe(
        self, job: Job, settings: WatchSettings, setup: Setup, place: ReadingPlace
    ) -> tuple[Result, ContentLookup]:
        studio, elsewhere = self._state.studio, setup.elsewhere
        outputs = name_outputs(
            job.path, job.place, job.stem, language=studio.recipe.language, formats=studio.formats, burn=settings.burn, mux=settings.mux,
            sidecars=settings.sidecar_name, part=studio.recipe.part, apart=job.place != job.path.parent and elsewhere.films is None,
        )  # fmt: skip
        if job.crashes:
            await asyncio.to_thread(_sweep, outputs)
        told = _Counting(self._state.counters, self._observer.film(_film(job)))
        return await elsewhere.outputs(
            made(job.path, outputs, studio), lambda: self._read(job, outputs, settings, studio, place, told, elsewhere),
            overwrite=settings.overwrite,
        )  # fmt: skip

    async def _read(
        self, job: Job, outputs: Outputs, settings: WatchSettings, studio: "Studio", place: ReadingPlace, told: Observer, elsewhere: Elsewhere
    ) -> tuple[Result, ContentLookup]:  # fmt: skip
        loop = asyncio.get_running_loop()
        async with elsewhere.film(job), self._opened(job) as opened:
            sample = await loop.run_in_executor(self._threads, opened.sample)
            known = ContentLookup(
                job, outputs, opened, sample, self._state.documents, self._threads, overwrite=settings.overwrite
            )
            async with self._only(sample), known as lookup:
                return await studio.describe(job.path, outputs, lookup=lookup, observer=told, place=place), lookup

    @asynccontextmanager
    async def _opened(self, job: Job) -> AsyncIterator[Opened]:
        with ExitStack() as held:
            yield await entered(held, partial(Opened, job.path, job.stamp), self._threads)

    @asynccontextmanager
    async def _only(self, sample: str) -> AsyncIterator[None]:
        """Of films that may be copies of each other one at a time: the second finds what the model said of the first."""
        lock = self._alone.setdefault(sample, asyncio.Lock())
        self._wanted[sample] += 1
        try:
            async with lock:
                yield
        finally:
            self._wanted[sample] -= 1
            if not self._wanted[sample]:
                del self._wanted[sample], self._alone[sample]

    async def _ended(self, job: Job, result: Result, lookup: ContentLookup, settings: WatchSettings) -> None:
        self._state.breaker.reset()
        state, reason, message = result.state, "", ""
        wrong = next((notice for notice in result.notices if notice.fault), None)
        if wrong is not None and settings.strict:
            await self._finish(job, "failed", settings, reason=wrong.code, message=wrong.message, written=lookup.written)
            return
        if state == "skipped" and lookup.written:  # its files were all there: it had only been touched
            state = "done"
        if state == "skipped":
            reason, message = "described", "its descriptions were there already"
        elif result.document.answered < len(result.document.captions):
            reason, message = PARTIAL, next((one.message for one in result.notices if one.code == PARTIAL), "")
        elif wrong is not None:
            reason, message = DAMAGED if wrong.code == PARTIAL else wrong.code, wrong.message
        elif lookup.like is not None:
            reason, message = "same_content", f"described as {as_text(self._state.called(lookup.like))}"
        await self._finish(
            job, state, settings, reason=reason, message=message, written=lookup.written or None, outputs=result.outputs,
            captions=result.document.answered, result=result,
        )  # fmt: skip

    async def _failed(self, job: Job, error: ScenescribeError, settings: WatchSettings, setup: Setup) -> None:
        state = self._state
        fault = await asyncio.to_thread(fault_behind, error, setup.source, setup.output)
        if fault is not None:
            await state.surely(state.queue.give_back, job, reason=fault.code, message=fault.message)
            state.breaker.trip(fault)
        elif error.code in MOVED_ON:
            await state.surely(state.queue.finish, job, "skipped", reason=MOVED_ON[error.code], message=error.message)
            state.setup.folder.again(job.path)  # the folder of now: a SIGHUP may have come between
        elif error.code in FINAL or job.attempts >= settings.max_attempts:
            await self._finish(job, "failed", settings, reason=error.code, message=error.message)
        else:
            after = state.timings.retry[min(job.attempts, len(state.timings.retry)) - 1]
            self._observer.again(_film(job), error, after)
            await state.surely(
                state.queue.give_back, job, after=after, counts=True, reason=error.code, message=error.message
            )  # fmt: skip

    async def _not_ended(self, job: Job, error: ScenescribeError, settings: WatchSettings, setup: Setup) -> None:
        """``_failed``, of a job whose end met an accident; where its failure meets one too, that is written when it can be, and nobody told."""
        try:
            await self._failed(job, error, settings, setup)
        except (EnvironmentFault, UsageError):
            raise
        except Exception as another:
            wrong = failure(job.path, another)
            self._state.counters.ended("failed", wrong.code)
            self.unended.add(str(job.id), self._state.queue.finish, job, "failed", reason=wrong.code, message=wrong.message)
            await self.unended.settled()

    async def _finish(
        self, job: Job, state: str, settings: WatchSettings, *, result: Result | None = None, **values: Any
    ) -> None:
        deliveries = list(_deliveries(job, state, settings, values, self._state.called))
        if not await self._state.surely(self._state.queue.finish, job, state, deliveries=deliveries, **values):
            log.info("changed meanwhile", path=self._state.called(job.path))
            return
        told = {name: values[name] for name in ("reason", "message", "captions") if name in values}
        try:
            self._state.counters.ended(state, values.get("reason", ""))
            self._observer.ended(Ended(film=_film(job), state=state, result=result, **told))
        except Exception as error:  # it has ended, whoever can't be told
            logged(error, path=self._state.called(job.path))


class _Counting(Observer):
    """Counts captions as they come, and hands all on."""

    def __init__(self, counters: Counters, told: Observer) -> None:
        self._counters, self._told = counters, told
        self.opened, self.read, self.step = told.opened, told.read, told.step  # type: ignore[method-assign]

    def captioned(self, caption: "Caption", position: float) -> None:
        self._counters.captioned()
        self._told.captioned(caption, position)


def _film(job: Job) -> Film:
    return Film(job.path, job.path.relative_to(job.root))


def _sweep(outputs: Outputs) -> None:
    """Remove what a daemon that died in the middle of this film left; its captions in the journal stay."""
    for path in (*outputs.all, outputs.journal):
        remove_stale(path, older=0.0)


def _deliveries(
    job: Job, state: str, settings: WatchSettings, values: dict[str, Any], called: Callable[[Path], Path | str]
) -> "list[tuple[str, dict[str, Any]]]":
    """What is to be done after a job, in order: moved, then told."""
    name = os.fsdecode(job.path)
    deliveries: list[tuple[str, dict[str, Any]]] = []
    folder = settings.failed_dir if state == "failed" else settings.done_dir
    if folder is not None:
        target = folder.absolute() / job.path.relative_to(job.root)
        deliveries.append(("move", {"path": name, "target": os.fsdecode(target), **job.stamp._asdict()}))
    if state == "skipped":
        return deliveries
    told = {
        "event": state,
        "path": os.fsdecode(called(job.path)),
        "reason": values.get("reason", ""),
        "message": values.get("message", ""),
        "captions": values.get("captions", 0),
        "attempts": job.attempts,
        "outputs": [os.fsdecode(called(path)) for path in values.get("outputs", ())],
    }
    deliveries += [(kind, told) for kind in ("webhook", "exec") if getattr(settings, kind)]
    return deliveries
