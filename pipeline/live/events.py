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

from pipeline.sanitize import printable

Event = dict[str, Any]
STRETCHES = frozenset({"caption", "unchanged", "gap", "offline"})


def stretch(kind: str, stream: str, epoch: int, start: float, end: float, **more: Any) -> Event:
    """An event that accounts for [start, end)."""
    return {"event": kind, "stream": stream, "epoch": epoch, "start": start, "end": end, **more}


def utc(seconds: float) -> str:
    """``2026-11-26T23:15:28.286Z``"""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def line(event: Mapping[str, Any]) -> str:
    """The event as one line of JSON, its numbers on milliseconds; what begins with ``_`` is for this process alone."""
    return json.dumps({key: _plain(value) for key, value in event.items() if key[0] != "_"}, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value
