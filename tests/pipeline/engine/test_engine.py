"""The one door to a model: who goes first, what a deadline does, what an error becomes, what a death costs."""

import asyncio
import pickle
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace

import numpy as np
import pytest

from models import errors as theirs
from models.base import Reply, Request, Schema, Turn
from models.engines.echo import EchoCaptioner
from models.errors import EndpointError, EngineDead, EngineMissing, ModelNotFound, PromptTooLong, RequestRefused
from pipeline.engine import supervisor
from pipeline.engine.engine import Engine, size_of
from pipeline.engine.faults import translated
from pipeline.engine.gate import Priority
from pipeline.engine.opening import choose_preset, open_captioner
from pipeline.errors import DeadlinePassed, EnvironmentFault, RequestError, ScenescribeError, UsageError
from pipeline.options.caption import Settings


class Held(EchoCaptioner):
    """Answers only those who are let go; ``asked`` and ``running`` as seen by the model."""

    def __init__(self, capacity: int = 2) -> None:
        super().__init__(capacity=capacity)
        self.inside: dict[str, asyncio.Event] = {}
        self.order: list[str] = []

    async def caption(self, request: Request) -> Reply:
        self.order.append(request.prompt)
        self.inside[request.prompt] = asyncio.Event()
        try:
            await self.inside[request.prompt].wait()
            return await super().caption(request)
        finally:
            del self.inside[request.prompt]

    async def stream(self, request: Request) -> AsyncIterator[str | Reply]:
        self.order.append(request.prompt)
        self.inside[request.prompt] = asyncio.Event()
        try:
            yield "first "
            await self.inside[request.prompt].wait()
            yield "last"
        finally:
            del self.inside[request.prompt]


class Faulty(EchoCaptioner):
    """The first requests fail as they are told to."""

    def __init__(self, *faults: Exception, after: int = 0) -> None:
        super().__init__(fault=lambda _: self.faults.pop(0) if self.faults else None)
        self.faults, self.after, self.starts = list(faults), after, 0

    async def start(self) -> None:
        self.starts += 1
        await super().start()

    async def stream(self, request: Request) -> AsyncIterator[str | Reply]:
        given = 0
        if self.after == 0:
            await self._words(request)
        async for piece in EchoCaptioner.stream(EchoStarted(), request):
            yield piece
            given += 1
            if given == self.after:
                await self._words(request)


class EchoStarted(EchoCaptioner):
    def __init__(self) -> None:
        super().__init__()
        self._started = True


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "BACK_OFF", (0.0, 0.0, 0.0))


def text(prompt: str) -> Request:
    return Request(prompt=prompt)


async def turn(until: Callable[[], object]) -> None:
    """Let the loop go round until something is so."""
    for _ in range(1000):
        if until():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")


async def test_a_question_comes_back_while_captions_wait() -> None:
    model = Held()
    async with Engine(model) as engine:
        captions = [asyncio.create_task(engine.ask(text(f"caption {i}"), owner="film")) for i in range(6)]
        await turn(lambda: len(model.inside) == 2)
        question = asyncio.create_task(engine.ask(text("question"), priority=Priority.QUESTION))
        model.inside["caption 0"].set()
        await turn(lambda: "question" in model.inside)
        model.inside["question"].set()
        assert (await question).text == "Text alone: question"
        assert [task.done() for task in captions] == [True] + [False] * 5
        for task in captions:
            task.cancel()
        await asyncio.gather(*captions, return_exceptions=True)
    assert (engine.in_flight, engine.waiting) == (0, 0)


async def test_the_model_is_told_who_goes_first_and_all_that_was_asked() -> None:
    seen: list[Request] = []

    class Model(EchoCaptioner):
        async def caption(self, request: Request) -> Reply:
            seen.append(request)
            return await super().caption(request)

        async def stream(self, request: Request) -> AsyncIterator[str | Reply]:
            seen.append(request)
            async for piece in super().stream(request):
                yield piece

    asked = Request(prompt="x", history=(Turn(role="user", text="y"),), schema=Schema(choices=("Yes.", "No.")), key="film")
    async with Engine(Model()) as engine:
        await engine.ask(asked, priority=Priority.LIVE)
        *_, reply = [piece async for piece in engine.stream(asked)]
        with await engine.admit(0) as place:
            await engine.ask(asked, place=place)
    assert isinstance(reply, Reply)
    assert [request.priority for request in seen] == [Priority.LIVE, Priority.QUESTION, Priority.CAPTION]
    assert all(replace(request, priority=0).history == asked.history for request in seen)
    assert {(request.schema, request.key) for request in seen} == {(asked.schema, "film")}


async def test_a_window_that_has_its_turn_by_its_share_is_not_passed_over_once_more_in_the_model() -> None:
    seen: list[tuple[str, int]] = []

    class Model(EchoCaptioner):
        async def caption(self, request: Request) -> Reply:
            seen.append((request.prompt, request.priority))
            await asyncio.sleep(0)
            return await super().caption(request)

    async with Engine(Model(), in_flight=1) as engine:
        await engine.warm()
        questions = [engine.ask(text("question"), priority=Priority.QUESTION) for _ in range(8)]
        await asyncio.gather(*questions[:1], engine.ask(text("window")), *questions[1:])
    assert ("window", Priority.QUESTION) in seen[:6], "and not behind all questions"


