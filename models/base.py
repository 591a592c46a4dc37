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


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Something said before, in a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What an answer must look like: one of ``choices``, or JSON of the schema ``json`` (JSON Schema); one of the two."""

    choices: tuple[str, ...] = ()
    json: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if bool(self.choices) == (self.json is not None):
            raise ValueError("a schema is a list of choices, or a JSON schema")


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
    key: str | None = None
    """names the pictures: requests with one key show the same, so that an engine may keep what it made of them; None: don't"""
    preamble: str = ""
    """text between the pictures and what was said first: what holds for every question about them. With ``key`` it is read once"""
    history: tuple[Turn, ...] = ()
    """what was said before, oldest first; the pictures stand in its first turn of the user, or with the prompt where there is none"""
    schema: Schema | None = None
    """what the answer must look like; an engine that can't see to it raises SchemaUnsupported"""
    priority: int = 0
    """lower goes first, in engines that order what waits in them; it never changes an answer"""


Finish = Literal["stop", "length"]
"""why an answer ended; ``length``: cut off at max_tokens"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One whole answer."""

    text: str
    finish: Finish
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    """of the prompt's, those that the engine had kept from an earlier request, where it says so"""


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
        """Answer one request. Raises RequestRefused, PromptTooLong, SchemaUnsupported, EngineDead, EndpointError."""

    def stream(self, request: Request) -> AsyncIterator[str | Reply]:
        """The answer's text piece by piece, and at the end the whole Reply; the pieces joined are its text."""

    async def metrics(self) -> Mapping[str, Any]:
        """The engine's own gauges (KV cache use, running and waiting requests, GPU memory), where it has them."""

    async def close(self) -> None:
        """Let go of memory and processes; a second call does nothing. ``start`` may follow it."""
