"""What is told of a stream, as one JSON object each: the fields, in the order in which they are written.

    caption  unchanged  gap  offline      stretches of the stream's time, in order, without holes (ledger)
    source  discontinuity  clock_step     what happened, when it happened
    heartbeat                             every ten seconds: state, level, and the seconds by kind so far

Times are seconds on the stream's own clock, which starts when the command does; UTC is written with milliseconds.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline.sanitize import json_line, printable
from pipeline.types import Outcome

Event = dict[str, Any]
FAR = 1e11
"""seconds: later is no time of a stream"""
STRETCHES = frozenset({"caption", "unchanged", "gap", "offline"})


def stretch(kind: str, stream: str, epoch: int, start: float, end: float, **more: Any) -> Event:
    """An event that accounts for [start, end)."""
    return {"event": kind, "stream": stream, "epoch": epoch, "start": start, "end": end, **more}


def utc(seconds: float) -> str:
    """``2026-11-26T23:15:28.286Z``"""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def line(event: Mapping[str, Any]) -> str:
    """The event as one line of JSON, its numbers on milliseconds; what begins with ``_`` is for this process alone."""
    return json_line({key: _plain(value) for key, value in event.items() if key[0] != "_"})


def told(row: bytes) -> Event:
    """An event that was written by ``line``, read back. Raises ValueError: it is none, somebody else wrote into the file."""
    try:
        event = json.loads(row)
        kind = event["event"]
        if kind in STRETCHES:
            spoken = (event["text"], event["outcome"]) if kind == "caption" else ()
            reason = (event["reason"],) if kind in ("gap", "offline") else ()
            if not all(isinstance(word, str) for word in (*spoken, *reason)) or not 0 <= event["start"] <= event["end"] < FAR:
                raise ValueError("no stretch of a stream")
            if kind == "caption":
                Outcome(event["outcome"])
            if not isinstance(event.get("tokens", 0), int):
                raise ValueError("no caption")
        elif not isinstance(kind, str) or "end" in event:
            raise ValueError("no event")
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"no event: {error}") from None
    return dict(event)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value
