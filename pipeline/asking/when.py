""" "When does X happen": each passage is asked whether it is the one, all at once; the answer is where those stand that say yes.

The model chooses between two words and writes no time.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.base import Reply, Request, Schema
from pipeline.asking.requests import hinted
from pipeline.asking.types import Usage
from pipeline.engine.engine import Engine
from pipeline.engine.gate import Priority
from pipeline.errors import DeadlinePassed, RequestError
from pipeline.types import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What each passage's model said, and all replies."""

    yes: tuple[int, ...]
    """numbers of the requests that were answered with the first choice"""
    replies: tuple[Reply, ...]
    unclear: int = 0
    """passages of which the model said neither"""
    refused: tuple[RequestError, ...] = ()
    """of those that it refused, what it said"""

    @property
    def settled(self) -> bool:
        """Whether it is known of any passage whether it is the one."""
        return self.unclear < len(self.replies) or not self.replies

    @property
    def usage(self) -> Usage:
        """Of all of them together."""
        return Usage(
            prompt_tokens=sum(reply.prompt_tokens for reply in self.replies),
            cached_tokens=sum(reply.cached_tokens for reply in self.replies),
            completion_tokens=sum(reply.completion_tokens for reply in self.replies),
        )

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What is not known."""
        told = list[Notice]()
        if self.refused:
            message = f"the model refused {len(self.refused)} of the passages that it was asked about; it said: {self.refused[0].message}"
            told.append(Notice(code="request_refused", message=message))
        if self.unclear:
            message = f"of {self.unclear} of the passages that it was asked about the model said neither yes nor no"
            told.append(Notice(code="answer_unclear", message=message))
        return tuple(told)


async def asked(requests: Sequence[Request], choices: tuple[str, str], engine: Engine) -> Verdicts:
    """Ask all at once. A passage that is refused is no other's trouble: raises what the engine's ``ask`` raises where all are, or the engine
    can't go on; nothing is in flight after it."""
    owner = object()

    async def one(request: Request) -> Reply | RequestError:
        try:
            return await said(request)
        except RequestError as error:
            if isinstance(error, DeadlinePassed) or error.code == "prompt_too_long":
                raise
            return error

    async def said(request: Request) -> Reply:
        try:
            chosen = replace(request, schema=Schema(choices=choices))
            return await engine.ask(chosen, priority=Priority.QUESTION, owner=owner)
        except RequestError as error:
            if error.code == "prompt_too_long":
                raise hinted(error) from error
            if error.code != "schema_unsupported":
                raise
        return await engine.ask(request, priority=Priority.QUESTION, owner=owner)  # its first word tells

    tasks = [asyncio.create_task(one(request)) for request in requests]
    try:
        answers = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    refused = tuple(one for one in answers if isinstance(one, RequestError))
    if refused and len(refused) == len(answers):
        raise refused[0]
    words = [choice.rstrip(".").casefold() for choice in choices]
    heard = ["" if isinstance(one, RequestError) else one.text.strip().strip("\"'*").casefold() for one in answers]
    replies = tuple(one for one in answers if isinstance(one, Reply))
    clear = sum(one.startswith(tuple(words)) for one in heard)
    yes = tuple(n for n, one in enumerate(heard) if one.startswith(words[0]))
    return Verdicts(yes=yes, replies=replies, unclear=len(replies) - clear, refused=refused)
