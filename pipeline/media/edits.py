"""Edits (edit lists) of MP4 and MOV: what a telephone's trim and an editor's cut leave in the file, and no player shows.

in the file      |.....:=========:.....|        one edit: an end is left out by copying less; a beginning only MP4 can hide
in the file      |..:=====:...:=====:..|        several: ffmpeg goes back to a keyframe for each, and writes one

A copy that shows what somebody cut out is no copy of the film: where the container can't hide it, it is refused.
"""

from dataclasses import dataclass

from pipeline.errors import OutputError
from pipeline.media.binary import Ffmpeg
from pipeline.media.edit_lists import EditedTrack, edited_tracks
from pipeline.media.packets import hides_its_beginning
from pipeline.media.run import Place
from pipeline.media.streams import Contents

LITTLE = 0.1
"""seconds that are no edit: lengths are rounded, pictures out of order reach past an end, and coders of sound begin with silence"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What edits hide of a film."""

    several: bool = False
    """whether the picture has more than one edit"""
    beginning: bool = False
    shown: float = 0.0
    """seconds that the one edit shows, where more follows in the file; 0 where nothing does"""
    sound: frozenset[int] = frozenset()
    """indexes of the sound streams of which a copy would let hear what was cut out"""


def edits(ffmpeg: Ffmpeg, place: Place, film: Contents, *, rules: str) -> Edits:
    """What edits hide, and a copy into a container of these rules would not; nothing where the film's container has none."""
    if not film.container.startswith("mov"):
        return Edits()
    with (place.folder / place.film).open("rb") as file:
        tracks = list(edited_tracks(file.fileno()))
    if len(tracks) <= max(stream.index for stream in film.streams):
        tracks += [EditedTrack(0.0, ())] * (1 + max(stream.index for stream in film.streams) - len(tracks))
    heard = (
        stream.index
        for stream in film.of("audio")
        if (found := tracks[stream.index].edits) and (len(found) > 1 or (rules != "mp4" and found[0][0] > LITTLE))
    )
    picture = tracks[film.film.index]
    if len(picture.edits) != 1:
        return Edits(several=len(picture.edits) > 1, sound=frozenset(heard))
    ((start, end),) = picture.edits
    more = end > start and picture.length > end + LITTLE
    hidden = start > 0 and hides_its_beginning(ffmpeg, place, film)
    return Edits(beginning=hidden, shown=end - start if more else 0.0, sound=frozenset(heard))


def refuse(found: Edits, rules: str) -> None:
    """See that a copy into a container of these rules hides what the film hides. Raises OutputError ``edit_hides``."""
    if found.several:
        sentence = "it has several edits (parts were cut out or moved), which no copy keeps: burn it, or encode it anew first"
        raise OutputError("edit_hides", sentence)
    if found.beginning and rules != "mp4":
        sentence = "its beginning is cut off by an edit, and a copy into this container would show it: write to a .mp4 or .mov, or burn it"
        raise OutputError("edit_hides", sentence)
