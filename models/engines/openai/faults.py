"""What a server's refusal means: ask again, give up on this request, or give up on the server."""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from models.errors import EndpointError, ModelError, PromptTooLong, RequestRefused

AGAIN = {408, 425, 429, 500, 502, 503, 504, 529}
LONGEST_WAIT = 120.0
"""seconds that Retry-After may ask for"""


class Again(Exception):
    """A fault that may pass: ask again after ``seconds``, where the server says how many."""

    def __init__(self, message: str, *, seconds: float | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds
        self.status = status


def fault(base_url: str, path: str, status: int, text: str, wait: float | None) -> ModelError | Again:
    """The error for an answer with this HTTP status; ``text`` is its body."""
    said = _message(text)
    if status in AGAIN:
        return Again(f"answers {status} {said}".rstrip(), seconds=wait, status=status)
    if status in {401, 403}:
        return EndpointError(
            f"{base_url} refuses the key ({status}): give the right one by --api-key or OPENAI_API_KEY", status=status
        )
    if status == 404:
        return EndpointError(
            f"{base_url}{path} does not exist (404 {said}): is --base-url right, and --model one it has?", status=status
        )
    low = said.lower()
    if "context length" in low or "maximum model length" in low or "too long" in low or "max_model_len" in low:
        return PromptTooLong(f"the prompt with its frames does not fit the server's model: {said}", status=status)
    return RequestRefused(f"{base_url} refuses the request ({status}): {said}", status=status)


def retry_after(value: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, from its number or its date (RFC 9110, 10.2.3); None where it says nothing."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp()
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _message(text: str) -> str:
    """The sentence in an error's body: OpenAI's ``error.message``, vLLM's, or the text itself."""
    try:
        found = json.loads(text)
        found = found.get("error", found)
        found = found.get("message", found) if isinstance(found, dict) else found
    except (ValueError, AttributeError):
        found = text
    return " ".join(str(found).split())[:300]
