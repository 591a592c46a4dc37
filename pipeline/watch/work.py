"""One job: its film described, and the queue told how it ended.

claimed -> the file as it was seen? -> its content -> pipeline.job.describe -> one row: done, skipped, failed, or back again
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pipeline import log as logs
from pipeline.errors import EnvironmentFault, InputError, ScenescribeError, UsageError
from pipeline.files import remove_stale
from pipeline.inputs import Film
from pipeline.job import Observer, Result, describe
from pipeline.options.watch import WatchSettings
from pipeline.outputs import Outputs, name_outputs
from pipeline.store.documents import DocumentStore
from pipeline.store.identity import Opened
from pipeline.store.job_row import Job
from pipeline.store.queue import Queue
from pipeline.watch.metrics import Counters
from pipeline.watch.shelf import ContentShelf
from pipeline.watch.weather import Share, Weather, fault_behind

if TYPE_CHECKING:
    from pipeline.studio import Studio
    from pipeline.types import Caption

FINAL = frozenset({
    "empty_file", "unsupported_or_corrupt", "not_a_video", "not_a_regular_file", "no_video_stream", "no_decoder",
    "frame_too_large", "output_exists", "settings_differ",
})  # fmt: skip
"""verdicts that another try would not change while the file is what it is"""
FATAL = frozenset({"engine_missing"})
"""faults of the environment that do not pass: the daemon ends, the queue stays"""
MOVED_ON = {"source_changed": "changed", "not_found": "vanished"}
"""not failures: the file is taken again when it is there and stands still"""
RETRY = (2.0, 15.0, 120.0)
"""seconds before the second, third and further tries"""

log = logs.get(__name__)


class Worker:
    """Does jobs, several at once; what they share."""

    def __init__(
        self, queue: Queue, documents: DocumentStore, weather: Weather, counters: Counters, *, again: Callable[[Job], None]
    ) -> None:
        """``again`` is told of a job whose file changed or vanished."""
        self.queue, self.documents, self.weather, self.counters, self.again = queue, documents, weather, counters, again
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="hash")
        self._alone: dict[str, asyncio.Lock] = {}
        self._wanted: Counter[str] = Counter()

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def work(
        self,
        job: Job,
        settings: WatchSettings,
        studio: "Studio",
        source: Share,
        output: Share,
        *,
        on_read: Callable[[], None] = lambda: None,
    ) -> None:
        """Take a claimed job to its end; ``on_read`` is called when its film needs no reading any more.

        Raises UsageError: nothing can be described under these settings.
        """
        try:
            try:
                output.check()
                result, shelf = await self._describe(job, settings, studio, on_read)
                output.check()  # it did not go away underneath: what was written is where it should be
            except (asyncio.CancelledError, UsageError):
                self.queue.give_back(job)
                raise
            except ScenescribeError as error:
                await self._failed(job, error, settings, source, output)
            except Exception as error:
                log.exception("internal error", path=job.path)
                text = f"{type(error).__name__}: {error}"
                await self._failed(job, InputError("internal_error", text), settings, source, output)
            else:
                await self._ended(job, result, shelf, settings)
        except EnvironmentFault as fault:  # no waiting mends it, or the state folder failed us
            if fault.code in FATAL:
                raise
            self.weather.foul(fault)
            await self.surely(self.queue.give_back, job)

    async def surely(self, write: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Write to the queue, as often as it takes."""
        while True:
            try:
                return write(*args, **kwargs)
            except EnvironmentFault as fault:
                self.weather.foul(fault)
                await asyncio.sleep(max(0.1, min(self.weather.until - asyncio.get_running_loop().time(), 60.0)))

    async def _describe(
        self, job: Job, settings: WatchSettings, studio: "Studio", on_read: Callable[[], None]
    ) -> tuple[Result, ContentShelf]:
        outputs = name_outputs(
            job.path, job.place, job.stem, language=studio.settings.language, formats=studio.formats,
            burn=settings.burn, mux=settings.mux,
        )  # fmt: skip
        if job.crashes:
            await asyncio.to_thread(_sweep, outputs)
        loop = asyncio.get_running_loop()
        with await loop.run_in_executor(self._threads, Opened, job.path, job.stamp) as opened:
            sample = await loop.run_in_executor(self._threads, opened.sample)
            async with (
                self._only(sample),
                ContentShelf(job, opened, sample, self.documents, self._threads, overwrite=settings.overwrite) as shelf,
            ):
                film = Film(job.path, job.path.relative_to(job.root))
                result = await describe(film, outputs, studio, _Counting(self.counters), shelf, on_read=on_read)
                return result, shelf

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

    async def _ended(self, job: Job, result: Result, shelf: ContentShelf, settings: WatchSettings) -> None:
        self.weather.fair()
        state, reason, message = result.state, "", ""
        if result.notices and settings.strict:
            notice = result.notices[0]
            await self._finish(job, "failed", settings, reason=notice.code, message=notice.message, written=shelf.written)
            return
        if state == "skipped" and shelf.written:  # its files were all there: it had only been touched
            state = "done"
        if state == "skipped":
            reason, message = "described", "its descriptions were there already"
        elif shelf.like is not None:
            reason, message = "same_content", f"described as {os.fsencode(shelf.like).decode('utf-8', 'backslashreplace')}"
        await self._finish(
            job, state, settings, reason=reason, message=message, written=shelf.written or None, outputs=result.outputs,
            captions=len(result.document.captions),
        )  # fmt: skip

    async def _failed(self, job: Job, error: ScenescribeError, settings: WatchSettings, source: Share, output: Share) -> None:
        fault = await asyncio.to_thread(fault_behind, error, source, output)
        if fault is not None and fault.code in FATAL:
            self.queue.give_back(job)
            raise fault
        if fault is not None:
            self.weather.foul(fault)
            await self.surely(self.queue.give_back, job, reason=fault.code, message=fault.message)
        elif error.code in MOVED_ON:
            await self.surely(self.queue.finish, job, "skipped", reason=MOVED_ON[error.code], message=error.message)
            self.again(job)
        elif error.code in FINAL or job.attempts >= settings.max_attempts:
            await self._finish(job, "failed", settings, reason=error.code, message=error.message)
        else:
            after = RETRY[min(job.attempts, len(RETRY)) - 1]
            log.warning("another try", path=job.path, reason=error.code, message=error.message, in_seconds=after)
            await self.surely(
                self.queue.give_back, job, after=after, counts=True, reason=error.code, message=error.message
            )  # fmt: skip

    async def _finish(self, job: Job, state: str, settings: WatchSettings, **values: Any) -> None:
        errands = list(_errands(job, state, settings, values))
        if not await self.surely(self.queue.finish, job, state, errands=errands, **values):
            log.info("changed meanwhile", path=job.path)
            return
        self.counters.ended(state, values.get("reason", ""))
        told = {key: values[key] for key in ("reason", "message", "captions") if values.get(key)}
        (log.error if state == "failed" else log.info)(state, path=job.path, **told)


