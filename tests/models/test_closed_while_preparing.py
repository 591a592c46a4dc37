"""An engine that dies while requests wait for their pictures to be prepared: each is told, none is taken for a cancelled one."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.base import Reply, Request
from models.engines.vllm.engine import VllmEngine
from models.errors import EngineDead
from models.presets import preset
from pipeline.engine.engine import Engine


@pytest.fixture(autouse=True)
def there() -> None:
    pytest.importorskip("vllm")


class Loadable(VllmEngine):
    """Stands where a loaded engine stands, with one thread that is busy the first time; then it answers."""

    def __init__(self, busy: threading.Event) -> None:
        super().__init__(preset("shapes"))
        self.busy, self.starts = busy, 0

    async def start(self) -> None:
        if self._llm is not None:
            return
        self.starts += 1
        scheduler = SimpleNamespace(policy="fcfs", max_num_seqs=4)
        config = SimpleNamespace(scheduler_config=scheduler, model_config=None)
        self._llm = SimpleNamespace(vllm_config=config, errored=False, shutdown=lambda: None, generate=self._answers)
        self._threads = ThreadPoolExecutor(1)
        self._preparer = SimpleNamespace(prepare=self._slowly if self.starts == 1 else lambda request: {})  # type: ignore[assignment]

    def _slowly(self, request: Request) -> Any:
        self.busy.set()
        threading.Event().wait(0.5)
        return {}

    async def _answers(self, *_: Any, **__: Any) -> Any:
        if self.starts == 1:
            from vllm.v1.engine.exceptions import EngineDeadError

            raise EngineDeadError
        out = SimpleNamespace(text="A red disc.", finish_reason="stop", token_ids=[1, 2])
        yield SimpleNamespace(outputs=[out], prompt_token_ids=[1], num_cached_tokens=0)


def request() -> Request:
    return Request(prompt="What is seen?", video=np.zeros((1, 8, 8, 3), np.uint8))


async def test_who_waits_for_a_thread_is_told_that_the_engine_is_gone() -> None:
    engine = Loadable(threading.Event())
    await engine.start()
    asking = [asyncio.create_task(engine.caption(request())) for _ in range(3)]
    await asyncio.to_thread(engine.busy.wait, 10)
    await engine.close()
    ends = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(end) for end in ends] == [EngineDead] * 3


async def test_who_is_cancelled_stays_cancelled() -> None:
    engine = Loadable(threading.Event())
    await engine.start()
    asking = [asyncio.create_task(engine.caption(request())) for _ in range(2)]
    await asyncio.to_thread(engine.busy.wait, 10)
    for task in asking:
        task.cancel()
    ends = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends)
    await engine.close()


async def test_all_are_asked_again_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the door that everybody asks through; before, those that waited for a thread were never answered."""
    from pipeline.engine import supervisor

    monkeypatch.setattr(supervisor, "BACK_OFF", (0.0,) * len(supervisor.BACK_OFF))
    captioner = Loadable(threading.Event())
    async with Engine(captioner) as engine:
        async with asyncio.timeout(30):
            replies = await asyncio.gather(*(engine.ask(request()) for _ in range(3)))
        assert {reply.text for reply in replies if isinstance(reply, Reply)} == {"A red disc."}
        assert captioner.starts > 1
