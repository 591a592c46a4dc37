"""What was written is read again before it takes its name: ffmpeg's exit status proves nothing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import InputError, OutputError
from pipeline.media.binary import Ffmpeg
from pipeline.media.failures import BACKWARDS, DROPPED, NO_TIMES, OFTEN, UNTIMED, failure, not_to_its_end
from pipeline.media.holes import holes
from pipeline.media.losses import cut_off, held
from pipeline.media.packets import Packets, packets, source_packets, whole_or_end_of
from pipeline.media.run import Ended, Place
from pipeline.media.streams import Contents
from pipeline.types import Notice
from pipeline.video.source import RAW_STREAMS

Times = NDArray[np.float64]
DRAGGED = 2.0
"""seconds that pictures come later than those of the source in their order, where ffmpeg follows a wild time"""
ROUNDING = 0.002
"""seconds; containers with millisecond clocks round two times"""
PRIMING = 0.3
"""seconds of sound that an encoder puts before its first sample, at most: 2,112 samples of AAC at 8 kHz"""


_TIMED = frozenset({"mpegvideo"})
"""raw streams in which each picture tells its place, so that ffmpeg times them rightly"""


def check_burned(
    ffmpeg: Ffmpeg,
    place: Place,
    ended: Ended,
    before: Packets,
    again: Sequence[float],
    film: Contents,
    streams: dict[str, int],
    left_out: Sequence[int],
) -> tuple[Notice, ...]:
    """A burned film: it opens, it is upright, it has every frame, its length is right to a frame, the streams are there.

    ``before`` is the source read packet by packet, ``again`` when its frames were repeated, ``left_out`` the indexes of the streams that
    are not to be in it.
    Raises OutputError ``no_space``, ``ffmpeg_failed`` or ``output_damaged``.
    """
    after, counted = _opened(ffmpeg, place, ended, streams)
    if after.film.rotation:
        raise OutputError("output_damaged", "the burned film still asks to be turned; nothing was kept")
    width, height = film.upright_size
    if after.coded_size != (width + width % 2, height + height % 2):
        raise OutputError(
            "output_damaged", f"the burned film is {after.coded_size[0]}x{after.coded_size[1]}, not {width}x{height}"
        )
    if counted.frames != ended.frames or not counted.frames:
        raise failure(ended, place.folder / place.written, f"{counted.frames} of {ended.frames} frames were written")
    untimed = before.untimed or counted.untimed
    lost = before.frames + len(again) - counted.frames if untimed else _check_times(before, again, counted, film, after.start)
    sentence = f"{lost} of {before.frames} frames of the source could not be decoded and are not in the film"
    cut = cut_off(ffmpeg, place, film, after.duration or film.declared, ended, left_out)
    told = cut or ((Notice(code="partial", message=sentence),) if lost > 0 else ())
    return (*told, *holes(ffmpeg, place, film, ended, told=bool(told)))


def _check_times(before: Packets, again: Sequence[float], counted: Packets, film: Contents, late: float) -> int:
    """How many frames of the source are not in the film, which begins ``late`` by its container's clock.

    Raises OutputError ``output_damaged`` where others are out of time, ``clock_restarts`` where many follow one that is.
    """
    frame = max(1 / film.fps if film.fps else before.end / before.frames, 0.04) + ROUNDING
    expected = np.array(sorted([*before.times, *again]))
    written = np.frombuffer(counted.times)
    early, end = _apart(written, expected), counted.end
    if early.max() > frame and _apart(written + late, expected).max() <= frame:
        # the source says that it begins at 0, and neither its picture nor its sound does (ASF): what was written says when they do
        written, end = written + late, end + late
        early = _apart(written, expected)
    primed = float(written[0] - expected[0])
    if early.max() > frame and film.of("audio") and 0 < primed <= PRIMING and _apart(written - primed, expected).max() <= frame:
        # Matroska has no times below 0, at which the priming of sound lies: ffmpeg writes all streams that much later
        written, end = written - primed, end - primed
        early = _apart(written, expected)
    if early.max() > frame:
        raise OutputError(
            "output_damaged", f"the burned film is not in time: a frame is {early.max():.3f} s from any of its source"
        )
    if len(written) == len(expected) and (far := np.abs(np.sort(written) - expected) > DRAGGED).sum() > 1:
        raise OutputError(
            "clock_restarts",
            f"a picture at about {expected[far.argmax()]:.1f} s has a time that can't be, and ffmpeg would draw all that come after it as"
            " late as it says; caption describes the film and writes its subtitles, mux takes them in; cut that picture out to burn",
        )
    # a picture that is decoded and never shown (VP8's alternate reference) lies beside one that is
    lost = int((_apart(expected, written) > 0.75 * (frame - ROUNDING)).sum()) if len(expected) > len(written) else 0
    # made-up times begin a picture early, and a packet of GXF is as long as a field: what was written may lie a frame later as a whole
    together = float(written[0] - expected[0])
    if not lost and abs(end - before.end) > frame and abs(end - together - before.end) > frame:
        raise OutputError(
            "output_damaged", f"the burned film ends at {end:.3f} s, its source at {before.end:.3f} s; nothing was kept"
        )
    return lost


def _apart(times: Times, others: Times) -> Times:
    """For each time how far the nearest of the others (sorted, at least one) is."""
    at = np.searchsorted(others, times).clip(1, len(others) - 1) if len(others) > 1 else np.zeros(len(times), int)
    nearest: Times = np.minimum(np.abs(times - others[at - 1]), np.abs(times - others[at]))
    return nearest


def check_times(film: Contents) -> None:
    """See that a film is no raw stream. Raises OutputError ``no_timestamps``."""
    if film.container in RAW_STREAMS - _TIMED:
        raise OutputError("no_timestamps", NO_TIMES)


def check_clock(frames: Packets) -> None:
    """See that a film's times go on. Raises OutputError ``clock_restarts``."""
    if frames.restarts is not None:
        sentence = (
            f"its clock goes back at {frames.restarts:.1f} s (a recording that was begun anew, or files put one after another): its parts"
            " would be shown at once; split it there, or join the parts anew with ffmpeg's concat or mkvmerge"
        )
        raise OutputError("clock_restarts", sentence)


