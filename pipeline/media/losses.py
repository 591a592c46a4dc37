"""What of a film is not there: recordings that nobody ended, downloads that broke off. What can be read is written, and this is said.

its head says     |=========================|        20.0 s
the file holds    |===============#                  12.0 s, and half a picture
"""

import re
from collections.abc import Sequence

from pipeline.media.binary import Ffmpeg
from pipeline.media.half_picture import half_picture
from pipeline.media.packets import GENERATED, UNBROKEN, generated, packets, source_packets
from pipeline.media.run import Ended, Place
from pipeline.media.streams import Contents, flags
from pipeline.types import Notice
from pipeline.video.behind import behind

NOTABLE = 0.5
"""seconds that may be missing without a word, or SHARE of the film: heads of files are no more exact"""
SHARE = 0.02
_BROKEN_OFF = re.compile(r"Packet corrupt|corrupt input packet|partial file|File ended prematurely|packet is truncated")
"""what ffmpeg's demuxers say of a file that ends in the middle of something"""


def true_end(ffmpeg: Ffmpeg, place: Place, film: Contents, wanted: float) -> float:
    """Seconds that the film lasts, where something is ``wanted`` up to a time of it.

    What its head tells is believed up to there, since joined parts tell the length of one; but not where nothing is found at that end.
    Of a head that tells nothing (a recording that nobody ended) the pictures are listed.
    """
    if wanted > max(film.declared, 0.0) + 0.001:
        return max(film.declared, source_packets(ffmpeg, place, film)[0].end)
    if not wanted:
        return film.declared
    for seconds in (1, 30):
        last = packets(
            ffmpeg,
            place,
            place.film,
            stream=f"0:{film.film.index}",
            last_seconds=seconds,
            options=["-copyts", *generated(), *film.unparsed],
        )
        if last.frames and not _missing(film, last.end - film.start):
            return film.declared
    there = held(ffmpeg, place, film)
    return there if _missing(film, there) else film.declared


def held(ffmpeg: Ffmpeg, place: Place, film: Contents) -> float:
    """Seconds of sound and picture that the file really has, whatever its head says."""
    streams = [stream.index for stream in film.streams if stream.kind in ("video", "audio") and not stream.cover]
    return _end_of(ffmpeg, place, film, streams)


def _end_of(ffmpeg: Ffmpeg, place: Place, film: Contents, streams: Sequence[int]) -> float:
    options = [*film.ahead_options, *generated(), *film.unparsed]
    ends = (packets(ffmpeg, place, place.film, stream=f"0:{index}", options=options).end for index in streams)
    return max(ends, default=0.0)


def cut_off(
    ffmpeg: Ffmpeg, place: Place, film: Contents, end: float, ended: Ended, left_out: Sequence[int]
) -> tuple[Notice, ...]:
    """A notice where the film as it was written, up to ``end``, is not all that its source holds or its head says, or it breaks off.

    A head tells when the longest of its streams ends: one that was ``left_out`` (indexes) may be it, and then nothing is missing.
    """
    if second := behind(place.stored, film.container, end):
        return second
    if _missing(film, end) and (not left_out or _missing(film, _end_of(ffmpeg, place, film, left_out))):
        sentence = f"the file ends at {end:.1f} s of {film.declared:.1f} s: what it holds was written"
        return (Notice(code="partial", message=sentence, start=end, end=film.declared),)
    if broadcast(film) and half_picture(place.folder / place.film) is not None:
        return (
            Notice(code="partial", message="the file breaks off in the middle of its last picture, which is left out", start=end),
        )
    if not broadcast(film) and any(_BROKEN_OFF.search(line) for line in ended.messages):
        return (Notice(code="partial", message="the file breaks off at its end: what it holds was written", start=end),)
    return ()


def reading(film: Contents) -> dict[str, str]:
    """ffmpeg's options before a film that is copied: without the half packet in which it breaks off."""
    return flags(film, GENERATED if broadcast(film) else UNBROKEN)


def whole_pictures(place: Place, film: Contents) -> str | None:
    """ffmpeg's filter of packets that leaves out the half picture in which a broadcast breaks off; None: it does not."""
    begins = half_picture(place.folder / place.film) if broadcast(film) else None
    return None if begins is None else f"noise=drop='gte(pos,{begins})'"


def _missing(film: Contents, end: float) -> bool:
    return film.declared > 0 and film.declared - end > max(NOTABLE, SHARE * film.declared)


def broadcast(film: Contents) -> bool:
    """Whether packets are marked as broken where parts of it meet, though nothing is missing."""
    return film.container.startswith("mpegts")
