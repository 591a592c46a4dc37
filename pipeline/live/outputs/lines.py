"""One line for each event: JSON for programs, a sentence for people. The thread that writes is not the loop's: a pipe may be full."""

import asyncio
import os
from collections.abc import Callable
from typing import TextIO

from pipeline.live.events import Event, line
from pipeline.live.outputs.base import Output
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
        os.write(self._file.fileno(), (text + "\n").encode("utf-8", "backslashreplace"))


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
            again = f", next try in {event['next_try']:.1f} s" if "next_try" in event else ""
            return f"{when}  {who}[{event['state']}{f': {why}' if why else ''}{again}]"
        case "clock_step":
            return f"{when}  {who}[the clock of {event['whose']} was moved by {event['seconds']:+.1f} s]"
    return None


def _moment(event: Event) -> str:
    stamp = event.get("utc_end")
    if stamp:
        return str(stamp)[11:19]
    seconds = int(event["end"] if "end" in event else event.get("time", 0.0))
    return f"+{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"[-8:]
