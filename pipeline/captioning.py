"""The heart: windows of all films in, captions out, the engine never hungry.

    film A  w w w w \\                     ask, guard the answer      A: c c c c   in order
    film B  w w w    >  gate (count, bytes)  ------------------->     B: c c c
    film C  w w w w /   one queue, fair      engine: many at once     C: c c c c

One ``Captioning`` serves all films of a run or of the daemon. Each film's windows are read on a thread, admitted through one
gate while the count and the bytes in flight are under their bounds, asked all at once, and put back in order as they finish.
A window that fails is one failed caption; an engine that dies is restarted and its windows are asked again.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from models.base import Reply
from models.nvtx import marked
from pipeline import answers, static
from pipeline.blocks import together
from pipeline.engine.engine import Engine
from pipeline.engine.gate import Place
from pipeline.errors import RequestError
from pipeline.question import Question
from pipeline.types import Caption, Notice, Outcome, Window

Span = tuple[float, float]
OnCaption = Callable[[Caption], None]


def span_of(start: float, end: float) -> Span:
    """A window's key in the journal: its times to the millisecond."""
    return round(start, 3), round(end, 3)


@dataclass(slots=True)
class Tally:
    """What describing one film took, in seconds and counts."""

    windows: int = 0
    frames: int = 0
    asked: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    read_wait: float = 0.0
    """seconds that the film's reader was waited for"""
    gate_wait: float = 0.0
    """seconds that its windows waited for room in the engine"""
    engine: float = 0.0
    """seconds from first admission to last reply, without the engine's loading"""


