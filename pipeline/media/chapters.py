"""Chapters into a film: ffmpeg reads them from a file beside it, and what it wrote is read again.

MP4     a list of Nero's (chpl) and a text track of QuickTime's, so that the film gains a data stream
MKV     editions of Matroska; WebM the same
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from pipeline import chapters as formats
from pipeline.chapters.reading import load
from pipeline.clock import clock
from pipeline.errors import InputError, OutputError
from pipeline.media.binary import Ffmpeg
from pipeline.media.run import Place
from pipeline.media.said import said
from pipeline.media.streams import guards
from pipeline.outline import Chapter
from pipeline.types import Notice

FILE = "chapters.ffmeta"
_OWN = "own.ffmeta"
ROUNDING = 0.05
"""seconds; a container may count in frames"""


def inside(chapters: Sequence[Chapter], end: float, kind: str) -> tuple[tuple[Chapter, ...], tuple[Notice, ...]]:
    """Chapters as a film of a family of containers that ends at ``end`` (0: not known) can hold them, and what became of them.

    One that ended after the film would make an MP4 longer. Raises InputError ``bad_chapters`` where all begin after it.
    """
    kept = [one for one in chapters if not end or one.start < end - 0.001]
    notices: list[Notice] = []
    if len(kept) < len(chapters):
        if not kept:
            raise InputError("bad_chapters", f"all chapters begin after the film's end at {clock(end)}")
        left = len(chapters) - len(kept)
        told = f"{left} chapter begins" if left == 1 else f"{left} chapters begin"
        notices.append(
            Notice(code="chapters_changed", message=f"{told} after the film's end at {clock(end)} and had to be left out")
        )
    if kept and kind == "mp4" and kept[0].start > ROUNDING:
        told = f"the first chapter begins at 0:00, not at {clock(kept[0].start)}: an MP4 has no time before its first chapter"
        notices.append(Notice(code="chapters_changed", message=told))
        kept[0] = replace(kept[0], start=0.0)
    parts = (replace(one, end=min(one.end, end or (one.start + 1 if math.isinf(one.end) else one.end))) for one in kept)
    return tuple(parts), tuple(notices)


def arguments(chapters: Sequence[Chapter], place: Place) -> list[str]:
    """One more input of ffmpeg that holds these chapters and no stream; none where there are no chapters."""
    if not chapters:
        return []
    (place.folder / FILE).write_text(formats.write("ffmeta", chapters), encoding="utf-8")
    return ["-f", "ffmetadata", "-i", f"file:{FILE}"]


def check(ffmpeg: Ffmpeg, place: Place, chapters: Sequence[Chapter]) -> None:
    """Raise OutputError ``output_damaged`` where the written film does not begin each chapter when it should."""
    if not chapters:
        return
    found, wanted = starts(ffmpeg, place, place.written), [one.start for one in formats.tidy(chapters)]
    if len(found) != len(wanted) or any(abs(a - b) > ROUNDING for a, b in zip(found, wanted, strict=True)):
        held = f"{len(found)} chapters are in what was written, {len(wanted)} should be"
        elsewhere = "the chapters in what was written begin at other times than they should"
        raise OutputError("output_damaged", f"{held if len(found) != len(wanted) else elsewhere}; nothing was kept")


def of_film(ffmpeg: Ffmpeg, place: Place) -> tuple[tuple[Chapter, ...], tuple[Notice, ...]]:
    """The chapters that the film has, and a notice where they can't be read."""
    listing = _metadata(ffmpeg, place, place.film)
    if b"[CHAPTER]" not in listing:
        return (), ()
    (place.folder / _OWN).write_bytes(listing)
    try:
        return load(place.folder / _OWN)[0], ()
    except InputError as error:
        return (), (Notice(code="chapters_changed", message=f"the film's own chapters had to be left out: {error.message}"),)


def later(chapters: Sequence[Chapter], waits: Sequence[tuple[float, float]]) -> tuple[Chapter, ...]:
    """The chapters of a film that waits (second, seconds that it stands there): what begins at such a moment begins when the film goes on."""

    def moved(time: float) -> float:
        return time + sum(seconds for moment, seconds in waits if moment <= time + 0.001)

    return tuple(replace(one, start=moved(one.start), end=moved(one.end)) for one in chapters)


def starts(ffmpeg: Ffmpeg, place: Place, name: str) -> list[float]:
    """When the chapters of a file of the place begin, in seconds."""
    found, base = [], 1.0
    for line in _metadata(ffmpeg, place, name).decode("utf-8", "replace").splitlines():
        key, _, value = line.partition("=")
        if key == "TIMEBASE":
            numerator, denominator = value.split("/")
            base = int(numerator) / int(denominator)
        elif key == "START":
            found.append(int(value) * base)
    return found


def _metadata(ffmpeg: Ffmpeg, place: Place, name: str) -> bytes:
    command = [str(ffmpeg.path), "-v", "error", "-nostdin", *guards(), "-i", f"file:{name}", "-f", "ffmetadata", "-"]
    return said(command, place.folder, "stdout")[0]
