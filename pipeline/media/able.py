"""An ffmpeg that knows what a film is: formats grow, and the one that decoded it for its captions is newer than many systems' own.

HEVC, AV1 and VP9 in FLV, as streaming programs write them, are known since 6.1; older ones take them for another codec, without a size.
"""

from pipeline.media.binary import Ffmpeg, newest_ffmpeg
from pipeline.media.jumps import followed
from pipeline.media.run import Place
from pipeline.media.streams import Contents, film_contents


def able(ffmpeg: Ffmpeg, place: Place) -> tuple[Ffmpeg, Contents]:
    """``ffmpeg``, or the newest one where only that finds a picture of some size in the film; and the film as it sees it.

    Raises InputError ``unsupported_or_corrupt``.
    """
    film = film_contents(ffmpeg, place)
    if _sizeless(film) and (newer := newest_ffmpeg()) is not ffmpeg:
        again = film_contents(newer, place)
        if not _sizeless(again):
            ffmpeg, film = newer, again
    return ffmpeg, followed(ffmpeg, place, film)


def _sizeless(film: Contents) -> bool:
    return bool(film.of("video")) and 0 in film.coded_size
