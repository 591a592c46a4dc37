"""What a reading process says, looked at before it is believed: it opens what strangers send, and may be theirs by now.

{"opened": {"size": [w, h], "fps": f, "codec": name, "copied": bool}}    {"tick": {name: number or word}}
{"frame": serial, "time": s, "seen": s, "arrival": s, "epoch": n, "begin": [s, s], "raw": s, "utc": s | null, "report": number | null}
{"copied": {"epoch": n, "start": s, "end": s, "arrival": s, "keyed": bool}} and its bytes, in memory
{"ended": code, "message": text, "detail": text}
"""

import math
from typing import Any

from pipeline.video.live.messages import Copied, Ended, Frame, Opened, Said, Tick

LONGEST_WORD = 1000
MOST_FACTS = 50
LARGEST_SIDE = 1 << 15
AHEAD = 3600.0
"""seconds that a picture may lie before the one that was seen last, in one epoch: a jump begins another"""
FAR = 1e11
"""seconds: later is no time"""


class Listener:
    """Checks the messages of one process, in the order in which they come."""

    def __init__(self) -> None:
        self._epoch, self._seen, self._serial = -1, 0.0, 0

    def checked(self, message: Any) -> Said:
        """The message, with the fields that it may have and no others. Raises ValueError: this is none."""
        try:
            if "ended" in message:
                code, why = _word(message["ended"], 40), _word(message["message"])
                return Ended(code=code, message=why, detail=_word(message["detail"]))
            if "opened" in message:
                return _shape(message["opened"])
            if "copied" in message:
                return _piece(message["copied"])
            if "tick" in message:
                return Tick(facts=_facts(message["tick"]))
            return self._frame(message)
        except (TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
            raise ValueError(f"no message of a reading process: {type(error).__name__}") from None

    def _frame(self, message: Any) -> Frame:
        begin, utc, report = message["begin"], message["utc"], message["report"]
        told = Frame(
            serial=_whole(message["frame"]),
            epoch=_whole(message["epoch"]),
            time=_number(message["time"]),
            seen=_number(message["seen"]),
            arrival=_number(message["arrival"]),
            raw=_number(message["raw"]),
            begin=(_number(begin[0]), _number(begin[1])),
            utc=None if utc is None else _number(utc),
            report=None if report is None else _whole(report, 64),
        )
        if told.serial <= self._serial or len(begin) != 2 or told.epoch < self._epoch:
            raise ValueError("pictures are counted up")
        since = told.begin[0] if told.epoch != self._epoch else self._seen
        if told.seen - since > AHEAD or told.time - since > AHEAD:
            raise ValueError("a picture is far ahead of the one before")
        self._epoch, self._seen, self._serial = told.epoch, max(since, told.seen), told.serial
        return told


def _shape(raw: Any) -> Opened:
    width, height = (_whole(side) for side in raw["size"])
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        raise ValueError("no size of a picture")
    copied = raw.get("copied", False)
    if not isinstance(copied, bool):
        raise TypeError
    return Opened(size=(width, height), fps=_number(raw["fps"]), codec=_word(raw["codec"], 40), copied=copied)


def _piece(raw: Any) -> Copied:
    """A piece of the stream as it came; its bytes come beside it."""
    start, end, keyed = _number(raw["start"]), _number(raw["end"]), raw["keyed"]
    if not 0 < end - start < AHEAD or not isinstance(keyed, bool):
        raise ValueError("no piece of a stream")
    return Copied(epoch=_whole(raw["epoch"]), start=start, end=end, arrival=_number(raw["arrival"]), keyed=keyed)


def _facts(raw: Any) -> dict[str, float | str]:
    if len(raw) > MOST_FACTS:
        raise ValueError("too many facts")
    return {_word(name, 40): _word(value, 40) if isinstance(value, str) else _number(value) for name, value in raw.items()}


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > FAR:
        raise ValueError("no number")
    return value


def _whole(value: Any, bits: int = 53) -> int:
    """A count; a sender's report has the 64 bits of NTP."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << bits:
        raise ValueError("no count")
    return value


def _word(value: Any, most: int = LONGEST_WORD) -> str:
    if not isinstance(value, str):
        raise TypeError
    return "".join(letter if letter.isprintable() else " " for letter in value[:most])
