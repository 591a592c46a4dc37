"""What a server's refusal means, in whichever of its words: one sentence, and one of our errors."""

import json
import re
from typing import Any

from models.engines.openai.addresses import elsewhere
from models.engines.openai.refusals import SHOWN, too_long
from models.errors import EndpointError, ModelError, PromptTooLong, RequestRefused

AGAIN = {408, 425, 429, *range(500, 600)} - {501, 505, 506, 510, 511}
"""statuses that may pass: all of a server's own (those of proxies too, 520 to 530), but for what it can't do at all"""
NO = re.compile(
    r"not support|unsupported|doesn't support|not implemented|unknown(?! error)|invalid(?! character| response)|not allowed|mmproj|not permitted"
)
"""words of a 500 that is a refusal; "an unknown error" and "invalid character 'I' looking for beginning of value" are of a crash (Ollama)"""


_MARKS = ('"error"', '"message"', '"msg"', '"detail"')
_WORDS = ("message", "msg", "Message", "faultstring", "error_msg", "reason", "title")
_SAYS = {"choices", "data", "models"}
"""what a body that says no error has"""
_NAMES = {
    "rate_limit": 429,
    "ratelimit": 429,
    "too_many_requests": 429,
    "resource_exhausted": 429,
    "overloaded": 503,
    "unavailable": 503,
}
"""how servers call what may pass"""
_MEANT = {
    401: re.compile(
        r"(?:incorrect|invalid|wrong|expired|missing|no) (?:x-)?api[ _-]?key|api[ _-]?key (?:is |has )?(?:not valid|not found|invalid|expired)"
        r"|invalid_api_key|api_key_invalid"
    ),
    402: re.compile(
        r"credit balance is too low|arrearage|in good standing|budget has been exceeded|exceeded ?budget|budget_exceeded"
        r"|insufficient (?:balance|credits?|funds)|overdue[ -]payment"
    ),
    404: re.compile(r"unexpected endpoint or method"),
}
"""words of a 400 that has another meaning: xAI, Gemini; Anthropic, DashScope, LiteLLM; LM Studio"""
_BEFORE_IT = {
    407: "the proxy before {} wants a name and a password, or others: write them into HTTP_PROXY or HTTPS_PROXY, http://NAME:PASSWORD@HOST:PORT",
    511: "the network before {} lets nobody out who has not logged in: open a page in a browser and do so",
}
"""what holds for every request, and is of no server"""
_BEFORE = re.compile(r"\A(?:[\s\ufeff]+|:[^\n]*(?:\n|\Z))++")  # a way back would be kept for each line: 100 bytes for one
_SECRET = re.compile(r"[^\s'\"(),:;=]{20,}")
"""words that may be a key"""


def fault(base_url: str, path: str, status: int, text: str, told: str = "", *, keyed: bool = True) -> ModelError:
    """The error for an answer with this HTTP status, which is none of those that may pass; ``text`` is its body, ``told`` what is said of
    a status that came otherwise, ``keyed`` whether a key was sent."""
    said, told, status = sentence(text), told or str(status), meaning(status, text)
    if shown(text) or (status == 403 and SHOWN.search(said.lower())):  # of this window alone: the next one shows something else
        filtered = " by a content filter" if shown(text) else ""
        return RequestRefused(f"{base_url} refuses the request{filtered} ({told}): {said}{_severities(text)}", status=status)
    if status in {401, 403}:
        # a country, a plan, an address that may not; a 401 may say the key again
        why = f": {_SECRET.sub('...', said).rstrip('.')}" if said and status == 403 else ""
        does, one = ("refuses the key", "the right one") if keyed else ("wants a key, and was sent none", "one")
        return EndpointError(f"{base_url} {does} ({told}{why}): give {one} by --api-key or OPENAI_API_KEY", status=status)
    if 300 <= status < 400:
        where = f", to {said}" if said else ""
        return EndpointError(
            f"{base_url} sends us elsewhere ({status}{where}): give the address that answers by --base-url", status=status
        )
    if status in {404, 405, 410}:
        return EndpointError(
            f"{base_url}{path} does not exist ({told} {said}): is --base-url right{perhaps(base_url)}, and --model one it has?",
            status=status,
        )
    if status in _BEFORE_IT:
        return EndpointError(f"{_BEFORE_IT[status].format(base_url)} ({told})", status=status)
    if status == 402:
        return EndpointError(f"{base_url} wants to be paid ({told}): {said}", status=status)
    if status == 413:
        why = f"its pictures are larger than the server, or the proxy before it, takes{f': {said}' if said else ''}"
        return RequestRefused(f"{base_url} refuses the request ({told}): {why}", status=status)
    if too_long(said):
        return PromptTooLong(f"the prompt with its frames does not fit the server's model: {said}", status=status)
    return RequestRefused(f"{base_url} refuses the request ({told}): {said}", status=status)


def meaning(status: int, text: str) -> int:
    """The status that a refusal for its form (400, 422) means where it is of the account, the key or the path, and of no request's form."""
    if status not in (400, 422):
        return status
    low = " ".join((sentence(text), *_codes(text))).lower()
    return next((meant for meant, words in _MEANT.items() if words.search(low)), status)


def shown(text: str) -> bool:
    """Whether an error calls itself one of a content filter: it is what the window shows that is refused (Azure)."""
    return any(
        re.search(r"content[_ ]?filter|responsibleai|content_policy|moderation_blocked", one.lower()) for one in _codes(text)
    )


