"""What a server answered, with its shape looked at: the text without the model's thoughts, why it ended, and tokens."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.base import Finish, Reply
from models.engines.openai.faults import alone, sentence
from models.engines.openai.thoughts import Thoughts

_FILTERED = (
    "content_filter", "content-filter", "safety", "prohibited_content", "blocklist", "spii", "recitation", "refusal", "sensitive",
    "moderation", "error_toxic",
)  # fmt: skip
"""what ``finish_reason`` begins with where a filter ended an answer: OpenAI, Azure, Gemini ("content_filter: OTHER"), Anthropic, Zhipu, Cohere"""
_BROKEN = ("error", "abort", "cancel", "network_error", "insufficient_system_resource", "timeout")
"""where the answer did not come to its end: vLLM, SGLang, OpenRouter, Zhipu, DeepSeek"""
_LONG = ("length", "max_tokens", "max_length", "model_length", "model_context_window_exceeded")
MOST_TOKENS = 1_000_000_000


class BadAnswer(ValueError):
    """It is no chat completion; the message says where."""


class Withheld(ValueError):
    """The model or a filter of the server keeps the answer back; the message is its word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one answer; 0 where the server does not say."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0


def parse(text: str) -> dict[str, Any]:
    """The object that a JSON text holds. Raises BadAnswer: no JSON, no object, nested without end, NaN or Infinity in it."""
    if text.lstrip()[:1] == "<":
        raise BadAnswer("it is a page: is --base-url right, and must one log in first?")
    try:
        found = json.loads(alone(text), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"it is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadAnswer(f"it is a {type(found).__name__}")
    return found


def reply(answer: Mapping[str, Any]) -> Reply:
    """The reply in a chat completion. Raises BadAnswer, Withheld."""
    choice = first_choice(answer)
    if choice is None:
        raise BadAnswer("it has no choices")
    ended = bool(choice.get("finish_reason"))
    message = choice.get("message")
    if not isinstance(message, dict):
        if isinstance(choice.get("text"), str):
            message = {"content": choice["text"]}
        elif message is None and ended:  # Gemini's layer, of a model that thought until there was no room
            message = {}
        else:
            raise BadAnswer("its choice has no message")
    beside = ("reasoning_content", "reasoning", "refusal")
    if not ended and "content" not in message and not any(message.get(key) for key in beside):
        raise BadAnswer("its message has no content")
    said = text_of(message.get("content"))
    if why := withheld(choice, message, said):
        raise Withheld(why)
    if why := given_up(choice):
        raise Withheld(f"the server gave up in the middle of its answer: {why}")
    tokens = usage(answer)
    return Reply(
        text=without_thoughts(said).strip(),
        finish=finish(choice),
        prompt_tokens=tokens.prompt,
        completion_tokens=tokens.completion,
        cached_tokens=tokens.cached,
    )


def withheld(choice: Mapping[str, Any], message: Mapping[str, Any], said: str) -> str:
    """Why there is no answer where nothing is ``said``; "" where something is, or nothing tells."""
    if said.strip():
        return ""
    if refusal := refusal_of(message).strip():
        return f"the model refuses: {' '.join(refusal.split())[:300]}"
    if _ended(choice, _FILTERED):
        return "a content filter of the server keeps the answer back"
    if (message.get("tool_calls") or message.get("function_call")) and not given_up(choice):
        return "the model calls a tool in place of an answer, though it was offered none"
    return ""


def first_choice(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """The first choice; None: there is none. Raises BadAnswer where the choices are no list of objects."""
    choices = answer.get("choices")
    if choices is None or choices == []:
        return None
    if not isinstance(choices, list) or not isinstance(choices[0], dict):
        raise BadAnswer("its choices are no list of objects")
    return choices[0]


def finish(choice: Mapping[str, Any]) -> Finish:
    """Why an answer ended: one that a filter stopped is cut off like one that was too long."""
    return "length" if _ended(choice, _LONG + _FILTERED) else "stop"


def filtered(answer: Mapping[str, Any]) -> bool:
    """Whether a filter of the server ended the answer: no more tokens would make it longer."""
    return _ended(first_choice(answer) or {}, _FILTERED)


def given_up(choice: Mapping[str, Any]) -> str:
    """The server's word for an answer that it did not bring to an end; "" for all others."""
    if choice.get("error"):
        return sentence(json.dumps(choice["error"]))
    return f"finish_reason {choice['finish_reason']}" if _ended(choice, _BROKEN) and not _ended(choice, _FILTERED) else ""


def _ended(choice: Mapping[str, Any], ways: tuple[str, ...]) -> bool:
    return str(choice.get("finish_reason") or "").lower().startswith(ways)


def refusal_of(message: Mapping[str, Any]) -> str:
    """What a model says in place of an answer: beside the content, or as a part of it."""
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return text_of(message.get("refusal")) or "".join(text_of(part.get("refusal")) for part in parts if isinstance(part, dict))


def text_of(content: Any) -> str:
    """The words of a message's content: a text, None, or a list of parts of which those that are text count. Raises BadAnswer."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair can't be written anywhere
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        raise BadAnswer(f"its content is a {type(content).__name__}")
    said = []
    for part in content:
        if isinstance(part, str):
            said.append(text_of(part))
        elif isinstance(part, dict) and part.get("type", "text") in ("text", "output_text"):
            words = part.get("text")
            if not isinstance(words, str | dict):
                raise BadAnswer("a part of its content has no text")
            said.append(text_of(words if isinstance(words, str) else words.get("value")))
        elif not isinstance(part, dict):
            raise BadAnswer(f"a part of its content is a {type(part).__name__}")
    return "".join(said)


def usage(answer: Mapping[str, Any]) -> Usage:
    """The tokens that an answer says it took; what can't be a number of tokens counts none, and the answer is no worse for it."""
    found = answer.get("usage")
    if not isinstance(found, dict):
        return Usage()
    details = found.get("prompt_tokens_details")
    return Usage(
        prompt=_count(found.get("prompt_tokens")),
        completion=_count(found.get("completion_tokens")),
        cached=_count(details.get("cached_tokens")) if isinstance(details, dict) else 0,
    )


def without_thoughts(text: str) -> str:
    """The text without what stands between a model's marks of thinking; a thought that does not end takes the rest with it.

    A closing mark without an opening one ends a thought that began in the prompt: all before it goes.
    """
    thoughts = Thoughts()
    given = thoughts.feed(text)
    return given + thoughts.end()


def _count(value: Any) -> int:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return int(number) if math.isfinite(number) and 0 <= number <= MOST_TOKENS else 0  # Xinference: -1


def _no_number(name: str) -> float:
    raise BadAnswer(f"{name} is no number of JSON's")
