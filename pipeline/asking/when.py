""" "When does X happen": each passage is asked whether it is the one, all at once; the answer is where those stand that say yes.

The model chooses between two words and writes no time.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.base import Reply, Request, Schema
from pipeline.asking.requests import hinted
from pipeline.engine.engine import Engine
from pipeline.engine.gate import Priority
from pipeline.errors import RequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What each passage's model said, and all replies."""

    yes: tuple[int, ...]
    """numbers of the requests that were answered with the first choice"""
    replies: tuple[Reply, ...]


async def asked(requests: Sequence[Request], choices: tuple[str, str], engine: Engine) -> Verdicts:
    """Ask all at once. Raises what the engine's ``ask`` raises; nothing is in flight after it."""
    owner = object()

    async def one(request: Request) -> Reply:
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
        replies = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    word = choices[0].rstrip(".").casefold()
    yes = tuple(n for n, reply in enumerate(replies) if reply.text.strip().strip("\"'*").casefold().startswith(word))
    return Verdicts(yes=yes, replies=tuple(replies))
