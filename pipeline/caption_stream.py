"""Captions of one source, as ``describe`` takes them: made here, by the engine of this process, or by the hosts of a fleet.

async with stream: async for caption in stream: ...        in order of time
on.caption                                                 each new one as it is finished, in any order
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack, aclosing
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Protocol, Self

from pipeline.captioning.captioning import captions
from pipeline.captioning.recipe import Recipe
from pipeline.captioning.tally import Tally
from pipeline.engine.engine import Engine
from pipeline.entering import entered
from pipeline.sources.base import Reading, Source
from pipeline.types import Caption, Notice, Span, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Whom a stream tells what, on the event loop but for ``window``."""

    caption: Callable[[Caption, float], None]
    """a new caption, and how many seconds of the source are decoded"""
    notice: Callable[[Notice], None]
    """what the user should know of an answer"""
    read: Callable[[], None]
    """once: all is read"""
    window: Callable[[Window], None]
    """one more window is read; on the thread that reads"""
    pictures: bool = True
    """whether ``window`` looks at the pictures"""


class CaptionStream(Protocol):
    """An asynchronous context manager to iterate once; nothing of it is read or in flight after it.

    Raises what reading raises (InputError), and EnvironmentFault or UsageError where no engine can go on.
    """

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the user should know of the pictures; complete after the iteration."""

    @property
    def shots(self) -> tuple[float, ...]:
        """Times of the cuts, where the window rule looks for them; complete after the iteration."""

    @property
    def decode_seconds(self) -> float:
        """Seconds that decoding took, all processes together."""

    @property
    def reader(self) -> str:
        """Who decoded, as the JSON names it (``Described.reader``); empty before reading began."""

    def __aiter__(self) -> AsyncIterator[Caption]: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class OpenStream(Protocol):
    """How a stream is had. ``known``: captions of an earlier run, which are not asked again; ``tally`` is added to."""

    def __call__(
        self, source: Source, recipe: Recipe, *, known: Mapping[Span, Caption], on: Told, tally: Tally
    ) -> CaptionStream: ...


class LocalStream:
    """Read by this process's children, answered by its engine."""

    def __init__(
        self, engine: Engine, source: Source, recipe: Recipe, *, known: Mapping[Span, Caption], on: Told, tally: Tally
    ) -> None:
        self._engine, self._source, self._recipe = engine, source, recipe
        self._known, self._on, self._tally = known, on, tally
        self._held = AsyncExitStack()
        self._reading: Reading | None = None

    @property
    def notices(self) -> tuple[Notice, ...]:
        return self._reading.notices if self._reading is not None else ()

    @property
    def shots(self) -> tuple[float, ...]:
        return self._reading.shots if self._reading is not None else ()

    @property
    def decode_seconds(self) -> float:
        return self._reading.decode_seconds if self._reading is not None else 0.0

    @property
    def reader(self) -> str:
        return self._reading.reader if self._reading is not None else ""

    async def __aenter__(self) -> Self:
        reader = self._held.enter_context(ExitStack())  # closed as soon as all is read, or at the end
        opening = partial(self._source.windows, self._recipe, known=frozenset(self._known))
        self._reading = reading = await entered(reader, opening)

        def seen(window: Window) -> Window:
            self._on.window(window)
            return window

        def read() -> None:
            reader.close()  # the film's files and memory, before all answers are there
            self._on.read()

        flow = captions(
            map(seen, reading), self._recipe, self._engine, known=self._known,
            on_caption=lambda caption: self._on.caption(caption, reading.position),
            on_notice=self._on.notice, on_read=read, tally=self._tally,
        )  # fmt: skip
        self._flow: AsyncGenerator[Caption, None] = await self._held.enter_async_context(aclosing(flow))
        return self

    def __aiter__(self) -> AsyncIterator[Caption]:
        return self._flow

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._held.aclose()
