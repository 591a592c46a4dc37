"""The contract of a captioner: pictures and a prompt in, words out.

A captioner answers many requests at once: callers keep it full by having many ``caption`` calls in flight, it batches them.
Cancelling the task that awaits a call takes the request out of the engine.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How words are drawn; the defaults are greedy and repeatable."""

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 96
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Request:
    """One question: a video, images, or text alone."""

    prompt: str
    """the instruction, without the model's own markers: the captioner puts it through the chat template"""
    video: NDArray[np.uint8] | None = None
    """frames x height x width x 3, RGB; None where there is no video"""
    times: tuple[float, ...] = ()
    """seconds of each frame of the video, counted from its first; models that understand time are told"""
    images: tuple[NDArray[np.uint8], ...] = ()
    """height x width x 3, RGB each"""
    sampling: Sampling = field(default_factory=Sampling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One whole answer."""

    text: str
    finish: Literal["stop", "length"]
    """``length``: cut off at max_tokens"""
    prompt_tokens: int
    completion_tokens: int


class Captioner(Protocol):
    """What every engine does. Raises only errors of models/errors.py."""

    engine: str
    """the name that ``--engine`` has for it"""
    engine_version: str

    @property
    def capacity(self) -> int:
        """Requests to keep in flight so that it is never hungry: what it runs at once and half as many waiting."""

    async def start(self) -> None:
        """Load the model. Raises EngineMissing, ModelNotFound, BadEngineOption, EngineDead (no memory)."""

    async def caption(self, request: Request) -> Reply:
        """Answer one request. Raises RequestRefused, PromptTooLong, EngineDead, EndpointError."""

    def stream(self, request: Request) -> AsyncIterator[str]:
        """The answer's text piece by piece; the pieces joined are ``caption``'s text."""

    async def metrics(self) -> Mapping[str, Any]:
        """The engine's own gauges (KV cache use, running and waiting requests, GPU memory), where it has them."""

    async def close(self) -> None:
        """Let go of memory and processes; a second call does nothing. ``start`` may follow it."""
