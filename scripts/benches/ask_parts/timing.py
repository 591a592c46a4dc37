"""Where the time of a request goes inside vLLM, by its core's own clock."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Timed:
    """One request inside vLLM, in seconds."""

    priority: int
    parts: dict[str, float]
    step: float
    """between two of its tokens; 0 where it has one alone"""


@contextmanager
def timed_requests() -> Iterator[list[Timed]]:
    """What vLLM tells of each request that ends while the block runs: its core's clock is the one of this machine."""
    from vllm.v1.engine.async_llm import AsyncLLM

    found, generate = list[Timed](), AsyncLLM.generate

    async def watched(self: Any, *given: Any, **named: Any) -> AsyncIterator[Any]:
        began, first, last = time.monotonic(), 0.0, None
        async for output in generate(self, *given, **named):
            first, last = first or time.monotonic(), output
            yield output
        if last is None or not (times := last.metrics) or not times.scheduled_ts:
            return
        parts = {
            "sent": times.queued_ts - began, "queued": times.scheduled_ts - times.queued_ts,
            "computed": times.first_token_ts - times.scheduled_ts, "back": first - times.first_token_ts,
        }  # fmt: skip
        tokens = times.num_generation_tokens
        step = (times.last_token_ts - times.first_token_ts) / (tokens - 1) if tokens > 1 else 0.0
        found.append(Timed(named.get("priority", 0), parts, step))

    AsyncLLM.generate = watched
    try:
        yield found
    finally:
        AsyncLLM.generate = generate
