"""The heart: order, bounds, fairness, failures, death and restart, reuse; with a captioner that does as it is told."""

import asyncio
import contextlib
import sys
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pytest

from models.base import Reply, Request
from models.engines.echo import EchoCaptioner
from models.errors import EndpointError, EngineDead, ModelNotFound, RequestRefused
from pipeline.captioning.captioning import captions
from pipeline.captioning.recipe import Recipe
from pipeline.captioning.tally import Tally
from pipeline.engine import supervisor as supervisor_module
from pipeline.engine.engine import Engine
from pipeline.engine.gate import Priority
from pipeline.errors import EnvironmentFault, InputError, OutputError, UsageError
from pipeline.frames import Frame, FrameBatch
from pipeline.types import Caption, Notice, Outcome, Window, span_of


class Told:
    """A captioner whose answers are a function of the request; the window's number is drawn in its pictures."""

    engine, engine_version, capacity = "told", "1", 4

    def __init__(
        self,
        answer: Callable[["Told", int], str | Exception] = lambda told, n: f"Window {n}.",
        delay: float = 0.0,
        together: int = 1,
    ) -> None:
        """``together``: nobody is answered before so many have asked."""
        self.answer, self.delay, self.barrier = answer, delay, asyncio.Barrier(together)
        self.starts, self.running, self.peak = 0, 0, 0
        self.asked: list[int] = []

    async def start(self) -> None:
        self.starts += 1

    async def close(self) -> None: ...

    async def caption(self, request: Request) -> Reply:
        assert request.video is not None
        number = int(request.video[0, 0, 0, 0]) + 256 * int(request.video[0, 0, 0, 1])
        self.asked.append(number)
        self.running += 1
        self.peak = max(self.peak, self.running)
        try:
            await self.barrier.wait()
            await asyncio.sleep(self.delay * (number % 3))
            answer = self.answer(self, number)
        finally:
            self.running -= 1
        if isinstance(answer, Exception):
            raise answer
        return Reply(text=answer, finish="stop", prompt_tokens=10, completion_tokens=2)


def windows(count: int, *, first: int = 0, still: bool = False) -> Iterator[Window]:
    for i in range(count):
        image = np.zeros((32, 32, 3), np.uint8)
        number = first + i
        image[:, :, 0], image[:, :, 1] = number % 256, number // 256
        if not still:
            image[:, 16:] = 255 * (number % 2)
        yield Window(index=i, start=i, end=i + 1, frames=FrameBatch.of([Frame(image=image, time=i + 0.5, index=i)]))


RECIPE = Recipe(model="told", prompt="What?")


@dataclass
class Described:
    """All that came of one source."""

    captions: list[Caption]
    notices: list[Notice]
    tally: Tally


class Heart:
    """One engine, and whole sources through it."""

    def __init__(self, told: Told, *, in_flight: int = 4, nbytes: int = 1 << 30, skip_static: bool = False) -> None:
        self.engine = Engine(told, in_flight=in_flight, memory_bytes=nbytes)
        self.recipe = RECIPE.changed(skip_static=skip_static)

    async def describe(
        self, windows: Iterator[Window] | AsyncIterator[Window], *, known: dict[tuple[float, float], Caption] | None = None
    ) -> Described:
        tally, notices = Tally(), list[Notice]()
        flow = captions(windows, self.recipe, self.engine, known=known, on_notice=notices.append, tally=tally)
        async with aclosing(flow):
            return Described([caption async for caption in flow], sorted(notices, key=lambda n: n.start or 0.0), tally)


heart = Heart


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "BACK_OFF", (0.0, 0.0, 0.0))


async def test_captions_come_in_order_whatever_order_the_replies_have_and_the_bound_holds() -> None:
    told = Told(delay=0.002, together=5)
    described = await heart(told, in_flight=5).describe(windows(40))
    assert [caption.text for caption in described.captions] == [f"Window {i}." for i in range(40)]
    assert [caption.start for caption in described.captions] == list(range(40))
    assert told.peak == 5, "the engine is kept as full as the bound allows, and no fuller"
    assert described.tally.prompt_tokens == 400


