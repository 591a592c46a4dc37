"""Captions -> cues that a viewer can read: layout and timing rules. Pure, deterministic.

captions -> passages (clean, in order, equal neighbours joined, edges on cuts) -> blocks of lines that fit -> times -> a track
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipeline.cues.fit import Fitter
from pipeline.cues.pauses import Wish, pauses, settle
from pipeline.cues.profiles import PROFILES, Layout, Limits, limits, profile
from pipeline.cues.room import Span, described_part, find_room
from pipeline.cues.timing import EPSILON, Slot, close_gaps, least_gap, nearest_cut, share, snap_inside
from pipeline.errors import UsageError
from pipeline.sanitize import clean
from pipeline.types import Cue, Document, Notice, Track

__all__ = ["PROFILES", "Layout", "Limits", "limits", "make_track", "profile"]

SHORTEST = 0.25
"""seconds; a text with less room than this is not shown at all, unless the whole film is shorter"""


@dataclass(frozen=True, slots=True)
class Passage:
    """A clean text and the stretch of film it speaks of."""

    start: float
    end: float
    text: str
    moved: bool = False
    """into a pause of speech, which it must not leave"""


def make_track(document: Document, layout: Layout = PROFILES["netflix"], *, title: str = "") -> tuple[Track, tuple[Notice, ...]]:
    """The subtitle track of a described film, and a notice for each text that is not shown whole at its reading speed.

    Every cue lies within the film, or within the part of it that was described, and, where the text has room, within its caption's
    window; where it has not, it borrows from empty time and from neighbours with time to spare (``room``). Cues never overlap. By
    ``layout.place`` they keep to pauses of speech.

    Raises UsageError ``speech_unknown`` where the layout wants pauses, and nobody listened to the film (``Document.speech``).
    """
    source = document.source
    vertical = source.height > source.width > 0
    bounds = limits(layout, document.language, vertical=vertical)
    film_end = math.floor(source.duration * 1000 + EPSILON) / 1000 if 0 < source.duration < math.inf else math.inf
    part = begin, end = described_part(document, film_end)
    cuts = sorted({round(cut, 3) for cut in document.shots if begin < cut < end})
    passages, nowhere = _passages(document, layout, cuts, end)
    fitter = Fitter(layout, bounds, document.language, least_gap(layout, source.fps))
    if layout.place != "window":
        passages, spoken_over = _in_pauses(document, passages, layout, fitter, part)
        nowhere += spoken_over
    if layout.profile == "none" and layout.max_cps is None and layout.max_line_width is None:
        cues, notices = _as_they_are(passages, part)
    else:
        cues, notices = _fitted(passages, layout, bounds, fitter, cuts, part)
    track = Track(
        cues=cues, language=document.language, title=title, width=source.width, height=source.height, position=layout.position
    )
    return track, tuple(sorted((*nowhere, *notices), key=lambda notice: notice.start or 0.0))


def _passages(document: Document, layout: Layout, cuts: list[float], film_end: float) -> tuple[list[Passage], list[Notice]]:
    """Clean texts in order, inside the film, without overlaps; equal neighbours joined; edges moved to cuts."""
    found: list[Passage] = []
    nowhere: list[Notice] = []
    for caption in sorted(document.captions, key=lambda caption: (caption.start, caption.end)):
        text = clean(caption.text)
        if text and math.isfinite(caption.start) and not math.isnan(caption.end):
            start, end = max(0.0, round(caption.start, 3)), min(round(caption.end, 3), film_end)
            snapped = _to_cut(start, cuts, layout), _to_cut(end, cuts, layout)
            if found and snapped[0] < found[-1].end <= start:  # one too short to move with its cut stays before this one
                snapped = start, snapped[1]
            if snapped[1] > snapped[0]:
                start, end = snapped
            passage = Passage(start, end, text if layout.profile == "none" else text.replace("\n", " "))
            if end > start:
                found.append(passage)
            else:
                nowhere.append(_no_room(passage) if start < film_end else _past_the_end(passage, film_end))
    found.sort(key=lambda passage: (passage.start, passage.end))
    made: list[Passage] = []
    for passage in found:
        before = made[-1] if made else None
        if before and before.text == passage.text and passage.start - before.end <= max(layout.close_gaps, EPSILON):
            made[-1] = replace(before, end=max(before.end, passage.end))
            continue
        if before and passage.start < before.end:
            made[-1] = replace(before, end=passage.start)
        made.append(passage)
    return made, nowhere


def _in_pauses(
    document: Document, passages: list[Passage], layout: Layout, fitter: Fitter, part: tuple[float, float]
) -> tuple[list[Passage], list[Notice]]:
    """The passages where ``layout.place`` wants them, and a notice for each that finds no pause."""
    if document.speech is None:
        sentence = "nobody listened to this film's speech: describe it with --place, or keep the film beside its captions"
        raise UsageError("speech_unknown", sentence)
    begin, end = part
    last = end if math.isfinite(end) else max((passage.end for passage in passages), default=0.0)
    least = max(layout.min_duration, SHORTEST)
    needs = [fitter.wanted(passage.text, passage.end - passage.start) for passage in passages]
    wishes = [Wish(passage.start, passage.end, max(need, least), least) for passage, need in zip(passages, needs, strict=True)]
    free = [(max(start, begin), stop) for start, stop in pauses(document.speech, last) if stop > begin]
    places = settle(wishes, free, layout.place, gap=fitter.gap)
    kept, left = [], []
    for passage, place in zip(passages, places, strict=True):
        if place is None:
            sentence = "somebody speaks all through its window and near it: there is no pause for its text"
            left.append(Notice(code="no_pause", message=sentence, start=passage.start, end=passage.end))
        else:
            start, end = math.ceil(place[0] * 1000 - EPSILON) / 1000, math.floor(place[1] * 1000 + EPSILON) / 1000
            kept.append(replace(passage, start=start, end=end, moved=(start, end) != (passage.start, passage.end)))
    return kept, left


def _to_cut(time: float, cuts: list[float], layout: Layout) -> float:
    cut = nearest_cut(time, cuts, layout.snap) if layout.snap else None
    return time if cut is None else cut


def _as_they_are(passages: Iterable[Passage], part: tuple[float, float]) -> tuple[tuple[Cue, ...], tuple[Notice, ...]]:
    """The profile ``none``: each text as it is, for as long as its window."""
    cues, notices = [], []
    for passage in passages:
        if passage.end - passage.start < min(0.04, part[1] - part[0] - EPSILON):
            notices.append(_no_room(passage))
        else:
            cues.append(Cue(start=passage.start, end=passage.end, lines=tuple(passage.text.split("\n"))))
    return tuple(cues), tuple(notices)


def _fitted(
    passages: list[Passage], layout: Layout, bounds: Limits, fitter: Fitter, cuts: list[float], part: tuple[float, float]
) -> tuple[tuple[Cue, ...], tuple[Notice, ...]]:
    gap = fitter.gap
    slots: list[Slot] = []
    lines: list[tuple[str, ...]] = []
    sizes: list[float] = []
    kept: list[bool] = []
    notices: list[Notice] = []
    for passage, span in zip(passages, _spans(passages, layout, fitter, cuts, part), strict=True):
        if span.end - span.start < min(SHORTEST, max(layout.min_duration, 0.04), part[1] - part[0] - EPSILON):
            notices.append(_no_room(passage))
            continue
        fitted = fitter.fit(passage.text, span.end - span.start)
        if fitted.code:
            notices.append(Notice(code=fitted.code, message=fitted.message, start=passage.start, end=passage.end))
        shared = share(span.start, span.end, [fitter.need(block) for block in fitted.blocks], gap, layout.max_duration)
        slots += snap_inside(shared, cuts, layout, gap) if layout.snap and not passage.moved else shared
        lines += [block.lines for block in fitted.blocks]
        sizes += [block.characters for block in fitted.blocks]
        kept += [passage.moved] * len(fitted.blocks)
    # what stands in a pause does not grow over a short word that follows it
    closed = zip(slots, close_gaps(slots, layout, gap), kept, strict=True)
    slots = [was if stays else now for was, now, stays in closed]
    cues = tuple(Cue(start=slot.start, end=slot.end, lines=text) for slot, text in zip(slots, lines, strict=True))
    notices += [notice for cue, size in zip(cues, sizes, strict=True) for notice in _complaints(cue, size, layout, bounds)]
    return cues, tuple(notices)


def _spans(passages: list[Passage], layout: Layout, fitter: Fitter, cuts: list[float], part: tuple[float, float]) -> list[Span]:
    """When each passage's cues may be shown: within its window, and past its edges where its text needs it."""
    spans, gap = [], fitter.gap
    for k, passage in enumerate(passages):
        following = passages[k + 1].start if k + 1 < len(passages) else math.inf
        end = _last_moment(passage, following, layout, gap, cuts, part[1])
        need = fitter.wanted(passage.text, end - passage.start)
        spans.append(Span(passage.start, end, min(need, end - passage.start) if passage.moved else need))
    return find_room(spans, gap, part[1], part[0])