@dataclass(slots=True, eq=False)
class _Film:
    """One film on its way through."""

    known: Mapping[Span, Caption]
    on_caption: OnCaption
    tally: Tally = field(default_factory=Tally)
    notices: list[Notice] = field(default_factory=list)
    captions: dict[int, Caption] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    first: float = 0.0
    last_shown: tuple[Window, asyncio.Future[Caption]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Captions:
    """A film's captions in order of time, and what is to be said about them."""

    captions: tuple[Caption, ...]
    notices: tuple[Notice, ...]
    tally: Tally


class Captioning:
    """See the module. ``films`` is how many films are read at once: so many threads wait for their readers."""

    def __init__(
        self,
        engine: Engine,
        *,
        question: Question,
        films: int,
        skip_static: bool = False,
    ) -> None:
        self.engine = engine
        self.question = question
        self.skip_static = skip_static
        self._threads = ThreadPoolExecutor(films, thread_name_prefix="film")

    async def describe(
        self,
        windows: Iterator[Window],
        *,
        known: Mapping[Span, Caption] | None = None,
        on_caption: OnCaption = lambda _: None,
        on_read: Callable[[], None] = lambda: None,
    ) -> Captions:
        """Caption every window of one film.

        ``known`` holds captions that a journal kept: they are not asked again. ``on_caption`` is called for each new caption as
        it is finished, in any order, ``on_read`` once, when the last window is read and all that is left is to wait. Raises
        what the reader raises (InputError), and EnvironmentFault where the engine can't go on; nothing of this film is in
        flight then.
        """
        film = _Film(known=known or {}, on_caption=on_caption)
        try:
            await self._read(film, windows)
            on_read()
            await self._settle(film)
        finally:
            for task in film.tasks:
                task.cancel()
            await asyncio.gather(*film.tasks, return_exceptions=True)
        captions = tuple(film.captions[index] for index in sorted(film.captions))
        return Captions(captions=captions, notices=tuple(sorted(film.notices, key=lambda n: n.start or 0.0)), tally=film.tally)

    def close(self) -> None:
        """Let the reading threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _read(self, film: _Film, windows: Iterator[Window]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._raise_first_failure(film)
            started = time.monotonic()
            async with self.engine.reading():
                with marked("read"):
                    window = await loop.run_in_executor(self._threads, _next, windows)
            film.tally.read_wait += time.monotonic() - started
            if window is None:
                return
            film.tally.windows += 1
            film.tally.frames += len(window.frames)
            await self._take(film, window)

    async def _take(self, film: _Film, window: Window) -> None:
        """Send one window on its way; returns as soon as it is in flight."""
        if (kept := film.known.get(span_of(window.start, window.end))) is not None:
            film.captions[window.index] = kept
            film.last_shown = None
            if not kept.reused:
                self._note(film, kept)
            return
        answer: asyncio.Future[Caption] = asyncio.get_running_loop().create_future()
        if self.skip_static and film.last_shown is not None and static.looks_like(window, film.last_shown[0]):
            self._spawn(film, self._reuse(film, window, film.last_shown[1]))
            return
        if self.skip_static:
            film.last_shown = (window, answer)
        started = time.monotonic()
        with marked("wait for the engine"):
            place = await self.engine.admit(window.nbytes, owner=film)
        film.first = film.first or time.monotonic()
        film.tally.gate_wait += time.monotonic() - started
        asking = self._spawn(film, self._answer(film, window, answer, place))
        # not in _answer: a task that is cancelled before its first step never comes to its ``finally``
        asking.add_done_callback(lambda _: place.leave())

    def _spawn(self, film: _Film, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        film.tasks.add(task)
        task.add_done_callback(
            lambda done: film.tasks.discard(done) if not done.cancelled() and done.exception() is None else None
        )
        return task

    async def _answer(self, film: _Film, window: Window, answer: "asyncio.Future[Caption]", place: Place) -> None:
        try:
            caption = await self._ask(film, window, place)
        except BaseException:
            answer.cancel()
            raise
        answer.set_result(caption)
        self._keep(film, window, caption)
        now = time.monotonic()
        film.tally.engine = now - film.first - self.engine.starting_seconds(film.first, now)

    async def _reuse(self, film: _Film, window: Window, answer: "asyncio.Future[Caption]") -> None:
        before = await asyncio.shield(answer)
        times = tuple(frame.time for frame in window.frames)
        caption = replace(
            before, start=window.start, end=window.end, frames=times, prompt_tokens=0, completion_tokens=0, reused=True
        )
        self._keep(film, window, caption)

    def _keep(self, film: _Film, window: Window, caption: Caption) -> None:
        film.captions[window.index] = caption
        film.on_caption(caption)

    async def _ask(self, film: _Film, window: Window, place: Place) -> Caption:
        """One window's caption: asked, guarded, asked once more where the answer is empty."""
        times = tuple(frame.time for frame in window.frames)
        text, outcome, replies = "", Outcome.EMPTY, list[Reply]()
        try:
            for attempt in range(2):
                reply = await self.engine.ask(self.question.about(window, attempt=attempt), place=place)
                replies.append(reply)
                film.tally.asked += 1
                text, outcome = answers.guard(reply.text, cut_off=reply.finish == "length")
                if outcome is not Outcome.EMPTY:
                    break
        except RequestError as error:
            outcome = Outcome.FAILED
            film.notices.append(Notice(code=error.code, message=error.message, start=window.start, end=window.end))
        prompt_tokens, completion_tokens = sum(r.prompt_tokens for r in replies), sum(r.completion_tokens for r in replies)
        film.tally.prompt_tokens += prompt_tokens
        film.tally.completion_tokens += completion_tokens
        caption = Caption(
            start=window.start, end=window.end, text=text, outcome=outcome, frames=times,
            prompt_tokens=prompt_tokens, completion_tokens=completion_tokens,
        )  # fmt: skip
        self._note(film, caption)
        return caption

    @staticmethod
    def _note(film: _Film, caption: Caption) -> None:
        """Say what is wrong with an answer; for those that a journal kept too, or a resumed run would warn of less."""
        if (message := NOTICES.get(caption.outcome)) is not None:
            film.notices.append(Notice(code=f"answer_{caption.outcome}", message=message, start=caption.start, end=caption.end))

    async def _settle(self, film: _Film) -> None:
        while film.tasks:
            await asyncio.wait(film.tasks, return_when=asyncio.FIRST_EXCEPTION)
            self._raise_first_failure(film)

    @staticmethod
    def _raise_first_failure(film: _Film) -> None:
        for task in film.tasks:
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error


def _next(windows: Iterator[Window]) -> Window | None:
    return together(window) if (window := next(windows, None)) is not None else None


NOTICES = {
    Outcome.EMPTY: "the model answered nothing, twice; there is no description here",
    Outcome.REPEATED: "the model repeated itself; its answer was cut before the repetition",
    Outcome.TRUNCATED: "the model's answer was too long; it was cut at a whole sentence (raise --max-tokens)",
}