def _severities(text: str) -> str:
    """What a filter found, as Azure tells it: " (sexual: high)"."""
    error = error_in(_object(text))
    inner = error.get("innererror") if isinstance(error, dict) else None
    found = inner.get("content_filter_result") if isinstance(inner, dict) else None
    if not isinstance(found, dict):
        return ""
    kinds = [
        f"{kind}: {one.get('severity', 'filtered')}"
        for kind, one in found.items()
        if isinstance(one, dict) and one.get("filtered")
    ]
    return f" ({', '.join(kinds)[:120]})" if kinds else ""


def perhaps(base_url: str) -> str:
    """Where most servers answer (Ollama, llama.cpp, LM Studio, vLLM, SGLang), if the address names no version."""
    return next((f" (most servers answer at {place})" for place in elsewhere(base_url)), "")


def says_no(said: str) -> bool:
    """Whether an internal error's words are those of a refusal: llama.cpp and others answer 500 for what they can't do."""
    return NO.search(said.lower()) is not None


def inner_status(text: str) -> int | None:
    """The status that a body which says an error tells itself (``{"error": {"code": 503}}``), where an error is all that it says; 0 where
    it tells none, None where it says no error.

    By a number, by a name (``"rate_limit_exceeded"``), or in a choice without text: a router, of the server behind it.
    """
    text = alone(text)
    if not text.startswith("{") or not any(mark in text[:4000] for mark in _MARKS):
        return None
    if error_in(_object(text)) is None:
        return None
    said = _codes(text)
    numbers = (int(one) for one in said if re.fullmatch(r"[45][0-9]{2}", one))
    names = (status for one in said for name, status in _NAMES.items() if name in one.lower())
    return next(numbers, None) or next(names, 0)


def alone(text: str) -> str:
    """A JSON body without what stands around it: lines that kept a connection open before it (blank, or comments of events), a mark of the
    order of bytes, the mark of a stream's end behind it."""
    text = _BEFORE.sub("", text, count=1).rstrip()
    if not (text.startswith("{") and text.endswith("[DONE]")):
        return text
    before = text.removesuffix("[DONE]").rstrip()  # no expression: one that begins by spaces is quadratic in them
    return before.removesuffix("data:").rstrip() if before.endswith("data:") else text


def _codes(text: str) -> list[str]:
    """How an error calls itself, beside its words."""
    found = _object(text)
    error = error_in(found)
    said = [error.get(key) for key in ("code", "status", "type")] if isinstance(error, dict) else []
    if isinstance(error, str):  # TGI: {"error": "...", "error_type": "overloaded"}
        said += [found.get(key) for key in ("error_type", "code", "status", "type")]
    return [str(one)[:100] for one in said if isinstance(one, str | int)]


def _object(text: str) -> dict[str, Any]:
    """The object that a body is; empty where it is none."""
    try:
        found = json.loads(alone(text))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def error_in(found: dict[str, Any]) -> Any:
    """What a body says is wrong; None where it says something else."""
    choices = found.get("choices")
    if isinstance(choices, list) and choices:
        first = choices[0]
        if not isinstance(first, dict) or not isinstance(first.get("error"), dict):
            return None
        message = first.get("message")
        said = message.get("content") if isinstance(message, dict) else first.get("text")
        return None if said else first["error"]
    if found.get("error"):
        return found["error"]
    if found.get("object") == "error" or (
        not found.keys() & _SAYS and any(found.get(key) for key in ("message", "msg", "detail"))
    ):
        return found
    return None


def sentence(text: str) -> str:
    """The words in an error's body, on one line of 300 characters at most, in any of these forms

    {"error": {"message": ..., "param": ...}}    OpenAI, vLLM, llama.cpp, LM Studio, most clouds
    {"error": "..."}                             Ollama, TGI
    {"object": "error", "message": ...}          SGLang, older vLLM
    {"detail": "..." or [{"loc", "msg"}]}        FastAPI, Mistral
    [{"error": {...}}]                           Gemini
    """
    try:
        found = _words(json.loads(alone(text)), 6)
    except (ValueError, RecursionError):
        found = re.sub(r"<[^<>]{0,200}>", " ", text[:4000]) if text.lstrip().startswith("<") else text
    return " ".join(found[:4000].split())[:300]


def _words(found: Any, depth: int) -> str:
    """What there is to read in a parsed error."""
    if depth == 0 or found is None:
        return ""
    if isinstance(found, list):
        return "; ".join(filter(None, (_words(item, depth - 1) for item in found[:5])))
    if not isinstance(found, dict):
        return str(found)[:2000]
    for key in ("error", "errors", "detail", "fault"):
        if found.get(key) and found[key] is not True and "faultstring" not in found:
            more = found.get("message") or found.get("error_description")  # "Not Found", and what was not
            inner = _words(found[key], depth - 1)
            return (
                f"{inner}: {more[:1000]}"
                if isinstance(found[key], str) and isinstance(more, str) and more not in inner
                else inner
            )
    if isinstance(choices := found.get("choices"), list) and choices and isinstance(choices[0], dict) and choices[0].get("error"):
        return _words(choices[0]["error"], depth - 1)
    words = next((str(found[key])[:2000] for key in _WORDS if found.get(key)), "")
    place = found.get("loc")
    if isinstance(place, list) and place:
        words = f"{'.'.join(map(str, place[:8]))}: {words}"
    param = found.get("param")
    if isinstance(param, str) and param and param not in words:
        words = f"{param}: {words}"
    named = next((str(found[key])[:200] for key in ("code", "type", "status") if isinstance(found.get(key), str)), "")
    return words or named or str(found)[:2000]
