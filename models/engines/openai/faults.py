"""What a server's refusal means, in whichever of its words: one sentence, and one of our errors."""

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from models.engines.openai.refusals import too_long
from models.errors import EndpointError, ModelError, PromptTooLong, RequestRefused

LONGEST_WAIT = 120.0
"""seconds that Retry-After may ask for"""
NO = re.compile(r"not support|unsupported|doesn't support|not implemented|unknown|invalid|not allowed|mmproj|not permitted")


_SECRET = re.compile(r"[^\s'\"(),:;=]{20,}")
"""words that may be a key"""


class Again(Exception):
    """A fault that may pass: ask again after ``seconds``, where the server says how many."""

    def __init__(self, message: str, *, seconds: float | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds
        self.status = status


def fault(base_url: str, path: str, status: int, text: str, told: str = "") -> ModelError:
    """The error for an answer with this HTTP status, which is none of those that may pass; ``text`` is its body, ``told`` what is said of
    a status that came otherwise."""
    said, told = sentence(text), told or str(status)
    if status in {401, 403}:
        # a country, a plan, an address that may not; a 401 may say the key again
        why = f": {_SECRET.sub('...', said).rstrip('.')}" if said and status == 403 else ""
        return EndpointError(
            f"{base_url} refuses the key ({told}{why}): give the right one by --api-key or OPENAI_API_KEY", status=status
        )
    if 300 <= status < 400:
        where = f", to {said}" if said else ""
        return EndpointError(
            f"{base_url} sends us elsewhere ({status}{where}): give the address that answers by --base-url", status=status
        )
    if status in {404, 405, 410}:
        return EndpointError(
            f"{base_url}{path} does not exist ({told} {said}): is --base-url right{_perhaps(base_url)}, and --model one it has?",
            status=status,
        )
    if status == 402:
        return EndpointError(f"{base_url} wants to be paid ({told}): {said}", status=status)
    if status == 413:
        why = f"its pictures are larger than the server, or the proxy before it, takes{f': {said}' if said else ''}"
        return RequestRefused(f"{base_url} refuses the request ({told}): {why}", status=status)
    if too_long(said):
        return PromptTooLong(f"the prompt with its frames does not fit the server's model: {said}", status=status)
    return RequestRefused(f"{base_url} refuses the request ({told}): {said}", status=status)


def may_not_list(status: int, text: str) -> bool:
    """Whether a key may ask a model, and not which there are: a refusal of the list alone (keys with few rights, gateways)."""
    return status == 403 or (
        status == 401 and re.search(r"scope|permission|not authori[sz]ed to", text.lower()[:4000]) is not None
    )


def _perhaps(base_url: str) -> str:
    """Where most servers answer (Ollama, llama.cpp, LM Studio, vLLM, SGLang), if the address has no path."""
    return f" (most servers answer at {base_url}/v1)" if base_url.count("/") == 2 else ""


def says_no(said: str) -> bool:
    """Whether an internal error's words are those of a refusal: llama.cpp and others answer 500 for what they can't do."""
    return NO.search(said.lower()) is not None


def retry_after(value: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, from its number or its date (RFC 9110, 10.2.3); None where it says nothing."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
            seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp()
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT) if seconds == seconds else None  # float("nan") reads as a number


def inner_status(text: str) -> int | None:
    """The status that an error in a body tells itself (``{"error": {"code": 503}}``), where an error is all that the body says; 0 where it
    tells none."""
    if '"error"' not in text[:4000]:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("choices") or not found.get("error"):
        return None
    error = found["error"]
    code = error.get("code", error.get("status")) if isinstance(error, dict) else None
    return int(str(code)) if re.fullmatch(r"[45][0-9]{2}", str(code)) else 0


def sentence(text: str) -> str:
    """The words in an error's body, on one line of 300 characters at most, in any of these forms

    {"error": {"message": ..., "param": ...}}    OpenAI, vLLM, llama.cpp, LM Studio, most clouds
    {"error": "..."}                             Ollama, TGI
    {"object": "error", "message": ...}          SGLang, older vLLM
    {"detail": "..." or [{"loc", "msg"}]}        FastAPI, Mistral
    [{"error": {...}}]                           Gemini
    """
    try:
        found = _words(json.loads(text), 6)
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
    for key in ("error", "errors", "detail"):
        if found.get(key):
            return _words(found[key], depth - 1)
    words = next((str(found[key])[:2000] for key in ("message", "msg", "reason", "title") if found.get(key)), "")
    place = found.get("loc")
    if isinstance(place, list) and place:
        words = f"{'.'.join(map(str, place[:8]))}: {words}"
    param = found.get("param")
    if isinstance(param, str) and param and param not in words:
        words = f"{param}: {words}"
    return words or str(found)[:2000]