async def test_bytes_bound_what_is_in_flight() -> None:
    told = Told(delay=0.002, together=3)
    captioning = heart(told, in_flight=50, nbytes=3 * 32 * 32 * 3)
    await captioning.describe(windows(21))
    assert told.peak == 3
    assert captioning.engine.peak[1] == 3 * 32 * 32 * 3


async def at_once(windows: Iterator[Window]) -> AsyncIterator[Window]:
    """Windows that are always there: a film's thread may be late on a busy machine, and another film has its turn then."""
    for window in windows:
        yield window


async def test_films_share_the_engine_fairly() -> None:
    told = Told(delay=0.001)
    captioning = heart(told, in_flight=2)
    both = await asyncio.gather(*(captioning.describe(at_once(windows(30, first=first))) for first in (0, 256)))
    assert [len(one.captions) for one in both] == [30, 30]
    half = told.asked[:30]
    assert 14 <= sum(number < 256 for number in half) <= 16, "neither film waits for the other to end"


async def test_a_window_that_is_refused_is_one_failed_caption() -> None:
    told = Told(lambda told, n: RequestRefused("no") if n == 3 else f"Window {n}.")
    described = await heart(told).describe(windows(6))
    assert [caption.outcome for caption in described.captions] == [Outcome.OK] * 3 + [Outcome.FAILED] + [Outcome.OK] * 2
    assert [(notice.code, notice.start, notice.end) for notice in described.notices] == [("request_refused", 3, 4)]


async def test_an_empty_answer_is_asked_once_more_and_then_told() -> None:
    told = Told(lambda told, n: "" if n == 2 or (n == 1 and told.asked.count(1) == 1) else f"Window {n}.")
    described = await heart(told).describe(windows(4))
    assert [caption.outcome for caption in described.captions] == [Outcome.OK, Outcome.OK, Outcome.EMPTY, Outcome.OK]
    assert (told.asked.count(1), told.asked.count(2), told.asked.count(0)) == (2, 2, 1)
    assert [notice.code for notice in described.notices] == ["answer_empty"]


async def test_a_dead_engine_is_restarted_and_its_windows_are_asked_again() -> None:
    def answer(told: Told, n: int) -> str | Exception:
        return EngineDead("killed") if told.starts == 1 and n >= 3 else f"Window {n}."

    told = Told(answer, delay=0.001)
    captioning = heart(told)
    described = await captioning.describe(windows(12))
    assert [caption.text for caption in described.captions] == [f"Window {i}." for i in range(12)], "nothing lost, nothing twice"
    assert told.starts == 2, "one restart for all windows that the engine took with it"


async def test_an_engine_that_keeps_dying_ends_the_run_and_leaves_nothing_in_flight() -> None:
    told = Told(lambda told, n: EngineDead("killed again"))
    with pytest.raises(EnvironmentFault, match="killed again") as caught:
        await heart(told).describe(windows(12))
    assert (caught.value.code, caught.value.exit_code) == ("engine_dead", 3)
    assert told.starts == 4, "the first start and three restarts"
    assert told.running == 0


async def test_an_engine_that_does_not_start_says_so() -> None:
    class Missing(Told):
        async def start(self) -> None:
            raise ModelNotFound("no such model")

    with pytest.raises(UsageError, match="no such model"):
        await heart(Missing()).describe(windows(3))


async def test_a_reader_that_fails_takes_its_film_along_and_no_other() -> None:
    def broken() -> Iterator[Window]:
        yield from windows(3)
        raise InputError("crashed_worker", "twice")

    told = Told(delay=0.002)
    captioning = heart(told)
    one, other = await asyncio.gather(captioning.describe(broken()), captioning.describe(windows(8)), return_exceptions=True)
    assert isinstance(one, InputError)
    assert not isinstance(other, BaseException)
    assert len(other.captions) == 8
    assert (captioning.engine.in_flight, captioning.engine.waiting) == (0, 0)


async def test_a_film_that_fails_leaves_its_places_to_others() -> None:
    told = Told(lambda told, n: EndpointError("down") if len(told.asked) < 30 else f"Window {n}.")
    captioning = heart(told)
    for _ in range(10):
        with contextlib.suppress(EnvironmentFault):
            await captioning.describe(windows(10))
        await asyncio.sleep(0)
    assert (captioning.engine.in_flight, captioning.engine.waiting) == (0, 0)


