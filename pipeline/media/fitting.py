"""Every cue inside the picture: each is drawn by itself first, and what leaves the picture is laid out anew until it does not.

track -> libass draws each cue -> inside the margins? -> as it is
                                  outside: its words are measured -> more lines, or several cues -> drawn again
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.cues import Limits
from pipeline.cues.refit import COMFORTABLE, Room, pieces_of, refit
from pipeline.errors import InputError
from pipeline.formats.ass import SIDE, Style
from pipeline.media.binary import Ffmpeg
from pipeline.media.drawing import LOOKED_AT, Box, Ruler, boxes
from pipeline.media.run import Place
from pipeline.types import Cue, Notice, Track

TRIES = 6
TIGHTER = 0.06
"""each try has this much less of the picture's width: letters of a whole line may join otherwise than those of its pieces"""


AT_ONCE = 200
"""cues at the same time; each costs in every frame that it stands in, so a file of many would never end"""


def fitted(ffmpeg: Ffmpeg, place: Place, track: Track, style: Style, limits: Limits) -> tuple[Track, tuple[Notice, ...]]:
    """The track with every cue inside the picture, and a notice for each that can hardly be read or never fits.

    ``track.width`` and ``height`` are the film's; cues that fit stay as they are, whatever ``limits`` say.
    Raises InputError ``bad_subtitles`` where more than AT_ONCE stand at the same time.
    """
    frame, ruler = _frame(track, style), Ruler(ffmpeg, place, style)
    crowd = _crowd(track.cues)
    found: list[tuple[Cue, ...]] = [(cue,) for cue in track.cues]
    outside = _outside(ffmpeg, place, track, found, range(len(found)), style, frame, crowd)
    for attempt in range(TRIES):
        if not outside:
            break
        ruler.learn(piece for n in outside for piece in pieces_of(track.cues[n], track.language, limits))
        for n, too_tall in outside.items():
            most = max(1, frame.lines // crowd[n] - (attempt if too_tall else 0))
            room = Room(width=frame.width * (1 - TIGHTER * attempt), lines=most, measure=ruler)
            again = refit(track.cues[n], track.language, limits, room)
            found[n] = tuple(replace(one, top=track.cues[n].top) for one in again) or found[n]
        outside = _outside(ffmpeg, place, track, found, list(outside), style, frame, crowd)
    notices = [_hurried(track.cues[n], cues) for n, cues in enumerate(found) if _is_hurried(track.cues[n], cues)]
    notices += [_never(track.cues[n]) for n in outside]
    return replace(track, cues=tuple(cue for cues in found for cue in cues)), tuple(notices)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """Where text may be: shares of the picture, and the ruler's unit (heights of a line) for a line's width."""

    left: float
    right: float
    height: float
    width: float
    lines: int


def _frame(track: Track, style: Style) -> _Frame:
    width, height = track.width, track.height
    size, edge = style.size(width, height), style.edge(width, height)
    tallest = height * (1 - SIDE) - style.from_edge(width, height) + edge
    pixel = 1 / LOOKED_AT * max(width, height) / width
    return _Frame(
        left=SIDE - pixel,
        right=1 - SIDE + pixel,
        height=max(tallest, size + 2 * edge) / height + 2 / LOOKED_AT * max(width, height) / height,
        width=max(width * (1 - 2 * SIDE) - 2 * edge, size / 2) / size,
        lines=max(1, int((tallest - 2 * edge) / size)),
    )


def _outside(
    ffmpeg: Ffmpeg, place: Place, track: Track, found: Sequence[Sequence[Cue]], which: Sequence[int] | range, style: Style,
    frame: _Frame, crowd: Sequence[int],
) -> dict[int, bool]:  # fmt: skip
    """Those of the cues ``which`` that leave the picture, and whether they are too tall."""
    several = [(n, cue) for n in which for cue in found[n]]
    texts = list(dict.fromkeys(cue.lines for _, cue in several))
    drawn = boxes(ffmpeg, place, replace(track, cues=tuple(Cue(start=0, end=1, lines=lines) for lines in texts)), style)
    where = dict(zip(texts, drawn, strict=True))
    outside: dict[int, bool] = {}
    for n, cue in several:
        box = where[cue.lines]
        if box is not None and (tall := box.bottom - box.top > frame.height / crowd[n]) | _too_wide(box, frame):
            outside[n] = outside.get(n, False) or tall
    return outside


def _too_wide(box: Box, frame: _Frame) -> bool:
    return box.left < frame.left or box.right > frame.right


def _crowd(cues: Sequence[Cue]) -> list[int]:
    """For each cue how many stand on the screen at once while it does, at most."""
    borders = sorted({cue.start for cue in cues})
    counts = [1] * len(cues)
    order = sorted(range(len(cues)), key=lambda n: cues[n].start)
    standing: list[int] = []
    position = 0
    for border in borders:
        standing = [n for n in standing if cues[n].end > border]
        while position < len(order) and cues[order[position]].start <= border:
            if cues[order[position]].end > border:
                standing.append(order[position])
            position += 1
        if len(standing) > AT_ONCE:
            sentence = (
                f"{len(standing):,} cues stand at once at {border:.1f} s; more than {AT_ONCE} can't be drawn: no film has so many"
            )
            raise InputError("bad_subtitles", sentence)
        for n in standing:
            counts[n] = max(counts[n], len(standing))
    return counts


def _is_hurried(cue: Cue, cues: Sequence[Cue]) -> bool:
    return len(cues) > 1 and any(one.end - one.start < min(COMFORTABLE / 2, cue.end - cue.start) for one in cues)


def _hurried(cue: Cue, cues: Sequence[Cue]) -> Notice:
    shortest = min(one.end - one.start for one in cues)
    sentence = (
        f"at this size the text stands in {len(cues)} parts, one of them for {shortest:.2f} s only: try a smaller --font-size"
    )
    return Notice(code="too_short", message=sentence, start=cue.start, end=cue.end)


def _never(cue: Cue) -> Notice:
    return Notice(
        code="text_outside",
        message="the text leaves the picture at any layout: try a smaller --font-size",
        start=cue.start,
        end=cue.end,
    )
