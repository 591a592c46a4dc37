"""A streamed answer: events on lines, without the model's thoughts, and the whole reply at the end."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from models.base import Finish, Reply
from models.engines.openai.answers import (
    BadAnswer,
    Usage,
    Withheld,
    finish,
    first_choice,
    given_up,
    parse,
    refusal_of,
    text_of,
    usage,
    withheld,
)
from models.engines.openai.faults import error_in, sentence
from models.engines.openai.sse import END, Assembly, lines_of
from models.engines.openai.thoughts import Thoughts


class Broken(Exception):
    """The server broke off, or said in the middle of its answer that it failed; the message is its word, or empty."""


async def pieces(lines: AsyncIterator[str], thoughts: Thoughts) -> AsyncIterator[str | Reply]:
    """Text as it comes, then a Reply whose text is empty (whoever joins the pieces has it).

    Raises Broken, BadAnswer, Withheld.
    """
    tokens = Usage()
    ended: Finish | None = None
    done = said = False
    last: dict[str, Any] = {}
    beside: dict[str, Any] = {"refusal": "", "tool_calls": False}
    async for event, data in _data(lines):
        if data == END:
            done = True
            break
        if event == "error":
            raise Broken(sentence(data))
        chunk = parse(data)
        if error_in(chunk):
            raise Broken(sentence(data))
        if chunk.get("usage"):
            tokens = usage(chunk)
        choice = first_choice(chunk)
        if choice is None:
            continue
        delta = choice.get("delta")
        if not delta and not said and isinstance(choice.get("message"), dict):
            delta = choice["message"]  # the whole of it, in place of a piece
        if not isinstance(delta, dict | None):
            raise BadAnswer(f"its delta is a {type(delta).__name__}")
        words = text_of((delta or {}).get("content"))
        said = said or bool(words.strip())
        beside["refusal"] += refusal_of(delta or {})
        beside["tool_calls"] |= bool((delta or {}).get("tool_calls") or (delta or {}).get("function_call"))
        if text := thoughts.feed(words):
            yield text
        if why := given_up(choice):
            raise Broken(why)
        if choice.get("finish_reason"):  # some have an empty text until the end
            ended, last = finish(choice), choice
    if ended is None and not done:
        raise Broken("")
    if not said and (why := withheld(last, beside, "")):
        raise Withheld(why)
    if text := thoughts.end():
        yield text
    yield Reply(
        text="",
        finish=ended or "stop",
        prompt_tokens=tokens.prompt,
        completion_tokens=tokens.completion,
        cached_tokens=tokens.cached,
    )


async def _data(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, str]]:
    """The name of each event and what it holds."""
    assembly = Assembly()
    async for line in lines:
        for event in assembly.feed(line):
            yield event
    for event in assembly.end():
        yield event


async def joined(text: str, thoughts: Thoughts) -> Reply:
    """The reply that a whole text of events comes to. Raises Broken, BadAnswer, Withheld."""

    async def lines() -> AsyncIterator[str]:
        for line in lines_of(text):
            yield line

    said: list[str] = []
    async for piece in pieces(lines(), thoughts):
        if isinstance(piece, Reply):
            return replace(piece, text="".join(said).strip())
        said.append(piece)
    raise Broken("")