async def test_a_resumed_film_warns_of_the_same_answers() -> None:
    told = Told(lambda _, n: "" if n == 1 else f"Window {n}.")
    whole = await heart(told).describe(windows(3))
    known = {span_of(c.start, c.end): c for c in whole.captions[:2]}
    resumed = await heart(Told()).describe(windows(3), known=known)
    assert [notice.code for notice in whole.notices] == ["answer_empty"]
    assert resumed.notices == whole.notices


async def test_known_captions_are_not_asked_again() -> None:
    known = {span_of(i, i + 1): Caption(start=i, end=i + 1, text=f"Kept {i}.") for i in range(9)}
    told = Told()
    described = await heart(told).describe(windows(10), known=known)
    assert told.asked == [9]
    assert [caption.text for caption in described.captions] == [f"Kept {i}." for i in range(9)] + ["Window 9."]


async def test_cancelling_leaves_nothing_in_flight() -> None:
    told = Told(delay=1.0)
    captioning = heart(told)
    work = asyncio.create_task(captioning.describe(windows(20, first=1)))
    await asyncio.sleep(0.02)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert (told.running, captioning.engine.in_flight) == (0, 0)


async def test_a_window_that_looks_like_the_one_before_it_gets_its_caption_without_asking() -> None:
    told = Told()
    described = await heart(told, skip_static=True).describe(windows(10, still=True))
    assert told.asked == [0, 7], "the brightness drifts by one a window: the eighth is too far from the first"
    assert [caption.reused for caption in described.captions] == [False] + [True] * 6 + [False] + [True] * 2
    assert {caption.text for caption in described.captions[:7]} == {"Window 0."}
    assert described.captions[3].completion_tokens == 0
    assert described.captions[3].frames == (3.5,)


async def test_a_window_that_failed_is_no_caption_for_those_that_look_like_it() -> None:
    """One that was refused costs a standing picture one window, and not the hour that it stands."""
    told, answered = Told(lambda told, n: RequestRefused("not this one") if n == 0 else f"Window {n}."), asyncio.Event()
    one = heart(told, skip_static=True)

    async def stream() -> AsyncIterator[Window]:
        for window in windows(4, still=True):
            yield window
            await answered.wait()

    async with aclosing(captions(stream(), one.recipe, one.engine, on_caption=lambda _: answered.set())) as flow:
        found = [caption async for caption in flow]
    assert told.asked == [0, 1]
    assert [(caption.text, caption.reused) for caption in found] == [("", False), ("Window 1.", False)] + [
        ("Window 1.", True)
    ] * 2


async def test_windows_that_wait_for_the_caption_of_another_have_no_pictures() -> None:
    told, alive, read = Told(together=2), weakref.WeakSet[FrameBatch](), asyncio.Event()
    one = heart(told, skip_static=True)

    class Seen(FrameBatch):
        __slots__ = ("__weakref__",)

    async def stream() -> AsyncIterator[Window]:
        for i in range(50):
            frames = Seen.of([Frame(image=np.zeros((8, 8, 3), np.uint8), time=i, index=i)])
            alive.add(frames)
            yield Window(index=i, start=i, end=i + 1, frames=frames)
        del frames
        read.set()

    async def let_go() -> int:
        await read.wait()
        most = len(alive)
        await told.barrier.wait()  # the first is answered now
        return most

    seen = asyncio.create_task(let_go())
    async with aclosing(captions(stream(), one.recipe, one.engine)) as flow:
        found = [caption async for caption in flow]
    assert len(found) == 50
    assert all(caption.text == "Window 0." for caption in found)
    assert await seen <= 3, "the first, which is asked and compared with, and the last one that was read"


