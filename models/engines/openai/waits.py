"""When a server that refuses for now is to be asked again, by what it says itself.

Retry-After: 37, or a date                    RFC 9110, 10.2.3
retry-after-ms: 350                           OpenAI, Azure
"retryDelay": "34s"                           Gemini; retry_after, estimated_time: other services
Please try again in 1m30.5s, retry in 34 s    Groq, OpenAI, Gemini, Azure, in the message alone
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST_WAIT = 120.0
"""seconds that a server may ask to be waited for"""
NOTABLE_WAIT = 5.0
"""seconds from which a person is told what is waited for"""
HOPELESS = 3600.0
"""seconds that no run waits for: it ends, and the next one goes on"""
TOLD = 5
"""refusals until a time that was told which count as one attempt"""
_SPENT = ("insufficient_quota", "exceeded your current quota", "insufficient balance", "credit balance")
"""words of a 429 that no waiting helps against, where it does not say when to come again"""
_FIELD = re.compile(r'"(?:retrydelay|retry_after|retry_after_seconds|estimated_time)"\s*:\s*"?(\d{1,6}(?:\.\d+)?)s?\b')
_WORDS = re.compile(
    r"(?:retry|try(?:ing)? again|try your request again) (?:again )?(?:in|after) (?:about |~)?"
    r"(?:(\d{1,4}) ?h(?:ours?)? ?)?(?:(\d{1,5}) ?m(?:in(?:utes?)?)? ?)?(?:(\d{1,7}(?:\.\d+)?) ?(ms|milliseconds?|s|sec|seconds?))?(?![a-z])"
)


class Again(Exception):
    """A fault that may pass: ask again after ``seconds``, where the server says how many."""

    def __init__(self, message: str, *, seconds: float | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds
        self.status = status


class Enough:
    """When to give a request up: after so many attempts. One that was refused until a time that the server named counts a fifth: with more
    requests under way than it takes in a minute some are refused again and again, by chance, while others pass."""

    def __init__(self, attempts: int) -> None:
        self.made = 0
        self._until = 0.0
        self._left = attempts * TOLD

    def __call__(self, state: Any) -> bool:
        error = state.outcome.exception() if state.outcome else None
        seconds = error.seconds if isinstance(error, Again) and error.status == 429 else None
        self.made += 1
        asked = error.seconds if isinstance(error, Again) else None
        if asked is not None and asked > HOPELESS:
            self._until = asked
            return True
        self._left -= 1 if seconds is not None and 1 <= seconds <= LONGEST_WAIT else TOLD
        return self._left <= 0

    @property
    def told(self) -> str:
        """Why it was given up."""
        attempts = f"{self.made} attempt{'s' * (self.made != 1)}"
        return f"{attempts}; it asks to be asked again in {self._until / 3600:.1f} hours" if self._until else attempts


def spent(status: int, said: str, wait: float | None) -> bool:
    """Whether a refusal is of money or of a quota that is used up: Gemini words a limit of so many requests a minute in the same way, and
    says when to come again."""
    return status == 429 and any(words in said.lower() for words in _SPENT) and (wait is None or wait > LONGEST_WAIT)


def asked_wait(headers: Mapping[str, str], text: str) -> float | None:
    """Seconds that a refusal asks to be waited for, without a bound; None: it says nothing."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    if (seconds := retry_after(headers.get("retry-after"))) is not None:
        return seconds
    low = text[:8000].lower()
    if found := _FIELD.search(low):
        return float(found[1])
    for found in _WORDS.finditer(low):
        hours, minutes, rest, unit = found.groups()
        if hours or minutes or rest:
            return (
                int(hours or 0) * 3600
                + int(minutes or 0) * 60
                + float(rest or 0) / (1000 if (unit or "s").startswith("m") else 1)
            )
    return None


def retry_after(value: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, from its number or its date; None where it says nothing."""
    if not value:
        return None
    if (seconds := _number(value)) is not None:
        return seconds
    try:
        date = parsedate_to_datetime(value)
        return max((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp(), 0.0)
    except (ValueError, OverflowError):
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return max(number, 0.0) if number == number else None  # float("nan") reads as a number