def check_muxed(
    ffmpeg: Ffmpeg, place: Place, ended: Ended, film: Contents, streams: dict[str, int], left_out: Sequence[int] = ()
) -> tuple[Notice, ...]:
    """A copied film: it opens, the streams are there, it ends where the source ends and can be read there.

    ``left_out``: indexes of the source's streams that are not to be in it.

    A source that holds less than its head says is copied as far as it goes, one with holes as they are, with a notice ``partial``.
    Raises OutputError ``no_space``, ``ffmpeg_failed``, ``clock_restarts``, ``container_cannot`` or ``output_damaged``.
    """
    after, last = _opened(ffmpeg, place, ended, streams, at_its_end=True, options=film.unparsed_copy)
    if round(after.film.rotation - film.film.rotation) % 360:
        sentence = "its picture is shown turned, which was lost on the way: this ffmpeg can't write that; write to a .mp4 or .mov"
        raise OutputError("container_cannot", sentence)
    dropped = sum(DROPPED in line for line in ended.messages) >= OFTEN
    if dropped or any(words in line for line in ended.messages for words in UNTIMED):
        raise failure(ended, place.folder / place.written, "")
    if sum(any(words in line for words in BACKWARDS) for line in ended.messages) >= OFTEN:
        check_clock(source_packets(ffmpeg, place, film)[0])
    least = film.declared - (1 / film.fps if film.fps else 0.04) - 0.1
    short = film.declared and after.declared < least
    # where a film's first packets have no order of decoding, ffmpeg takes its start for that of another stream
    if short and (end := packets(ffmpeg, place, place.written, options=["-copyts", *film.unparsed_copy]).end) < least:
        there, lasts = held(ffmpeg, place, film), after.declared or end
        if lasts < min(least, there + least - film.declared):
            source = min(film.declared, there)
            raise failure(ended, place.folder / place.written, f"the film lasts {lasts:.2f} s, its source {source:.2f} s")
    # half a second of a large film is read quickly; a slow film has no frame in it
    if not last.frames and not any(
        packets(ffmpeg, place, place.written, last_seconds=seconds, options=film.unparsed_copy).frames for seconds in (10, 600)
    ):
        raise failure(ended, place.folder / place.written, "its end can't be read")
    cut = cut_off(ffmpeg, place, film, after.duration or film.declared, ended, left_out)
    return (*cut, *holes(ffmpeg, place, film, ended, told=bool(cut)))


def _opened(
    ffmpeg: Ffmpeg, place: Place, ended: Ended, streams: dict[str, int], *, at_its_end: bool = False, options: Sequence[str] = ()
) -> tuple[Contents, Packets]:
    """What is in the written file, as many streams as planned; and its frames, all of them or those of its end."""
    path = place.folder / place.written
    if not path.exists() or path.stat().st_size == 0:
        raise failure(ended, path, "ffmpeg wrote nothing")
    if not_to_its_end(ended):
        raise failure(ended, path, "ffmpeg could not write the film to its end")
    try:
        after, frames = whole_or_end_of(ffmpeg, place, place.written, at_its_end=at_its_end, options=options)
    except InputError as error:
        raise failure(ended, path, "what ffmpeg wrote can't be opened") from error
    for kind, count in streams.items():
        found = len(after.of(kind))
        if found != count:
            raise failure(ended, path, f"{found} {kind} streams are in it, {count} should be")
    return after, frames
