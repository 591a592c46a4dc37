"""Who waits for a dead engine is told, though vLLM's own task of telling was cancelled."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from patience import PATIENCE

from models.engines.vllm.deaths import tell


class Waiting:
    """vLLM's requests under way, with its own queue of each."""

    def __init__(self) -> None:
        self.request_states: dict[str, Any] = {}

    def request(self, name: str) -> Any:
        from vllm.sampling_params import RequestOutputKind
        from vllm.v1.engine.output_processor import RequestOutputCollector

        queue = RequestOutputCollector(RequestOutputKind.FINAL_ONLY, name)
        self.request_states[name] = SimpleNamespace(queue=queue)
        return queue

    def propagate_error(self, error: Exception) -> None:
        from vllm.v1.engine.output_processor import OutputProcessor

        OutputProcessor.propagate_error(self, error)  # type: ignore[arg-type]


async def test_requests_before_and_after_a_death_are_told() -> None:
    pytest.importorskip("vllm")
    from vllm.v1.engine.exceptions import EngineDeadError

    llm = SimpleNamespace(errored=False, output_processor=Waiting())
    telling = asyncio.create_task(tell(llm, EngineDeadError, every=0.01))
    early = llm.output_processor.request("early")
    waits = asyncio.create_task(early.get())
    await asyncio.sleep(0.1)
    assert not waits.done(), "an engine that lives is left alone"
    llm.errored = True
    with pytest.raises(EngineDeadError):
        await asyncio.wait_for(waits, PATIENCE)
    late = llm.output_processor.request("late")
    with pytest.raises(EngineDeadError):
        await asyncio.wait_for(late.get(), PATIENCE)
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling
