"""The captioner that runs no model: it says what it was shown, always in the same words for the same pictures.

    "8 frames of 384x384 in 7.0 s: #800c03 to #820b04."

For trying things out, and for tests that must tell windows and times apart. Short, so that it can be read in its time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.base import Captioner, Reply, Request
from models.engines.base import Access
from models.errors import BadEngineOption, EngineDead, PromptTooLong, SchemaUnsupported
from models.options import EngineOptions
from models.preset import Preset

CONTEXT = 32768
"""words that its prompt may have, so that "too long" can be tried without a model"""

LONGEST = 3600.0
"""seconds that an answer may be told to take"""


def open(preset: Preset, options: EngineOptions, access: Access) -> Captioner:
    """The engine, not started. Of ``options.extra`` it takes ``delay`` (seconds before each answer), ``pace`` (seconds between two words
    of one that is streamed) and ``capacity`` (requests at once), so that waiting can be tried without a model; what else stands
    there is vLLM's. Raises BadEngineOption."""
    waits = {name: options.extra.get(name, 0.0) for name in ("delay", "pace")}
    for name, value in waits.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST:
            raise BadEngineOption(f"--engine-arg {name} {value}: allowed are seconds from 0 to {LONGEST:.0f}", option=name)
    capacity = options.extra.get("capacity", 8)
    if isinstance(capacity, bool) or not isinstance(capacity, int) or capacity < 1:
        raise BadEngineOption(f"--engine-arg capacity {capacity}: allowed is a whole number from 1", option="capacity")
    return EchoCaptioner(**waits, capacity=capacity)


class EchoCaptioner:
    """Answers at once, or as its constructor is told: ``delay`` seconds before each answer, ``pace`` seconds between two words of a
    stream; ``fault`` may raise instead."""

    engine = "echo"
    engine_version = "1"

    def __init__(
        self,
        *,
        delay: float = 0.0,
        pace: float = 0.0,
        fault: Callable[[Request], Exception | None] | None = None,
        capacity: int = 8,
    ) -> None:
        self._delay, self._pace = delay, pace
        self._fault = fault
        self._capacity = capacity
        self._started = False
        self._running = 0
        self.asked = 0
        """requests seen since it was made"""

    @property
    def capacity(self) -> int:
        return self._capacity

    async def start(self) -> None:
        self._started = True

    async def caption(self, request: Request) -> Reply:
        return self._reply(request, await self._words(request))

    def _reply(self, request: Request, words: list[str]) -> Reply:
        limit = request.sampling.max_tokens
        return Reply(
            text=" ".join(words[:limit]),
            finish="stop" if len(words) <= limit else "length",
            prompt_tokens=_prompt_tokens(request),
            completion_tokens=min(len(words), limit),
        )

    async def stream(self, request: Request) -> AsyncIterator[str | Reply]:
        words = await self._words(request)
        for position, word in enumerate(words[: request.sampling.max_tokens]):
            yield f" {word}" if position else word
            await asyncio.sleep(self._pace)
        yield self._reply(request, words)

    async def metrics(self) -> Mapping[str, Any]:
        return {"running": self._running, "waiting": 0, "asked": self.asked}

    async def close(self) -> None:
        self._started = False

    async def _words(self, request: Request) -> list[str]:
        if not self._started:
            raise EngineDead("the echo captioner is not running: start it first")
        if _prompt_tokens(request) > CONTEXT:
            raise PromptTooLong(f"the prompt has {_prompt_tokens(request)} words and the context holds {CONTEXT}")
        if request.schema is not None and request.schema.json is not None:
            raise SchemaUnsupported("--engine echo makes no JSON of a schema; of a list of choices it takes the first")
        self.asked += 1
        self._running += 1
        try:
            await asyncio.sleep(self._delay)
            error = self._fault(request) if self._fault else None
            if error is not None:
                raise error
            if request.schema is not None and request.schema.choices:
                return request.schema.choices[0].split(" ")
            return describe(request).split(" ")
        finally:
            self._running -= 1


def describe(request: Request) -> str:
    """What the request shows, in words: count, size, seconds from first to last, the mean colours of the first and the last."""
    frames: Sequence[NDArray[np.uint8]] = list(request.video) if request.video is not None else request.images
    if not frames:
        return f"Text alone: {request.prompt}"
    height, width = frames[0].shape[:2]
    kind = ("frame" if request.video is not None else "image") + ("s" if len(frames) > 1 else "")
    length = f" in {request.times[-1] - request.times[0]:.1f} s" if request.times else ""
    colours = dict.fromkeys((_colour(frames[0]), _colour(frames[-1])))
    return f"{len(frames)} {kind} of {width}x{height}{length}: {' to '.join(colours)}."


def _colour(frame: NDArray[np.uint8]) -> str:
    return "#" + "".join(f"{round(float(value)):02x}" for value in frame.reshape(-1, 3).mean(axis=0))


def _prompt_tokens(request: Request) -> int:
    said = (request.preamble, request.prompt, *(turn.text for turn in request.history))
    return sum(len(text.split()) for text in said)
