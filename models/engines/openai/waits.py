"""When a server that refuses for now is to be asked again, by what it says itself.

Retry-After: 37, 30s, or a date               RFC 9110, 10.2.3; an epoch too
retry-after-ms: 350                           OpenAI, Azure
"retryDelay": "34s"                           Gemini; retry_after, estimated_time: other services
Please try again in 1m30.5s, retry in 34 s    Groq, OpenAI, Gemini, Azure, in the message alone
x-ratelimit-reset-tokens: 7.66s               Groq, OpenAI; an epoch in seconds or milliseconds: OpenRouter, in the body too
"""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 120.0
"""seconds up to which a wait that a server names is an everyday one"""
NOTABLE_WAIT = 5.0
"""seconds from which a person is told what is waited for"""
HOPELESS = 3600.0
"""seconds that no run waits for: it ends, and the next one goes on"""
_SPENT = ("insufficient balance", "credit balance", "budget has been exceeded", "exceededbudget")
"""words of a 429 that no waiting helps against, where it does not say when to come again"""
_QUOTA = ("insufficient_quota", "exceeded your current quota")
"""words of a 429 for money that is spent (OpenAI), and for so many tokens a minute (DashScope, Gemini)"""
_FIELD = re.compile(r'"(?:retrydelay|retry_after|retry_after_seconds|estimated_time)"\s*:\s*"?(\d{1,6}(?:\.\d+)?)s?\s*["},]')
_WORDS = re.compile(
    r"(?:retry|try(?:ing)? again|try your request again) (?:again )?(?:in|after) (?:about |~)?"
    r"(?:(\d{1,3}) ?d(?:ays?)? ?)?(?:(\d{1,4}) ?h(?:ours?|rs?)? ?)?(?:(\d{1,5}) ?m(?:in(?:utes?|s)?)? ?)?"
    r"(?:(\d{1,7}(?:\.\d+)?) ?(ms|milliseconds?|s|secs?|seconds?))?(?![a-z])"
)
_DURATION = re.compile(
    r"(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m(?:in)?)?(?:(\d{1,7}(?:\.\d+)?)s(?:ec(?:onds?)?)?)?(?:(\d{1,9}(?:\.\d+)?)ms)?"
)
_RESET = re.compile(r"ratelimit\S*-reset", re.IGNORECASE)
EPOCH = 1e9
"""a number from which on it is a time and no number of seconds; a thousand times that, milliseconds"""


def spent(status: int, said: str, wait: float | None) -> bool:
    """Whether a refusal is of money that is used up, or of a quota that comes back after longer than a run waits."""
    low = said.lower()
    if status != 429:
        return False
    if any(words in low for words in _QUOTA):
        return wait is not None and wait > HOPELESS
    return any(words in low for words in _SPENT) and (wait is None or wait > HOPELESS)


def perhaps_spent(status: int, said: str, wait: float | None) -> bool:
    """Whether it is of a quota that is used up for good, or for this minute: nothing tells which."""
    return status == 429 and wait is None and any(words in said.lower() for words in _QUOTA)


def asked_wait(headers: Mapping[str, str], text: str, status: int = 429) -> float | None:
    """Seconds that a refusal asks to be waited for, without a bound; None: it says nothing."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    if (seconds := retry_after(headers.get("retry-after"))) is not None:
        return seconds
    low = text[:8000].lower()
    if found := _FIELD.search(low):
        return float(found[1])
    for found in _WORDS.finditer(low):
        days, hours, minutes, rest, unit = found.groups()
        if days or hours or minutes or rest:
            seconds = float(rest or 0) / (1000 if (unit or "s").startswith("m") else 1)
            return ((int(days or 0) * 24 + int(hours or 0)) * 60 + int(minutes or 0)) * 60 + seconds
    if status != 429:  # servers send these with every answer: of a refusal that is of no limit they tell nothing
        return None
    return next((wait for one in (headers, _inner_headers(text)) if (wait := _until_reset(one)) is not None), None)


def retry_after(value: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for, from its number, its duration or its date; None where it says nothing."""
    if not value:
        return None
    if (seconds := _seconds(value.partition(",")[0])) is not None:  # of two proxies with one header each, the first
        return seconds
    try:
        return _from_now(parsedate_to_datetime(value))
    except (ValueError, OverflowError):
        return None


def _until_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until the last of the limits that are used up (``remaining`` is 0, or not told) begins anew; None: none is, or none tells."""
    waits = []
    for name, value in headers.items():
        if not _RESET.search(name):
            continue
        left = _number(headers.get(re.sub("-reset", "-remaining", name, flags=re.IGNORECASE)))
        if (left is None or left <= 0) and (wait := _seconds(value)) is not None:
            waits.append(wait)
    return max(waits, default=None)


def _inner_headers(text: str) -> dict[str, str]:
    """The headers of a server behind the one that answers: OpenRouter's ``error.metadata.headers``."""
    if '"headers"' not in text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    for key in ("error", "metadata", "headers"):
        found = found.get(key) if isinstance(found, dict) else None
    return {str(name).lower(): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _seconds(value: str) -> float | None:
    """Of ``37``, ``1m30s``, ``350ms``, an epoch in seconds or milliseconds, or ISO 8601."""
    value = value.strip()
    if (number := _number(value)) is not None:
        if number < EPOCH:
            return number
        return max(number / (1000 if number >= 1000 * EPOCH else 1) - datetime.now(UTC).timestamp(), 0.0)
    if value and (found := _DURATION.fullmatch(value.lower())):
        days, hours, minutes, seconds, milliseconds = (float(one or 0) for one in found.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds + milliseconds / 1000
    try:
        return _from_now(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        return None


def _from_now(date: datetime) -> float:
    return max((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp(), 0.0)


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return max(number, 0.0) if math.isfinite(number) else None  # "nan", "inf" and a thousand digits read as numbers
