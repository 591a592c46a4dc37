"""A broadcast whose clock jumps ahead: for a while nothing was received, or recorded.

stored                  |=====|            30 s of nothing            |=====|
captions, and players   |=====| its last picture stands               |=====|
ffmpeg                  |=====||=====|

In transport and program streams ffmpeg closes a gap of more than ten seconds, and then all text behind it would come late. A clock that
goes back it mends whatever it is told, as the reader of windows does; a single wild time it goes past and comes back from. Followed as
gaps are, a wild time behind the film's end would drag all that comes after it to where it stands.
"""

from array import array
from dataclasses import replace
from itertools import pairwise

from pipeline.media.binary import Ffmpeg
from pipeline.media.packets import generated, packets
from pipeline.media.run import Place
from pipeline.media.streams import Contents

CLOSED = 8.0
"""seconds by which the film's packets end early where ffmpeg has closed a gap; it closes those over 10 s"""
SOME = 17
"""pictures behind a gap, at least, each with a time of its own: those that a wild time drags along all get its time"""


def followed(ffmpeg: Ffmpeg, place: Place, film: Contents) -> Contents:
    """The film, to be read with the gaps that its clock has."""
    if not film.container.startswith("mpeg") or not film.of("video"):
        return film
    if film.declared - (ends := _end(ffmpeg, place, film, film.ahead_options)) < CLOSED:
        return film  # its head tells the first and the last time that is stored
    stored = _listed(ffmpeg, place, film, ["-copyts"])
    jumps = any(later - time > CLOSED for time, later in pairwise(sorted(set(stored))[: 1 - SOME]))
    ahead = replace(film, ahead=True)
    return ahead if jumps and _end(ffmpeg, place, ahead, ahead.ahead_options) - ends > CLOSED else film


def _end(ffmpeg: Ffmpeg, place: Place, film: Contents, options: list[str]) -> float:
    """When all but SOME pictures have been shown."""
    times = _listed(ffmpeg, place, film, options)
    return times[-min(SOME, len(times))] if times else film.declared


def _listed(ffmpeg: Ffmpeg, place: Place, film: Contents, options: list[str]) -> "array[float]":
    """When its pictures are shown, sorted."""
    return packets(ffmpeg, place, place.film, stream=f"0:{film.film.index}", options=[*options, *generated()]).times
