"""A track as a container and its players can show it: inside the film, and where one text at a time stands, never two.

cues      [ a ..........)              MP4's text can't overlap      [ a )[ a  )[ b )
                [ b ........)                                              [ b )
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

from pipeline.errors import InputError
from pipeline.types import Cue, Notice, Track

OnTracks = Callable[[Sequence[Track]], None]
"""told the tracks as they will be in the film, before anything is written"""
SLIGHTLY = 0.5
"""seconds after the end that are cut off without a word: heads of files are no more exact"""


def inside(track: Track, end: float) -> tuple[Track, tuple[Notice, ...]]:
    """The track without what comes after the film's end (0 where that is not known), and a notice where something did."""
    late = [cue for cue in track.cues if end and cue.end > end + 0.001]
    if not late:
        return track, ()
    if all(cue.end <= end + SLIGHTLY for cue in late):
        return replace(track, cues=tuple(replace(cue, end=min(cue.end, end)) for cue in track.cues if cue.start < end)), ()
    kept = tuple(replace(cue, end=min(cue.end, end)) for cue in track.cues if cue.start < end - 0.001)
    gone = len(track.cues) - len(kept)
    what = "a cue ends" if len(late) == 1 else f"{len(late)} cues end"
    left_out = f", {gone} of them left out" if gone else ""
    sentence = f"{what} after the film, which lasts {end:.1f} s: cut off there{left_out}"
    return replace(track, cues=kept), (Notice(code="past_the_end", message=sentence),)


def with_cues(tracks: Sequence[Track], end: float, *, needed: bool) -> tuple[list[Track], tuple[Notice, ...]]:
    """The tracks in which something is left to show, and a notice for each that is left out.

    Raises InputError ``no_cues`` where none is left and one is needed.
    """
    kept = [track for track in tracks if track.cues]
    if not kept and needed:
        where = f" lies inside the film, which lasts {end:.1f} s: does it belong to this film?" if end else " is in it"
        raise InputError("no_cues", f"there is nothing to add: no cue{where}")
    empty = [number for number, track in enumerate(tracks, 1) if not track.cues]
    return kept, tuple(
        Notice(code="no_cues", message=f"track {number} ({tracks[number - 1].language}) has no cue to show and was left out")
        for number in empty
    )


def one_at_a_time(track: Track) -> Track:
    """The track with cues cut where others come and go: what stands together is one cue, in the order in which it came."""
    cues = sorted((cue for cue in track.cues if cue.end > cue.start), key=lambda cue: cue.start)
    if all(a.end <= b.start for a, b in itertools.pairwise(cues)):
        return track
    borders = sorted({time for cue in cues for time in (cue.start, cue.end)})
    made: list[Cue] = []
    standing: list[Cue] = []
    position = 0
    for start, end in itertools.pairwise(borders):
        standing = [cue for cue in standing if cue.end > start]
        while position < len(cues) and cues[position].start <= start:
            standing.append(cues[position])
            position += 1
        lines = tuple(line for cue in standing for line in cue.lines)
        if lines and made and made[-1].end == start and made[-1].lines == lines:
            made[-1] = replace(made[-1], end=end)
        elif lines:
            places = {cue.top for cue in standing}
            made.append(Cue(start=start, end=end, lines=lines, top=places.pop() if len(places) == 1 else None))
    return replace(track, cues=tuple(made))


def equal_tracks(tracks: Sequence[Track]) -> tuple[Notice, ...]:
    """A notice for each track that says what an earlier one says, in the same language."""
    notices = []
    seen: dict[object, int] = {}
    for number, track in enumerate(tracks, 1):
        key = track.language, tuple((round(cue.start, 2), round(cue.end, 2), cue.text) for cue in track.cues)
        if key in seen:
            sentence = (
                f"track {number} says the same as track {seen[key]}, in the same language ({track.language}): name one of them"
            )
            notices.append(Notice(code="equal_tracks", message=sentence))
        seen.setdefault(key, number)
    return tuple(notices)
