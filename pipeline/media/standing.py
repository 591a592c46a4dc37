"""A picture that stands while its text changes is drawn again: frames are repeated where cues come and go.

    frames       |S1                    |S2                  |S3        slides, each one frame
    cues              [ a )    [ b )         [ c        )
    repeated          |   |    |   |         |          |         ||    and two at the end: containers guess how long the last one
                                                                        stands from the one before it

The repeats come from a second input of ffmpeg, a tiny film with frames at these times: stacked below the film's picture, and cut
off again, its frames make the film's picture come again.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.media.binary import Ffmpeg
from pipeline.media.packets import Packets, packets
from pipeline.media.run import Place
from pipeline.media.streams import Contents
from pipeline.types import Cue
from pipeline.video.standing import last_shown, stand

LATE = 0.1
"""seconds that a text may come or go too late before the picture is repeated for it"""
_NEAR = 0.02
"""seconds from another frame at which none is repeated"""
LAST = 0.04
"""seconds that the last repeat stands"""
_WIDTH, _HEIGHT = 16, 2
_TICKS = 1_000_000


def until_the_sound_ends(ffmpeg: Ffmpeg, place: Place, film: Contents, before: Packets) -> Packets:
    """The film's frames, the last of which is shown until the sound is over where each of them stands."""
    if before.untimed or not stand(before.times):
        return before
    sound = [stream.index for stream in film.of("audio")]
    along = (
        [film.film.index, *sound] if film.container.startswith("mpeg") else []
    )  # whose clock begins with the first that is read
    heard = (
        packets(
            ffmpeg, place, place.film, stream=f"0:{index}", options=film.ahead_options, beside=[n for n in along if n != index]
        )
        for index in sound
    )
    return replace(before, end=last_shown(before.times, before.end, max((one.end for one in heard), default=0.0)))


def repeats(times: Sequence[float], end: float, cues: Iterable[Cue]) -> list[float]:
    """When the picture that stands must come again. ``times`` are those of the film's frames, sorted; ``end`` is the last one's."""
    if not times:
        return []
    borders = sorted({border for cue in cues for border in (cue.start, cue.end) if times[0] < border < end})
    found: list[float] = []
    for border in borders:
        at = bisect_right(times, border)
        following = times[at] if at < len(times) else end
        before = max(times[at - 1], found[-1] if found else 0.0)
        if following - border > LATE and border - before > _NEAR:
            found.append(border)
    several = sorted([*times[-2:], *found])[-2:]
    stands = end - several[-1]
    usual = several[-1] - several[0] if len(several) > 1 else stands
    # where frames are repeated at all, the last one's length is written as LAST
    if stands > 3 * LAST and (found or abs(stands - usual) > LATE):
        found += [end - 2 * LAST, end - LAST]
    elif found and stands > LAST + _NEAR:  # a text goes just before the end
        found.append(end - LAST)
    return found


def write_repeats(path: Path, times: Sequence[float]) -> None:
    """The tiny film: IVF, which is a head and (length, time, bytes) for each frame; one at 0, before which there is nothing."""
    head = struct.pack("<4sHH4sHHIIII", b"DKIF", 0, 32, b"Y800", _WIDTH, _HEIGHT, _TICKS, 1, len(times) + 1, 0)
    picture = bytes(_WIDTH * _HEIGHT)
    frames = (struct.pack("<IQ", len(picture), round(time * _TICKS)) + picture for time in (0.0, *times))
    path.write_bytes(head + b"".join(frames))
