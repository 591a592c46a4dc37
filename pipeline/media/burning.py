"""Hard subtitles: the text is drawn into the picture, everything else is copied.

source -> what is in it -> can the fonts draw this? -> ffmpeg: subtitles, even size, encode -> verify -> its name
"""

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline import unfinished
from pipeline.cues import PROFILES, Layout, Limits, limits
from pipeline.errors import EnvironmentFault, InputError
from pipeline.formats import tidy
from pipeline.formats.ass import Style, render
from pipeline.media import camera
from pipeline.media.able import able
from pipeline.media.binary import Ffmpeg, find_ffmpeg, newest_ffmpeg
from pipeline.media.broken_sound import broken_sound
from pipeline.media.containers import HVC1, Plan, plan
from pipeline.media.covers import attached
from pipeline.media.cropped import cropped
from pipeline.media.depth import form as pixel_format
from pipeline.media.depth import hdr, ten_bit
from pipeline.media.edits import edits
from pipeline.media.encoding import Encoding, encoding_for
from pipeline.media.fitting import fitted
from pipeline.media.fonts import add_fonts, check_fonts
from pipeline.media.headers import check_codec, exchanged
from pipeline.media.marks import lost
from pipeline.media.opaque import opaque, seen
from pipeline.media.packets import GENERATED, source_packets
from pipeline.media.refused import refused
from pipeline.media.run import Place, Progress, entrance, graph, repeated, run, workplace
from pipeline.media.soft import OnTracks, inside, with_cues
from pipeline.media.standing import LAST, repeats, until_the_sound_ends, write_repeats
from pipeline.media.steady import coloured, in_video_range, steady, told_again
from pipeline.media.streams import Contents, flags, opening
from pipeline.media.suffixes import family
from pipeline.media.verify import check_burned, check_clock
from pipeline.types import Notice, Track
from pipeline.video.headless import NO_DECODER

SMALL = 8
"""pixels of a line's height under which letters are hardly letters"""
LARGEST_SIZE = 30
"""that --font-size takes"""


