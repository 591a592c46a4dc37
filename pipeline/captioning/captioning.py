"""Windows in, captions out, the engine never hungry.

    windows (a film's thread, or a stream)  w w w w
      -> admitted one by one: while the engine is full, nothing more is read
      -> asked, many at once; answers come in any order     on_caption: 2 0 1 ...
      -> put back in order                                  yielded:    0 1 2 ...

Nothing is kept but what is in flight and what waits for an earlier caption, so a source may be endless. A window that fails is
one failed caption; an engine that dies is restarted and its windows are asked again.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from models.base import Reply
from models.nvtx import marked
from pipeline.captioning import answers, unchanged
from pipeline.captioning.prompt import request_for
from pipeline.captioning.recipe import Recipe
from pipeline.captioning.tally import Tally
from pipeline.engine.engine import Engine
from pipeline.engine.gate import Place, Priority
from pipeline.errors import RequestError
from pipeline.types import Caption, Notice, Outcome, Span, Window, span_of

AHEAD = 1024
"""captions that may be finished before an earlier one is: a window that takes as long as a thousand others stops its reader,
not the engine"""


async def captions(
    windows: Iterator[Window] | AsyncIterator[Window],
    recipe: Recipe,
    engine: Engine,
    *,
    known: Mapping[Span, Caption] | None = None,
    on_caption: Callable[[Caption], None] = lambda _: None,
    on_notice: Callable[[Notice], None] = lambda _: None,
    on_read: Callable[[], None] = lambda: None,
    tally: Tally | None = None,
    priority: Priority = Priority.CAPTION,
    ahead: int = AHEAD,
) -> AsyncGenerator[Caption, None]:
    """The caption of every window, in order. Close it (``contextlib.aclosing``): nothing is in flight then.

    A plain iterator is read on a thread of its own, which ends when the iterator does: close the source after this, not before.
    Whoever is slow to take captions stops the reader ``ahead`` captions later. ``known`` holds captions of an earlier run: they
    are not asked again. ``on_caption`` is called for each new caption as it is finished, in any order; ``on_notice`` for what
    the user should know; ``on_read`` once, when the last window is read; ``tally`` is added to.

    Raises what the windows and ``on_caption`` raise, and EnvironmentFault or UsageError where the engine can't go on.
    """
    flow = _Flow(recipe, engine, known or {}, on_caption, on_notice, tally or Tally(), priority, ahead)
    reader = asyncio.create_task(flow.read(windows, on_read), name="windows")
    try:
        while (caption := await flow.next()) is not None:
            yield caption
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        await flow.close()


class _Flow:
    """One source on its way through."""

    def __init__(
        self,
        recipe: Recipe,
        engine: Engine,
        known: Mapping[Span, Caption],
        on_caption: Callable[[Caption], None],
        on_notice: Callable[[Notice], None],
        tally: Tally,
        priority: Priority,
        ahead: int,
    ) -> None:
        self.recipe, self.engine, self.known, self.tally = recipe, engine, known, tally
        self.on_caption, self.on_notice, self.priority, self.ahead = on_caption, on_notice, priority, ahead
        self._read = self._given = 0
        """windows read, captions given: the one that is due is number ``_given``"""
        self._over = False
        self._finished: dict[int, Caption] = {}
        self._error: Exception | None = None
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._first = 0.0
        self._shown: tuple[Window, asyncio.Future[Caption]] | None = None
        """the last window that was asked about, for ``skip_static``"""

    async def next(self) -> Caption | None:
        """The caption that is due, as soon as it is there; None after the last."""
        while self._given not in self._finished:
            if self._error is not None:
                raise self._error
            if self._over and self._given == self._read:
                return None
            await self._change()
        self._given += 1
        self._changed.set()
        return self._finished.pop(self._given - 1)

    async def read(self, windows: Iterator[Window] | AsyncIterator[Window], on_read: Callable[[], None]) -> None:
        """Take windows until there are no more, each as soon as there is room for it."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="film")
        try:
            while self._error is None:
                while self._read - self._given >= self.ahead:
                    await self._change()
                started = time.monotonic()
                async with self.engine.reading():
                    with marked("read"):
                        window = await _next(windows, thread)
                self.tally.read_wait += time.monotonic() - started
                if window is None:
                    on_read()
                    self._over = True
                    break
                self.tally.windows += 1
                self.tally.frames += len(window.frames)
                self._read += 1
                await self._take(self._read - 1, window)
        except Exception as error:
            self._error = self._error or error
        finally:
            thread.shutdown(wait=False, cancel_futures=True)
            self._changed.set()

    async def close(self) -> None:
        """Nothing of this source is in flight after it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _take(self, number: int, window: Window) -> None:
        """Send one window on its way; returns as soon as it is in flight."""
        if (kept := self.known.get(span_of(window.start, window.end))) is not None:
            self._shown = None
            if not kept.reused:
                self._note(kept)
            self._done(number, kept)
            return
        answer: asyncio.Future[Caption] = asyncio.get_running_loop().create_future()
        shown = self._shown if self.recipe.skip_static else None
        if shown is not None and not _failed(shown[1]) and unchanged.looks_like(window, shown[0]):
            # without its pictures: nothing bounds how many wait for one answer
            self._spawn(self._reuse(number, window.start, window.end, window.frames.times, shown[1]))
            return
        if self.recipe.skip_static:
            self._shown = (window, answer)
        started = time.monotonic()
        with marked("wait for the engine"):
            place = await self.engine.admit(window.nbytes, priority=self.priority, owner=self)
        self._first = self._first or time.monotonic()
        self.tally.gate_wait += time.monotonic() - started
        asking = self._spawn(self._answer(number, window, answer, place))
        # not in _answer: a task that is cancelled before its first step never comes to its ``finally``
        asking.add_done_callback(lambda _: place.leave())

    def _spawn(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and self._error is None:
            assert isinstance(error, Exception)
            self._error = error
        self._changed.set()

    async def _answer(self, number: int, window: Window, answer: "asyncio.Future[Caption]", place: Place) -> None:
        try:
            caption = await self._ask(window, place)
        except BaseException:
            answer.cancel()
            raise
        answer.set_result(caption)
        self._done(number, caption, new=True)
        now = time.monotonic()
        self.tally.engine = now - self._first - self.engine.starting_seconds(self._first, now)

    async def _reuse(
        self, number: int, start: float, end: float, frames: tuple[float, ...], answer: "asyncio.Future[Caption]"
    ) -> None:
        before = await asyncio.shield(answer)
        caption = replace(before, start=start, end=end, frames=frames, prompt_tokens=0, completion_tokens=0, reused=True)
        self._done(number, caption, new=True)

    def _done(self, number: int, caption: Caption, *, new: bool = False) -> None:
        if new:
            self.on_caption(caption)
        self._finished[number] = caption
        self._changed.set()

    async def _ask(self, window: Window, place: Place) -> Caption:
        """One window's caption: asked, guarded, asked once more where the answer is empty."""
        text, outcome, replies = "", Outcome.EMPTY, list[Reply]()
        try:
            for attempt in range(2):
                reply = await self.engine.ask(request_for(window, self.recipe, attempt=attempt), place=place)
                replies.append(reply)
                self.tally.asked += 1
                text, outcome = answers.guard(reply.text, cut_off=reply.finish == "length")
                if outcome is not Outcome.EMPTY:
                    break
        except RequestError as error:
            outcome = Outcome.FAILED
            self.on_notice(Notice(code=error.code, message=error.message, start=window.start, end=window.end))
        prompt_tokens, completion_tokens = sum(r.prompt_tokens for r in replies), sum(r.completion_tokens for r in replies)
        self.tally.prompt_tokens += prompt_tokens
        self.tally.completion_tokens += completion_tokens
        caption = Caption(
            start=window.start, end=window.end, text=text, outcome=outcome, frames=window.frames.times,
            prompt_tokens=prompt_tokens, completion_tokens=completion_tokens,
        )  # fmt: skip
        self._note(caption)
        return caption

    def _note(self, caption: Caption) -> None:
        """Say what is wrong with an answer; for those of an earlier run too, or a resumed run would warn of less."""
        if (message := answers.NOTICES.get(caption.outcome)) is not None:
            self.on_notice(Notice(code=f"answer_{caption.outcome}", message=message, start=caption.start, end=caption.end))


def _failed(answer: "asyncio.Future[Caption]") -> bool:
    """Whether a window is known to have no caption: then those that look like it are asked themselves."""
    return answer.done() and not answer.cancelled() and answer.result().outcome is Outcome.FAILED


async def _next(windows: Iterator[Window] | AsyncIterator[Window], thread: ThreadPoolExecutor) -> Window | None:
    if isinstance(windows, AsyncIterator):
        return await anext(windows, None)
    return await asyncio.get_running_loop().run_in_executor(thread, next, windows, None)