def _last_moment(passage: Passage, following: float, layout: Layout, gap: float, cuts: list[float], film_end: float) -> float:
    """When a passage's last cue has to be gone: two frames before the next text or cut, or at its window's end.

    A window shorter than the shortest cue may borrow from the empty time after it.
    """
    end = passage.end
    if cuts and nearest_cut(end, cuts, EPSILON) is not None:
        end -= gap
    end = min(end, following - gap)
    if end - passage.start < layout.min_duration:
        end = max(end, min(passage.start + layout.min_duration, following - gap, film_end))
    return math.floor(end * 1000 + EPSILON * 1000) / 1000


def _complaints(cue: Cue, size: float, layout: Layout, bounds: Limits) -> Iterable[Notice]:
    length = cue.end - cue.start
    if length < layout.min_duration - 0.0015:
        yield Notice(
            code="too_short", message=f"shown for {length:.2f} s only: the text has no more room", start=cue.start, end=cue.end
        )
    if size > bounds.cps * length + EPSILON:
        yield Notice(
            code="too_fast",
            message=f"{math.ceil(size / length - EPSILON)} characters a second, more than {bounds.cps:g}",
            start=cue.start,
            end=cue.end,
        )


def _no_room(passage: Passage) -> Notice:
    return Notice(code="no_room", message="the window is too short to show its text", start=passage.start, end=passage.end)


def _past_the_end(passage: Passage, film_end: float) -> Notice:
    sentence = f"the text comes after the end of the film, which lasts {film_end:.1f} s by what its captions tell: left out"
    return Notice(code="past_the_end", message=sentence, start=passage.start, end=passage.end)