def burn(
    video: Path,
    track: Track,
    out: Path,
    *,
    style: Style | None = None,
    layout: Layout | None = None,
    encoding: Encoding | None = None,
    fonts: Path | None = None,
    on_tracks: OnTracks | None = None,
    on_length: Callable[[float], object] | None = None,
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> tuple[Notice, ...]:
    """Write ``out``: the film with the track drawn into it. Blocks until it is done.

    Text never leaves the picture: cues that are too wide or too tall as they are drawn are laid out anew, within ``layout``'s limits
    (netflix where it is None). ``fonts`` is a folder with more fonts; ``on_tracks`` is told the track without what lies outside the film,
    ``on_length`` how many seconds the film has.

    Raises EnvironmentFault ``no_ffmpeg``, ``no_libass``, ``no_font``; UsageError ``unknown_encoder``; InputError;
    OutputError ``no_space``, ``unwritable``, ``ffmpeg_failed``, ``output_damaged``, ``clock_restarts``, ``codec_changes``, ``cancelled``.
    """
    ffmpeg = find_ffmpeg()
    if not ffmpeg.has_libass:
        raise EnvironmentFault(
            "no_libass", f"{ffmpeg.path} can't draw subtitles: pip install imageio-ffmpeg, or an ffmpeg with libass"
        )
    style, encoding = style or Style(), encoding or encoding_for(out)
    ffmpeg.encoder(encoding.encoder)
    suffix = out.suffix.lower()
    rules = family(suffix)
    with unfinished.film(out) as temporary, workplace(video, temporary) as place:
        ffmpeg, film = able(ffmpeg, place)
        width, height = film.display_size
        _check_picture(ffmpeg, film)
        check_codec(place, film)
        add_fonts(place, fonts)
        hidden = edits(ffmpeg, place, film, rules=rules)
        anew = exchanged(newest_ffmpeg(), place, film, rules=rules)
        unheld = refused(ffmpeg, place, film, suffix)
        streams = plan(
            film,
            suffix,
            refused=unheld,
            burning=True,
            exchanged=anew,
            edited=hidden.sound,
            broken=broken_sound(ffmpeg, place, film),
        )
        beside = [stream.index for stream in streams.kept]
        before, made_up = source_packets(ffmpeg, place, film, decoded=hidden.several, beside=beside)
        check_clock(before)
        before = before if made_up else until_the_sound_ends(ffmpeg, place, film, before)
        if on_length is not None:
            on_length(before.end)
        within, late = inside(tidy(track), before.end)
        with_cues([within], before.end if track.cues else 0.0, needed=True)
        if on_tracks is not None:
            on_tracks([within])
        shown = replace(within, width=width, height=height)
        form, made_by = pixel_format(ffmpeg, film, encoding), camera.kept(film, rules)
        notices = [*ten_bit(film, encoding, form), *late, *check_fonts(ffmpeg, place, shown, style)]
        shown, hurried = fitted(ffmpeg, place, shown, style, _limits(layout, shown))
        notices += [*hurried, *_small(shown, style)]
        (place.folder / "captions.ass").write_text(render(shown, style), encoding="utf-8")
        again = repeats(before.times, before.end, shown.cues) if not before.untimed else []
        late_by = before.times[0] if before.times and not hidden.several and not made_up else 0.0
        work = _graph(film, streams, encoding, place, again, form=form, made_by=made_by, made_up=made_up, late_by=late_by)
        more = [*_tags(film), *camera.arguments(made_by), *attached(ffmpeg, place, streams)]
        ended = run(ffmpeg, work, place, more=more, on_progress=on_progress, cancel=cancel)
        if made_up:
            before = before.from_zero()
        notices += check_burned(ffmpeg, place, ended, before, again, film, streams.count(), streams.left_out(film))
        if made_by:
            camera.once(place)
        notices += lost(ffmpeg, place, film, "mux keeps it")
        notices = [*hdr(ffmpeg, place, film, encoding), *notices]
    return (*notices, *streams.notices)


def _small(track: Track, style: Style) -> tuple[Notice, ...]:
    """A notice of letters that have too few pixels to be letters."""
    size = style.size(track.width, track.height)
    if not track.cues or size >= SMALL:
        return ()
    bigger = math.ceil(1.5 * SMALL / size * style.font_size)
    mend = f": --font-size {bigger} makes them readable" if bigger <= LARGEST_SIZE else ""
    sentence = (
        f"lines of text are {size:.0f} pixels high in a picture of {track.width}x{track.height} and can hardly be read{mend}"
    )
    return (Notice(code="text_small", message=sentence),)


def _check_picture(ffmpeg: Ffmpeg, film: Contents) -> None:
    """See that it can be decoded, within the bound that describing has: a larger picture takes gigabytes. Raises InputError
    ``no_decoder``, ``frame_too_large``, ``unsupported_or_corrupt``."""
    from pipeline.video.limits import Limits

    if not ffmpeg.decodes(film.film.codec):
        raise InputError("no_decoder", NO_DECODER)
    width, height = film.coded_size
    if not width or not height:
        raise InputError(
            "unsupported_or_corrupt", "this ffmpeg does not find out what its picture is; a newer one may (SCENESCRIBE_FFMPEG)"
        )
    if width * height > Limits().pixels:
        sentence = f"a picture of {width}x{height} is larger than {Limits().pixels >> 20} megapixels; make the film smaller first"
        raise InputError("frame_too_large", sentence)


def _limits(layout: Layout | None, track: Track) -> Limits:
    return limits(layout or PROFILES["netflix"], track.language, vertical=track.height > track.width)


def _tags(film: Contents) -> list[str]:
    """What an encoded picture would lose of the one that it was: its name, its language, and the time code that an editor goes by."""
    picture = film.film
    tags = {"title": camera.title(film, picture), "language": picture.language, "timecode": picture.timecode}
    return [word for name, value in tags.items() if value for word in ("-metadata:s:v:0", f"{name}={value}")]


def _filters(film: Contents) -> list[tuple[str, dict[str, Any]]]:
    """What is drawn into the picture, in order: (filter, its options)."""
    filters: list[tuple[str, dict[str, Any]]] = []
    shown = film.display_size
    # where pixels are not square libass must know, or letters are as wide as the pixels
    square = shown == film.upright_size or 0 in shown
    filters.append(("subtitles", {"filename": "captions.ass"} | ({} if square else {"original_size": f"{shown[0]}x{shown[1]}"})))
    if any(side % 2 for side in film.upright_size):
        filters.append(("pad", {"w": "ceil(iw/2)*2", "h": "ceil(ih/2)*2"}))
    return filters


def _graph(
    film: Contents,
    streams: Plan,
    encoding: Encoding,
    place: Place,
    again: list[float],
    *,
    form: str,
    made_by: Mapping[str, str],
    made_up: bool,
    late_by: float,
) -> Any:
    """The ffmpeg-python graph: one filter chain on the picture, the other streams as the plan says.

    ``late_by``: seconds before the first picture that can be decoded. What a cut recording has of the group before that, some decoders
    (HEVC) make grey pictures of.

    Times of frames are never changed: by default 50 frames of variable rate became 330.
    """
    source = entrance(place.film, **opening(film), **seen(film), **flags(film, GENERATED if made_up else ""))
    picture = source[str(film.film.index)]
    planar = "yuv420p" if form == "yuv420p" else "yuv420p10le"
    if late_by > 0.001:
        picture = picture.filter("select", f"gte(t,{late_by - 0.001:.4f})")
    for name, values in (*cropped(film), *opaque(film), *steady(film)):
        picture = picture.filter(name, **values)
    if again:
        write_repeats(place.folder / "again.ivf", again)
        for name, values in in_video_range(film):
            picture = picture.filter(name, **values)
        tiny = entrance("again.ivf", protocol_whitelist="file", format_whitelist="ivf")["0"]
        picture = repeated(
            picture, tiny, width=film.upright_size[0], form=planar.replace("yuv420p", "gbrp") if film.rgb else planar
        )
    for name, values in (*(told_again(film) if again else ()), *_filters(film), *coloured(film, form)):
        picture = picture.filter(name, **values)
    options = {
        "pix_fmt:v:0": form,
        "fps_mode:v:0": "passthrough",
        "enc_time_base:v:0": "1:90000",
        "map_metadata": "0",
        "map_chapters": "0",
        **made_by,
        **encoding.options(),
        **streams.options(),
    }
    if again:  # MP4 counts in the order of decoding: a frame's length is right where that is the order of showing
        options["bf:v:0"] = "0"
    if place.written.endswith((".mp4", ".mov")):
        options["movflags"] = "+faststart" + made_by.get("movflags", "")
        if encoding.encoder.startswith(("libx265", "hevc_")):
            options["tag:v:0"] = HVC1
        if again:  # frames of variable rate have no length: the last one would be cut off
            options["bsf:v:0"] = f"setts=pts=PTS:dts=DTS:duration={LAST}/TB"
    return graph([picture, *(source[str(stream.index)] for stream in streams.kept)], place.written, options)
