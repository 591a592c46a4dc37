"""A broadcast whose clock jumps ahead: for a while nothing was received, or recorded.

stored                  |=====|            30 s of nothing            |=====|
captions, and players   |=====| its last picture stands               |=====|
ffmpeg                  |=====||=====|

In transport and program streams ffmpeg closes a gap of more than ten seconds, and then all text behind it would come late. A clock that
goes back it mends whatever it is told, as the reader of windows does; a single wild time it goes past and comes back from. Followed as
gaps are, a wild time would drag all that comes after it to where it stands. Where a recording has both, ffmpeg follows jumps as long as
the longest gap and goes past longer ones; what lists the pictures where they are is used, and where nothing does the film is refused.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import OutputError
from pipeline.media.binary import Ffmpeg
from pipeline.media.packets import generated, packets
from pipeline.media.run import Place
from pipeline.media.streams import Contents
from pipeline.video.standing import STANDING, stand

CLOSED = 8.0
"""seconds by which the film's packets end early where ffmpeg has closed a gap; it closes those over 10 s"""
SOME = 17
"""pictures at the end, or anywhere, that don't count when it is asked where a film's pictures are"""
ALL = 1e9
"""seconds: longer than any jump"""
NEAR = 1.0
"""seconds between where a picture is and where it is listed"""
_TIMES = "setts=pts=DTS:dts=0"
"""ffmpeg's filter so that it lists when packets are decoded as the file has it: no order lets that go back, and what does go back is kept"""


def followed(ffmpeg: Ffmpeg, place: Place, film: Contents) -> Contents:
    """The film, to be read with the gaps that its clock has. Raises OutputError ``clock_restarts``."""
    if not film.container.startswith("mpeg") or not film.of("video"):
        return film
    listed = _listed(ffmpeg, place, film)
    if len(listed) * STANDING < film.declared and stand(np.sort(there := _listed(ffmpeg, place, film, "-copyts"))):
        return _slides(ffmpeg, place, film, there)
    if film.declared - (ends := _end(listed)) < CLOSED:
        return film  # its head tells the first and the last time that is stored
    there = _tame(_listed(ffmpeg, place, film, "-copyts"))
    steps = np.diff(there)
    if not (steps[: 1 - SOME] > CLOSED).any():
        return film
    for longest in (ALL, float(steps.max()) + NEAR):
        ahead = replace(film, ahead=longest)
        times = _listed(ffmpeg, place, ahead)
        if _agree(times, there):
            return ahead
        if (steps < -CLOSED).any():
            return ahead if _end(times) - ends > CLOSED else film
    raise OutputError(
        "clock_restarts",
        f"{steps.max():.0f} s of this recording are missing, and single packets elsewhere have times that can't be: ffmpeg can't "
        "keep the one and go past the others. caption describes it; for a copy make its times anew first, "
        "which leaves out what is missing: ffmpeg -i FILM -c copy NEW.ts",
    )


def _slides(ffmpeg: Ffmpeg, place: Place, film: Contents, there: NDArray[np.float64]) -> Contents:
    """The same of a film of which each picture stands: what lies between two of them is no gap, however long, and each of them counts."""
    for seen in (film, replace(film, ahead=ALL)):
        if _agree(_listed(ffmpeg, place, seen), there, spare=0):
            return seen
    raise OutputError(
        "clock_restarts",
        "its pictures stand for long, and ffmpeg shows them at other times than the file has. caption describes it; for a copy make its"
        " times anew first: ffmpeg -dts_delta_threshold 1e9 -i FILM -c copy NEW.mkv",
    )


def _tame(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without each that is far from both beside it, on the same side of them."""
    up, down = times[1:-1] - times[:-2], times[1:-1] - times[2:]
    wild = (np.minimum(np.abs(up), np.abs(down)) > CLOSED) & (up * down > 0)
    return np.delete(times, np.flatnonzero(wild) + 1)


def _agree(listed: NDArray[np.float64], there: NDArray[np.float64], spare: int = SOME - 1) -> bool:
    """Whether all pictures but ``spare`` are listed where they are stored, counted from the first."""
    if len(listed) < 2 or not len(there):
        return len(listed) == len(there)
    listed, wanted = np.sort(listed), there - there[0] + listed[0]
    at = np.clip(np.searchsorted(listed, wanted), 1, len(listed) - 1)
    off = np.minimum(np.abs(listed[at] - wanted), np.abs(listed[at - 1] - wanted))
    return bool((off > NEAR).sum() <= spare) and bool(listed[-1] < wanted.max() + CLOSED)


def _end(times: NDArray[np.float64]) -> float:
    """When all but SOME pictures have been shown."""
    return float(np.sort(times)[-min(SOME, len(times))]) if len(times) else 0.0


def _listed(ffmpeg: Ffmpeg, place: Place, film: Contents, *more: str) -> NDArray[np.float64]:
    """When its pictures are decoded, in the order of the file. Read along is its sound, as for what is written: it has gaps and wild
    times of its own, and ffmpeg moves all streams where it moves one."""
    return np.array(
        packets(
            ffmpeg,
            place,
            place.film,
            stream=f"0:{film.film.index}",
            options=[*film.ahead_options, *more, *generated()],
            filtered=_TIMES,
            beside=[sound.index for sound in film.of("audio")],
        ).as_stored
    )