class _Counting(Observer):
    """Counts captions as they come."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def captioned(self, caption: "Caption", position: float) -> None:
        self._counters.captioned()


def _sweep(outputs: Outputs) -> None:
    """Remove what a daemon that died in the middle of this film left; its captions in the journal stay."""
    for path in outputs.all:
        remove_stale(path, older=0.0)
    outputs.journal.with_name(outputs.journal.name + ".tmp").unlink(missing_ok=True)


def _errands(job: Job, state: str, settings: WatchSettings, values: dict[str, Any]) -> "list[tuple[str, dict[str, Any]]]":
    """What is to be done after a job, in order: moved, then told."""
    name = os.fsdecode(job.path)
    errands: list[tuple[str, dict[str, Any]]] = []
    folder = settings.failed_dir if state == "failed" else settings.done_dir
    if folder is not None:
        target = folder.absolute() / job.path.relative_to(job.root)
        errands.append(("move", {"path": name, "target": os.fsdecode(target), "size": job.stamp.size}))
    if state == "skipped":
        return errands
    told = {
        "event": state,
        "path": name,
        "reason": values.get("reason", ""),
        "message": values.get("message", ""),
        "captions": values.get("captions", 0),
        "attempts": job.attempts,
        "outputs": [os.fsdecode(path) for path in values.get("outputs", ())],
    }
    errands += [(kind, told) for kind in ("webhook", "exec") if getattr(settings, kind)]
    return errands
