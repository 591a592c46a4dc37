"""A streamed answer: events on lines, without the model's thoughts, and the whole reply at the end."""

from collections.abc import AsyncIterator
from dataclasses import replace

from models.base import Finish, Reply
from models.engines.openai.answers import BadAnswer, Usage, Withheld, finish, first_choice, given_up, parse, reply, text_of, usage
from models.engines.openai.faults import sentence
from models.engines.openai.thoughts import Thoughts


class Broken(Exception):
    """The server broke off, or said in the middle of its answer that it failed; the message is its word, or empty."""


async def pieces(lines: AsyncIterator[str], kind: str, thoughts: Thoughts) -> AsyncIterator[str | Reply]:
    """Text as it comes, then a Reply whose text is empty (whoever joins the pieces has it).

    ``kind`` is the answer's content type: some servers answer whole though a stream was asked for. Raises Broken, BadAnswer.
    """
    if "json" in kind and "event-stream" not in kind:
        whole = parse("\n".join([line async for line in lines]))
        if whole.get("error"):
            raise Broken(sentence(str(whole["error"])))
        try:
            found = reply(whole)
        except Withheld as error:
            raise Broken(str(error)) from error
        yield found.text
        yield Reply(
            text="", finish=found.finish, prompt_tokens=found.prompt_tokens, completion_tokens=found.completion_tokens,
            cached_tokens=found.cached_tokens,
        )  # fmt: skip
        return
    tokens = Usage()
    ended: Finish | None = None
    done = False
    async for line in lines:
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            done = True
            break
        event = parse(data)
        if event.get("error"):
            raise Broken(sentence(data))
        if event.get("usage"):
            tokens = usage(event)
        choice = first_choice(event)
        if choice is None:
            continue
        delta = choice.get("delta")
        if not isinstance(delta, dict | None):
            raise BadAnswer(f"its delta is a {type(delta).__name__}")
        if text := thoughts.feed(text_of((delta or {}).get("content"))):
            yield text
        if why := given_up(choice):
            raise Broken(why)
        if choice.get("finish_reason") is not None:
            ended = finish(choice)
    if ended is None and not done:
        raise Broken("")
    if text := thoughts.end():
        yield text
    yield Reply(
        text="",
        finish=ended or "stop",
        prompt_tokens=tokens.prompt,
        completion_tokens=tokens.completion,
        cached_tokens=tokens.cached,
    )


async def joined(text: str, thoughts: Thoughts) -> Reply:
    """The reply that a whole text of events comes to. Raises Broken, BadAnswer."""

    async def lines() -> AsyncIterator[str]:
        for line in text.split("\n"):  # splitlines would cut JSON at U+2028 and U+0085, which may stand in it as they are
            yield line.rstrip("\r")

    said: list[str] = []
    async for piece in pieces(lines(), "text/event-stream", thoughts):
        if isinstance(piece, Reply):
            return replace(piece, text="".join(said).strip())
        said.append(piece)
    raise Broken("")