async def test_an_endless_source_takes_no_more_room_than_a_short_one() -> None:
    """Thirty thousand windows from a stream: what is alive at once is what is in flight."""
    picture = np.zeros((1, 1, 3), np.uint8)
    alive: weakref.WeakSet[Window] = weakref.WeakSet()
    most = given = 0

    class Seen(Window):
        __slots__ = ("__weakref__",)

    async def stream() -> AsyncIterator[Window]:
        for i in range(30_000):
            window = Seen(index=i, start=i, end=i + 1, frames=FrameBatch.of([Frame(image=picture, time=i, index=i)]))
            alive.add(window)
            yield window

    class Quick(Told):
        async def caption(self, request: Request) -> Reply:
            return Reply(text="Seen.", finish="stop", prompt_tokens=1, completion_tokens=1)

    engine = Engine(Quick(), in_flight=4)
    async with aclosing(captions(stream(), RECIPE, engine)) as flow:
        async for caption in flow:
            assert caption.start == given
            given += 1
            most = max(most, len(alive))
            if given == 10_000:
                early = sys.getallocatedblocks()
        late = sys.getallocatedblocks()
    assert given == 30_000
    assert most <= 4 + 3, "in flight, and one that is read"
    assert late - early < 10_000, "twenty thousand captions later"


async def test_a_slow_consumer_stops_the_reader() -> None:
    read = 0

    def counted() -> Iterator[Window]:
        nonlocal read
        for window in windows(200):
            read += 1
            yield window

    engine = Engine(Told(), in_flight=4)
    async with aclosing(captions(counted(), RECIPE, engine, ahead=10)) as flow:
        first = await anext(flow)
        while read < 11 or engine.in_flight:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.001)
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert (first.text, read) == ("Window 0.", 11), "one is given, ten wait, and no more is read"
        assert [caption.start async for caption in flow] == list(range(1, 200))


async def test_a_window_that_takes_long_does_not_hold_up_the_others() -> None:
    slow = asyncio.Event()
    heard: list[float] = []

    class Uneven(Told):
        async def caption(self, request: Request) -> Reply:
            reply = await super().caption(request)
            if reply.text == "Window 0.":
                await slow.wait()
            return reply

    def on_caption(caption: Caption) -> None:
        heard.append(caption.start)
        if len(heard) == 29:
            slow.set()

    async with aclosing(captions(windows(30), RECIPE, Engine(Uneven(), in_flight=4), on_caption=on_caption)) as flow:
        assert [caption.start async for caption in flow] == list(range(30))
    assert heard[-1] == 0.0, "finished last, given first"


async def test_a_caption_that_can_not_be_kept_ends_its_film() -> None:
    def full(caption: Caption) -> None:
        raise OutputError("no_space", "the disk is full")

    told = Told()
    engine = Engine(told)
    flow = captions(windows(20), RECIPE, engine, on_caption=full)
    with pytest.raises(OutputError, match="no_space"):
        await anext(flow)
    await flow.aclose()
    assert (told.running, engine.in_flight, engine.waiting) == (0, 0, 0)


async def test_two_recipes_on_one_engine_give_what_each_gives_alone() -> None:
    def recipe(prompt: str, frames: Literal["video", "images"]) -> Recipe:
        return Recipe(model="echo", prompt=prompt, frames=frames)

    class Says(EchoCaptioner):
        async def caption(self, request: Request) -> Reply:
            reply = await super().caption(request)
            return replace(reply, text=f"{request.prompt} {reply.text}")

    async def one(engine: Engine, recipe: Recipe, first: int) -> list[Caption]:
        async with aclosing(captions(windows(40, first=first), recipe, engine)) as flow:
            return [caption async for caption in flow]

    first, second = recipe("What?", "video"), recipe("Who, in {words} words?", "images")
    alone = [await one(Engine(Says()), first, 0), await one(Engine(Says()), second, 100)]
    engine = Engine(Says(), in_flight=3)
    assert await asyncio.gather(one(engine, first, 0), one(engine, second, 100)) == alone
    assert alone[0][0].text != alone[1][0].text


async def test_a_question_comes_back_while_a_film_is_captioned() -> None:
    answered: list[str] = []

    class Asked(Told):
        async def caption(self, request: Request) -> Reply:
            if request.video is None:
                answered.append(request.prompt)
                return Reply(text="A film.", finish="stop", prompt_tokens=1, completion_tokens=1)
            return await super().caption(request)

    engine = Engine(Asked(), in_flight=2)
    async with aclosing(captions(windows(100), RECIPE, engine)) as flow:
        await anext(flow)
        reply = await engine.ask(Request(prompt="What is this?"), priority=Priority.QUESTION)
        assert (reply.text, answered) == ("A film.", ["What is this?"])
        rest = [caption async for caption in flow]
    assert len(rest) == 99
