"""The heart: order, bounds, fairness, failures, death and restart, reuse; with a captioner that does as it is told."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from models.base import Reply, Request
from models.errors import EndpointError, EngineDead, ModelNotFound, RequestRefused
from pipeline.captioning import Captioning, span_of
from pipeline.engine import supervisor as supervisor_module
from pipeline.engine.engine import Engine
from pipeline.errors import EnvironmentFault, InputError, UsageError
from pipeline.question import Question
from pipeline.types import Caption, Frame, Outcome, Window


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
        yield Window(index=i, start=i, end=i + 1, frames=(Frame(image=image, time=i + 0.5, index=i),))


def heart(told: Told, *, in_flight: int = 4, nbytes: int = 1 << 30, **options: bool) -> Captioning:
    return Captioning(
        Engine(told, in_flight=in_flight, memory_bytes=nbytes), question=Question(prompt="What?"), films=3, **options
    )


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


async def test_films_share_the_engine_fairly() -> None:
    told = Told(delay=0.001)
    captioning = heart(told, in_flight=2)
    both = await asyncio.gather(captioning.describe(windows(30)), captioning.describe(windows(30, first=256)))
    assert [len(one.captions) for one in both] == [30, 30]
    half = told.asked[:30]
    assert 10 <= sum(number < 256 for number in half) <= 20, "neither film waits for the other to end"


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
