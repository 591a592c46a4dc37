"""Questions about films and pictures: what ``scenescribe ask`` runs."""

import asyncio
import concurrent.futures
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pipeline.api.films import AnyPath, checked
from pipeline.asking.types import Answer
from pipeline.errors import UsageError
from pipeline.options.ask import AskSettings

if TYPE_CHECKING:
    from models.base import Captioner
    from pipeline.asking.choosing import Leave
    from pipeline.asking.talk import Talk

T = TypeVar("T")


def ask(film: AnyPath | Sequence[AnyPath], question: str, *, captioner: "Captioner | None" = None, **options: Any) -> Answer:
    """One question about a film, a picture, or several; ``options`` are fields of ``AskSettings`` (``model="shapes"``, ``at="1:20-1:40"``).

    The model is loaded for this call: for more than one question open a ``Conversation``.

    Raises UsageError, InputError, RequestError, EnvironmentFault; UsageError ``running_loop`` where an event loop runs already.
    """
    with Conversation(film, captioner=captioner, **options) as talk:
        return talk.ask(question)


async def ask_async(
    film: AnyPath | Sequence[AnyPath], question: str, *, captioner: "Captioner | None" = None, **options: Any
) -> Answer:
    """``ask``, to be awaited. Cancelling it takes the question out of the engine."""
    async with Conversation(film, captioner=captioner, **options) as talk:
        return await talk.ask_async(question)


class Conversation:
    """A talk about films: what was said before counts, and a film is read once.

        with Conversation("film.mp4") as talk:              async with Conversation("film.mp4") as talk:
            print(talk.ask("What is it about?").text)           await talk.ask_async("What is it about?")
            for piece in talk.stream("And then?"): ...          async for piece in talk.stream_async("And then?"): ...

    A stream ends with its Answer; leaving it early takes the question out of the engine.
    """

    def __init__(
        self,
        films: AnyPath | Sequence[AnyPath],
        *,
        settings: AskSettings | None = None,
        captioner: "Captioner | None" = None,
        recursive: bool = False,
        leave: "Leave | None" = None,
        verbose: bool = False,
        **options: Any,
    ) -> None:
        """``captioner`` answers instead of an engine of ours; ``leave`` is asked before long films are described first, where the
        option ``caption`` says nothing. Raises UsageError."""
        names = [films] if isinstance(films, (str, Path)) else films
        self._names, self._recursive = [str(name) for name in names], recursive
        self.settings = checked(settings or AskSettings(), options)
        self._captioner, self._leave, self._verbose = captioner, leave, verbose
        self._held: AsyncExitStack | None = None
        self._talk: Talk | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def answers(self) -> tuple[Answer, ...]:
        """All answers so far."""
        return tuple(self._open.answers)

    @property
    def talk(self) -> "Talk":
        """What it is made of: the host, the films, what was shown last."""
        return self._open

    async def ask_async(self, question: str) -> Answer:
        return await self._open.ask(question)

    async def stream_async(self, question: str) -> AsyncGenerator[str | Answer, None]:
        async with aclosing(self._open.stream(question)) as pieces:
            async for piece in pieces:
                yield piece

    async def warm_async(self) -> None:
        """Have the model read the film before the first question, where it is short."""
        await self._open.warm()

    async def __aenter__(self) -> Self:
        from pipeline.asking.inputs import named
        from pipeline.asking.talk import Talk
        from pipeline.host import Host

        given = await asyncio.to_thread(named, self._names, recursive=self._recursive)
        async with AsyncExitStack() as held:
            host = Host(self.settings.describing(), captioner=self._captioner, verbose=self._verbose, profile="questions")
            await held.enter_async_context(host)
            host.engine.warm()
            talk = Talk(host, given.paths, self.settings, leave=self._leave, captions=given.captions)
            self._talk = await held.enter_async_context(talk)
            self._held = held.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        held, self._held, self._talk = self._held, None, None
        if held is not None:
            await held.aclose()

    # The same for those who have no event loop: one runs on a thread of its own.

    def ask(self, question: str) -> Answer:
        return self._wait(self.ask_async(question))

    def stream(self, question: str) -> Iterator[str | Answer]:
        pieces = self.stream_async(question)
        try:
            while True:
                try:
                    yield self._wait(anext(pieces))
                except StopAsyncIteration:
                    return
        finally:
            self._wait(pieces.aclose())

    def warm(self) -> "concurrent.futures.Future[None]":
        """``warm_async`` in the background; wait for its result, or don't."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(self.warm_async(), self._loop)

    def __enter__(self) -> Self:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            pass
        else:
            raise UsageError("running_loop", "an event loop runs already (a notebook, a server): use async with and ask_async")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="conversation", daemon=True)
        self._thread.start()
        try:
            return self._wait(self.__aenter__())
        except BaseException:
            self._stop()
            raise

    def __exit__(self, *_: object) -> None:
        try:
            self._wait(self.__aexit__())
        finally:
            self._stop()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of work on the loop; what interrupts the waiting (Ctrl-C) cancels the work."""
        assert self._loop is not None, "enter the conversation first"
        done = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return done.result()
        except BaseException:
            if not done.done():
                done.cancel()
                concurrent.futures.wait([done], timeout=10)
            raise

    def _stop(self) -> None:
        loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return

        async def rest() -> None:
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await loop.shutdown_asyncgens()

        asyncio.run_coroutine_threadsafe(rest(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()

    @property
    def _open(self) -> "Talk":
        if self._talk is None:
            raise UsageError("not_open", "the conversation is not open: use it in a with statement")
        return self._talk