async def test_a_deadline_that_passes_takes_the_request_out() -> None:
    model = Held()
    loop = asyncio.get_running_loop()
    async with Engine(model, in_flight=1) as engine:
        await engine.warm()
        with pytest.raises(DeadlinePassed) as caught:  # while the model works on it
            await engine.ask(text("slow"), deadline=loop.time() + 0.01)
        assert (caught.value.code, isinstance(caught.value, RequestError), model.inside) == ("deadline_passed", True, {})
        before = asyncio.create_task(engine.ask(text("before")))
        await turn(lambda: model.inside)
        with pytest.raises(DeadlinePassed):  # while it waits for a place
            await engine.ask(text("late"), deadline=loop.time() + 0.01)
        assert model.order == ["slow", "before"], "the model never saw it"
        with pytest.raises(DeadlinePassed):
            await anext(engine.stream(text("late stream"), deadline=loop.time() + 0.01))
        model.inside["before"].set()
        await before
        async with aclosing(engine.stream(text("stream"), deadline=loop.time() + 0.01)) as pieces:
            assert await anext(pieces) == "first "
            with pytest.raises(DeadlinePassed):  # in the middle of an answer
                await anext(pieces)
        assert (engine.in_flight, engine.waiting, model.inside) == (0, 0, {})


async def test_a_timeout_of_the_model_is_no_deadline() -> None:
    async with Engine(Faulty(TimeoutError("its own"))) as engine:
        with pytest.raises(TimeoutError, match="its own"):
            await engine.ask(text("x"), deadline=asyncio.get_running_loop().time() + 60)


async def test_a_stream_holds_its_place_until_it_is_closed() -> None:
    model = Held()
    async with Engine(model, in_flight=1) as engine:
        async with aclosing(engine.stream(text("one"))) as pieces:
            assert await anext(pieces) == "first "
            assert engine.in_flight == 1
        assert (engine.in_flight, model.inside) == (0, {})
        pieces = engine.stream(text("two"))
        assert await anext(pieces) == "first "
        model.inside["two"].set()
        assert [piece async for piece in pieces] == ["last"]
        assert engine.in_flight == 0


async def test_a_place_from_admit_is_used_and_not_given_back() -> None:
    request = Request(prompt="", video=np.zeros((2, 8, 8, 3), np.uint8), times=(0, 1))
    async with Engine(EchoCaptioner(), in_flight=1) as engine:
        with await engine.admit(size_of(request)) as place:
            for _ in range(2):  # a second question about the same window
                await engine.ask(request, place=place)
            assert engine.peak == (1, 2 * 8 * 8 * 3)
            assert engine.in_flight == 1
        assert engine.in_flight == 0


@pytest.mark.parametrize(
    "kind", [kind for kind in vars(theirs).values() if isinstance(kind, type) and kind.__module__ == theirs.__name__]
)
def test_every_error_of_a_model_becomes_one_of_ours(kind: type[theirs.ModelError]) -> None:
    error = translated(kind("what is wrong", key=7))
    assert isinstance(error, ScenescribeError)
    assert (error.code, error.message, error.data) == (kind.code, "what is wrong", {"key": 7})
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [(PromptTooLong("long"), RequestError), (RequestRefused("no"), RequestError), (EndpointError("down"), EnvironmentFault)],
)
async def test_asking_and_streaming_raise_the_same(fault: Exception, expected: type[ScenescribeError]) -> None:
    async with Engine(Faulty(fault, fault)) as engine:
        with pytest.raises(expected) as asked:
            await engine.ask(text("x"))
        with pytest.raises(expected) as streamed:
            _ = [piece async for piece in engine.stream(text("x"))]
        assert str(asked.value) == str(streamed.value)
        assert engine.in_flight == 0


@pytest.mark.parametrize(
    ("fault", "expected"),
    [(ModelNotFound("none"), UsageError), (EngineMissing("none"), EnvironmentFault), (EngineDead("oom"), EnvironmentFault)],
)
async def test_a_model_that_does_not_start_says_why_to_all_who_ask(fault: Exception, expected: type[ScenescribeError]) -> None:
    class Missing(EchoCaptioner):
        async def start(self) -> None:
            raise fault

    engine = Engine(Missing())
    answers = await asyncio.gather(*(engine.ask(text("x")) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [expected] * 3


async def test_a_stream_is_asked_again_only_as_long_as_nothing_was_given() -> None:
    model = Faulty(EngineDead("killed"))
    async with Engine(model) as engine:
        *pieces, reply = [piece async for piece in engine.stream(text("all of it"))]
        assert "".join(map(str, pieces)) == "Text alone: all of it"
        assert isinstance(reply, Reply)
        assert (model.starts, engine.deaths) == (2, 1)
    model = Faulty(EngineDead("killed"), after=2)
    async with Engine(model) as engine:
        pieces = engine.stream(text("all of it"))
        assert [await anext(pieces), await anext(pieces)] == ["Text", " alone:"]
        with pytest.raises(EnvironmentFault, match="killed"):
            await anext(pieces)
        assert (await engine.ask(text("x"))).text == "Text alone: x", "it was started again for others"


async def test_a_death_halves_what_is_asked_at_once() -> None:
    async with Engine(Faulty(EngineDead("killed")), in_flight=8) as engine:
        await engine.ask(text("x"))
        assert (engine.limit, engine.ready) == (4, True)


def test_the_engine_that_the_options_name_is_opened_and_not_loaded() -> None:
    settings = Settings(engine="echo", model="shapes")
    captioner = open_captioner(settings, choose_preset(settings))
    assert (captioner.engine, Engine(captioner).ready) == ("echo", False)
    with pytest.raises(UsageError, match="did you mean") as caught:
        open_captioner(Settings(engine="ecko", model="shapes"), choose_preset(settings))
    assert caught.value.code == "bad_engine_option"
    with pytest.raises(UsageError) as caught:
        choose_preset(Settings(engine="echo", model="no-such-model"))
    assert caught.value.code == "model_not_found"
