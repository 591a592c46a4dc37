"""One file of a recording, from its first piece to its description."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline import log
from pipeline.live.document import caption_of, notice_of
from pipeline.live.events import STRETCHES, Event
from pipeline.live.outputs.journal import write_texts
from pipeline.live.outputs.unfinished import Left, Mark
from pipeline.types import Caption, Notice

SHORT = 0.3
"""seconds of a description that are none of a file's: where a file ends in the middle of one it belongs to both"""
_log = log.get("pipeline.live")


@dataclass(slots=True)
class Taking:
    """One file that is written, or that waits for its descriptions."""

    base: Path
    start: float
    """[start, end) on the stream's clock"""
    end: float
    epoch: int
    over_since: float | None = None
    told: list[Event] = field(default_factory=list)
    mark: Mark | None = None

    def tell(self, event: Event) -> None:
        """Something was told of it."""
        self.told.append(event)
        if self.mark is not None:
            self.mark.add(event)

    @property
    def film(self) -> Path:
        return self.base.with_name(self.base.name + ".ts")


def inside(taking: Taking) -> tuple[list[Caption], list[Notice]]:
    """What was told of a file, in its own time."""
    captions, notices = list[Caption](), list[Notice]()
    for event in taking.told:
        start, end = max(event["start"], taking.start), min(event["end"], taking.end)
        if end - start < SHORT:
            continue
        inside = {**event, "start": start, "end": end}
        if event["event"] == "caption" and event["text"]:
            captions.append(caption_of(inside, since=taking.start))
        elif event["event"] in ("gap", "offline"):
            notices.append(notice_of(inside, since=taking.start))
    return captions, notices


def finished(one: Left, *, formats: Sequence[str]) -> None:
    """Describe the file that a killed run left, by what was told of it until then. Raises OutputError."""
    taking = Taking(base=one.base, start=one.start, end=one.end, epoch=0, told=list(one.told))
    try:
        size = taking.film.stat().st_size
    except OSError:
        return  # somebody took it away
    captions, notices = inside(taking)
    known = max((min(event["end"], one.end) for event in one.told if event["event"] in STRETCHES), default=one.start)
    if one.end - known > SHORT:
        notices.append(notice_of({"start": known, "end": one.end, "reason": "the run was killed"}, since=one.start))
    source = replace(one.head.source, size=size, duration=one.end - one.start)
    document = replace(one.head, source=source, captions=tuple(captions), warnings=tuple(notices))
    write_texts(document, one.base, formats)
    _log.info("what a killed run left is described", film=taking.film.name)
