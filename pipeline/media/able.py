"""An ffmpeg that knows what a film is: formats grow, and the one that decoded it for its captions is newer than many systems' own.

HEVC, AV1 and VP9 in FLV, as streaming programs write them, are known since 6.1; older ones take them for another codec, without a size.
Slides of a broadcast that are stored out of order come at wrong times of 5.1's decoder.
"""

from pipeline.media.binary import Ffmpeg, newest_ffmpeg
from pipeline.media.jumps import followed
from pipeline.media.run import Place
from pipeline.media.sparse import far_enough
from pipeline.media.streams import Contents, film_contents


def able(ffmpeg: Ffmpeg, place: Place) -> tuple[Ffmpeg, Contents]:
    """``ffmpeg``, or the newest one where only that finds what the film's picture is; and the film as it sees it, its clock ``followed``.

    Raises InputError ``unsupported_or_corrupt``, OutputError ``clock_restarts``.
    """
    ffmpeg, film = seen_by(ffmpeg, place)
    return ffmpeg, followed(ffmpeg, place, film)


def seen_by(ffmpeg: Ffmpeg, place: Place) -> tuple[Ffmpeg, Contents]:
    """The same for who reads a moment of the film. Raises InputError ``unsupported_or_corrupt``."""
    film = film_contents(ffmpeg, place)
    if (_sizeless(film) or film.far) and (newer := newest_ffmpeg()) is not ffmpeg:
        again = film_contents(newer, place)
        if not _sizeless(again):
            ffmpeg, film = newer, again
    return ffmpeg, far_enough(ffmpeg, place, film)


def _sizeless(film: Contents) -> bool:
    return bool(film.of("video")) and 0 in film.coded_size
