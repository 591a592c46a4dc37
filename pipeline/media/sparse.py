"""Films of few pictures, of which ffmpeg must read far to know in which order they are decoded.

stored   |S1   |S3              |S2      Matroska and broadcasts tell of H.264 when a picture is shown, or when it is decoded
shown    |S1              |S2   |S3

libavformat works out the rest once it has decoded seven pictures, for which it reads five seconds of the film. Of slides it finds fewer there;
then it takes them for stored as they are shown, and a copy shows S2 after S3, or is refused for a clock that goes back.
"""

from dataclasses import replace

from pipeline.media.binary import Ffmpeg
from pipeline.media.packets import packets
from pipeline.media.run import Place
from pipeline.media.streams import Contents
from pipeline.video.standing import FIRST, sparse

_UNTOLD = ("matroska", "mpeg", "flv")
"""containers, as their names begin, that do not tell both times"""


def far_enough(ffmpeg: Ffmpeg, place: Place, film: Contents) -> Contents:
    """The film, to be read as far as its order needs."""
    if film.far or not film.container.startswith(_UNTOLD) or not film.of("video") or film.film.codec != "h264":
        return film
    first = packets(
        ffmpeg, place, place.film, stream=f"0:{film.film.index}", options=["-copyts", *film.unparsed], first=FIRST
    ).times
    return replace(film, far=sparse(first))
