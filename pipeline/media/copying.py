"""A film whose packets are copied into another container, with something added: what is looked at before and after.

mux     the film + tracks of subtitles, chapters
speak   the film + a track of sound
"""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.errors import OutputError
from pipeline.media import camera
from pipeline.media.binary import Ffmpeg, newest_ffmpeg
from pipeline.media.broken_sound import broken_sound
from pipeline.media.containers import HVC1, Plan, plan
from pipeline.media.cropped import cuts_off, still_cropped
from pipeline.media.decoding_order import made_up
from pipeline.media.edits import edits, refuse
from pipeline.media.headers import check_after, check_codec, exchanged, in_band
from pipeline.media.losses import whole_pictures
from pipeline.media.marks import UNOFFICIAL, lost, marks
from pipeline.media.refused import refused
from pipeline.media.run import Ended, Place
from pipeline.media.streams import Contents
from pipeline.media.suffixes import family
from pipeline.media.turning import Turning, turning
from pipeline.media.untold import UNTOLD
from pipeline.media.verify import check_muxed, check_times
from pipeline.types import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """How one film is copied."""

    film: Contents
    streams: Plan
    """what becomes of the streams beside the picture"""
    options: dict[str, str]
    """of the output, for the picture: headers or times that the container must be given anew; and tags that it would drop"""
    ends: tuple[str, ...]
    """ffmpeg's arguments that leave out what an edit hides at the end"""
    exchanged_at: float | None
    """seconds at which the picture's header is exchanged first"""
    writer: Ffmpeg


def copy(
    ffmpeg: Ffmpeg, place: Place, film: Contents, suffix: str, *, kept: Callable[[Contents], Contents] = lambda film: film
) -> Copy:
    """How ``film`` is copied into a container of this suffix; ``kept``: the film without the streams that are not to come along.

    Raises OutputError ``edit_hides``, ``no_timestamps``, ``clock_restarts``, ``codec_changes``, ``container_cannot``.
    """
    rules = family(suffix)
    check_times(film)
    check_codec(place, film)
    if rules == "mkv" and film.film.codec in UNTOLD:
        raise OutputError("container_cannot", f"nothing can decode {film.film.codec} in {suffix} files; write to a .mov")
    turned = rules != "mp4" and _turned(place, film, suffix)
    hidden = edits(ffmpeg, place, film, rules=rules)
    refuse(hidden, rules)
    newest = newest_ffmpeg()
    anew = exchanged(newest, place, film, rules=rules)
    at = anew.get(film.film.index)
    options = in_band(film) if at is not None else made_up(ffmpeg, place, film, rules=rules)
    if rules == "mkv" and film.film.codec == "rawvideo":
        options |= {"allow_raw_vfw": "1"}
    if rules == "mp4" and film.film.codec == "hevc" and film.container.startswith("matroska") and at is None:
        # out of MP4 it keeps the name that it has; a stream of MPEG-TS may bring new headers in its pictures, which this name forbids
        options = {**options, "tag:v:0": HVC1}
    options = options | camera.kept(film, rules)
    filters = [options.get("bsf:v:0"), whole_pictures(place, film)]
    cropped = film.crop is not None and not cuts_off(film)
    writer, coming = newest if turned or cropped or at is not None else ffmpeg, kept(film)
    unheld, broken = refused(writer, place, coming, suffix), broken_sound(writer, place, coming)
    streams = plan(coming, suffix, refused=unheld, exchanged=anew, edited=hidden.sound, broken=broken)
    if any(filters):
        options = {**options, "bsf:v:0": ",".join(filter(None, filters))}
    if rules == "mp4" and marks(film) and "strict" not in streams.options():
        options = options | UNOFFICIAL
    return Copy(
        film=film,
        streams=streams,
        options=options,
        ends=("-t", f"{hidden.shown:.3f}") if hidden.shown else (),
        exchanged_at=at,
        writer=writer,
    )


def _turned(place: Place, film: Contents, suffix: str) -> bool:
    """Whether the picture is shown turned, which Matroska is told by newer ffmpegs alone. Raises OutputError ``container_cannot``."""
    if film.container.startswith("mov") and turning(place.folder / place.film) is Turning.MIRRORED:
        raise OutputError(
            "container_cannot", f"its picture is shown mirrored, and {suffix} files can't say so; write to a .mp4 or .mov"
        )
    return bool(film.film.rotation)


def check_copy(ffmpeg: Ffmpeg, place: Place, ended: Ended, made: Copy, kind: str, added: int) -> tuple[Notice, ...]:
    """See that what was written holds the film and ``added`` streams of this kind more. Raises OutputError ``output_damaged``,
    ``ffmpeg_failed``, ``container_cannot``, ``no_space``, ``header_changes``."""
    wanted = made.streams.count()
    wanted[kind] += added
    told = check_muxed(ffmpeg, place, ended, made.film, wanted, made.streams.left_out(made.film))
    if "movflags" in made.options:
        camera.once(place)
    if made.exchanged_at is not None:
        check_after(ffmpeg, place, made.exchanged_at)
    return (*told, *still_cropped(place, made.film), *lost(ffmpeg, place, made.film, "a .mkv keeps it, and mostly an .mp4"))
