"""One line for each event: JSON for programs, a sentence for people. The thread that writes is not the loop's: a pipe may be full."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from pipeline.files import explained
from pipeline.live.events import Event, line
from pipeline.live.outputs.base import Output
from pipeline.safe_open import append
from pipeline.sanitize import clean


class Lines(Output):
    """Lines into an open file. ``gone`` is called where nobody reads it any more (``| head``)."""

    name = "lines"

    def __init__(self, file: TextIO, *, form: Callable[[Event], str | None] = line, gone: Callable[[], None]) -> None:
        super().__init__()
        self._file, self._form, self._gone = file, form, gone

    def wants(self, event: Event) -> bool:
        return self._form is line or str(event["event"]) != "heartbeat"

    async def write(self, event: Event) -> None:
        text = self._form(event)
        if text is None:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._put, text)
        except (BrokenPipeError, ValueError, OSError):
            self._gone()

    def _put(self, text: str) -> None:
        _write_all(self._file.fileno(), _bytes_of(text))


class Added(Output):
    """``--jsonl FILE``: lines at the end of a file. A full disk ends nothing: lines are lost and counted, none is cut in two."""

    name = "jsonl"

    def __init__(self, path: Path) -> None:
        """Raises OutputError ``unwritable``."""
        super().__init__()
        self._path, self._rest = path, b""
        try:
            self._file = append(path, create=True)
        except OSError as error:
            raise explained(path, error) from None

    async def write(self, event: Event) -> None:
        await asyncio.to_thread(self._put, _bytes_of(line(event)))

    async def close(self) -> None:
        await super().close()
        self._file.close()

    def _put(self, row: bytes) -> None:
        written = 0
        data = self._rest + row
        try:
            while written < len(data):
                written += os.write(self._file.fileno(), data[written:])
            self._rest = b""
        except OSError as error:
            if written > len(self._rest):
                self._rest = data[written:]  # the line has begun: the next write ends it
            else:
                self._rest = self._rest[written:]
                self.lost += 1
            raise explained(self._path, error) from None


def _bytes_of(text: str) -> bytes:
    return (text + "\n").encode("utf-8", "backslashreplace")


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def sentence(event: Event, *, many: bool) -> str | None:
    """The event as a person reads it: ``23:15:32  gate  A red van stops at the barrier.  (0.9 s)``; None where it needs no line."""
    who = f"{event['stream']}  " if many else ""
    when = _moment(event)
    match event["event"]:
        case "caption" if event["text"]:
            late = event.get("latency", {}).get("glass_to_text", 0.0)
            return f"{when}  {who}{clean(event['text']).replace(chr(10), ' ')}  ({late:.1f} s)"
        case "gap":
            return f"{when}  {who}[{event['end'] - event['start']:.0f} s not described: {event['reason']}]"
        case "source" if event["state"] in ("live", "stalled", "offline", "ended"):
            why = event.get("message") or event.get("reason") or ""
            why = "" if why == event["state"] else why
            again = f", next try in {event['next_try']:.1f} s" if "next_try" in event else ""
            return f"{when}  {who}[{event['state']}{f': {why}' if why else ''}{again}]"
        case "clock_step":
            return f"{when}  {who}[the clock of {event['whose']} was moved by {event['seconds']:+.1f} s]"
    return None


def _moment(event: Event) -> str:
    """UTC of the event's end, as its text has it; what has none is told as it happens, so now is its moment."""
    stamp = event.get("utc_end") or datetime.now(UTC).isoformat()
    return str(stamp)[11:19]
