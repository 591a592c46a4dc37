"""What was read of a film is touched now and again while the engine has other work, and not while it has none."""

import asyncio
from typing import Any, cast

from patience import PATIENCE

from models.base import Request, Sampling
from pipeline.asking.warmth import Warmth
from pipeline.engine.engine import Engine
from pipeline.engine.gate import Priority
from pipeline.errors import RequestError


class Busy:
    """Stands in for an engine: how much is in flight, and what it was asked."""

    def __init__(self) -> None:
        self.in_flight, self.refuses = 0, False
        self.asked: list[tuple[Request, Any]] = []
        self.heard = asyncio.Event()

    async def ask(self, request: Request, *, priority: Priority, owner: object) -> None:
        self.asked.append((request, priority))
        self.heard.set()
        if self.refuses:
            raise RequestError("request_refused", "not now")

    async def next(self) -> None:
        self.heard.clear()
        await asyncio.wait_for(self.heard.wait(), PATIENCE)


async def test_a_film_is_kept_warm_while_others_push_it_out() -> None:
    engine = Busy()
    warmth = Warmth(cast(Engine, engine), every=0.001)
    warmth.keep(Request(prompt="?", sampling=Sampling(max_tokens=50, temperature=0.7)))
    for _ in range(20):
        await asyncio.sleep(0.002)
    assert not engine.asked, "an idle engine forgets nothing"
    engine.in_flight = 1
    await engine.next()
    request, priority = engine.asked[0]
    assert (request.sampling.max_tokens, request.sampling.temperature, priority) == (1, 0.0, Priority.QUESTION)
    engine.refuses = True
    await engine.next()
    await engine.next()  # a refusal is no reason to let it go cold
    await warmth.close()
    count = len(engine.asked)
    await asyncio.sleep(0.01)
    assert len(engine.asked) == count
