"""A request that kills the engine each time is found by halves and left out; all others are answered."""

import asyncio

import pytest
from patience import PATIENCE

from models.base import Reply, Request
from models.engines.echo import EchoCaptioner
from models.errors import EngineDead
from pipeline.engine import supervisor
from pipeline.engine.engine import Engine
from pipeline.errors import EnvironmentFault, RequestError


class Mortal(EchoCaptioner):
    """Dies of certain requests, and takes along all that is in it."""

    def __init__(self, *deadly: str, most: int = 1000) -> None:
        super().__init__(capacity=64)
        self.deadly, self.most, self.starts = deadly, most, 0
        self.death = asyncio.Event()
        self.inside = 0

    async def start(self) -> None:
        self.starts += 1
        self.death = asyncio.Event()
        await super().start()

    async def caption(self, request: Request) -> Reply:
        death = self.death
        self.inside += 1
        if request.prompt in self.deadly or self.inside > self.most:
            asyncio.get_running_loop().call_later(0.02, death.set)
        try:
            slow = not request.prompt.startswith("quick")
            with_us = asyncio.create_task(death.wait())
            done, _ = await asyncio.wait({with_us}, timeout=0.05 if slow else 0.001)
            with_us.cancel()
            if done or death.is_set():
                raise EngineDead("it is gone")
            return await super().caption(request)
        finally:
            self.inside -= 1


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "BACK_OFF", (0.0, 0.0, 0.0))


async def asked(captioner: Mortal, *prompts: str) -> dict[str, str]:
    """What became of each: its answer, or the code of its error."""
    engine = Engine(captioner)

    async def one(prompt: str) -> str:
        try:
            return (await engine.ask(Request(prompt=prompt))).text
        except RequestError as error:
            return error.code

    async with engine:
        await engine.ask(Request(prompt="quick first"))
        answers = await asyncio.wait_for(asyncio.gather(*map(one, prompts)), PATIENCE)
        assert engine.limit in (64, 32, 16)
    return dict(zip(prompts, answers, strict=True))


@pytest.mark.parametrize("deadly", [("bad",), ("bad", "worse")])
async def test_the_guilty_are_named_and_all_others_answered(deadly: tuple[str, ...]) -> None:
    good = [f"good {i}" for i in range(20)]
    captioner = Mortal(*deadly)
    found = await asked(captioner, *good[:9], *deadly, *good[9:])
    assert {prompt for prompt, answer in found.items() if answer == "killed_engine"} == set(deadly)
    assert all(found[prompt] == f"Text alone: {prompt}" for prompt in good)
    assert captioner.starts - 1 <= 2 + 2 * len(deadly), "restarts: two until there are suspects, then two for each guilty one"


async def test_load_that_kills_is_nobody_s_fault() -> None:
    prompts = [f"good {i}" for i in range(40)]
    found = await asked(Mortal(most=24), *prompts)
    assert all(found[prompt] == f"Text alone: {prompt}" for prompt in prompts)


async def test_an_engine_that_dies_of_everything_is_given_up_and_nothing_named() -> None:
    prompts = [f"good {i}" for i in range(8)]
    with pytest.raises(EnvironmentFault) as fault:
        await asked(Mortal(*prompts), *prompts)
    assert fault.value.code == "engine_dead"
