"""Soft subtitles and chapters: what the viewer can switch on, and jump to. Nothing is encoded again.

MP4, MOV    mov_text    language in 3 letters; its first subtitle track reads back as default whatever is asked
MKV         srt         BCP 47 language
WebM        webvtt
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline import formats, unfinished
from pipeline.errors import UsageError
from pipeline.languages import alpha3
from pipeline.media import camera, copying
from pipeline.media import chapters as chaptering
from pipeline.media.able import able
from pipeline.media.binary import find_ffmpeg
from pipeline.media.containers import Plan
from pipeline.media.covers import attached
from pipeline.media.losses import reading, true_end
from pipeline.media.run import Place, Progress, entrance, graph, run, workplace
from pipeline.media.soft import OnTracks, equal_tracks, inside, one_at_a_time, with_cues
from pipeline.media.streams import Contents, opening
from pipeline.media.suffixes import family
from pipeline.outline import Chapter
from pipeline.types import Notice, Track

TITLE = "Descriptions"


def mux(
    video: Path,
    tracks: Sequence[Track],
    out: Path,
    *,
    chapters: Sequence[Chapter] = (),
    default: bool = False,
    on_tracks: OnTracks | None = None,
    on_chapters: Callable[[Sequence[Chapter]], object] | None = None,
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> tuple[Notice, ...]:
    """Write ``out``: the film with the tracks added after its own. ``default`` switches the first of them on for the viewer; else
    the first whose file's name asks for it is. Then none of the film's own is.

    ``chapters`` take the place of the film's own, which are kept where none are given. ``on_tracks`` is told the tracks that are added,
    ``on_chapters`` the chapters, without what lies outside the film.
    Raises UsageError ``no_tracks``; EnvironmentFault ``no_ffmpeg``; InputError (``no_cues``, ``bad_chapters`` where none is inside the
    film);
    OutputError as ``burn`` does, ``container_cannot`` where the container can't hold a stream of the film, ``header_changes``,
    ``edit_hides``.
    """
    if not tracks and not chapters:
        raise UsageError("no_tracks", "there is no subtitle track to add, and no chapters")
    ffmpeg = find_ffmpeg()
    suffix = out.suffix.lower()
    form = "vtt" if family(suffix) == "webm" else "srt"
    with unfinished.film(out) as temporary, workplace(video, temporary) as place:
        ffmpeg, film = able(ffmpeg, place)
        made = copying.copy(ffmpeg, place, film, suffix)
        streams = made.streams
        latest = [*(one.start for one in chapters), *(cue.end for track in tracks for cue in track.cues)]
        end = true_end(ffmpeg, place, film, max(latest, default=0.0))
        fitted = [inside(track, end) for track in tracks]
        told = [*equal_tracks(tracks), *(notice for _, notices in fitted for notice in notices)]
        anything = end if any(track.cues for track in tracks) else 0.0
        tracks, without = with_cues([track for track, _ in fitted], anything, needed=not chapters)
        told += without
        if on_tracks is not None:
            on_tracks(tracks)
        tracks = [one_at_a_time(track) for track in tracks] if family(suffix) == "mp4" else tracks
        for number, track in enumerate(tracks):
            (place.folder / f"track{number}.{form}").write_text(formats.write(form, track), encoding="utf-8")
        parts, changed = chaptering.inside(chapters, end, family(suffix))
        told += changed
        if on_chapters is not None:
            on_chapters(parts)
        work = _graph(film, streams, tracks, place, form, default=default, chaptered=bool(parts), more=made.options)
        more = [*made.ends, *camera.arguments(made.options), *_names(tracks, streams), *attached(ffmpeg, place, streams)]
        beside = chaptering.arguments(parts, place)
        ended = run(made.writer, work, place, beside=beside, more=more, on_progress=on_progress, cancel=cancel)
        told += copying.check_copy(ffmpeg, place, ended, made, "subtitle", len(tracks))
        chaptering.check(ffmpeg, place, parts)
    return (*told, *streams.notices, *_about(suffix, streams, tracks, default))


def _about(suffix: str, streams: Plan, tracks: Sequence[Track], default: bool) -> tuple[Notice, ...]:
    first = not any(stream.kind == "subtitle" for stream in streams.kept)
    if tracks and family(suffix) == "mp4" and first and not default:
        sentence = "MP4 marks its first subtitle track as default whatever is asked: some players switch it on; MKV leaves it to the viewer"
        return (Notice(code="default_track", message=sentence),)
    return ()


def _names(tracks: Sequence[Track], streams: Plan) -> list[str]:
    """Language and title of each track, in the words of the container."""
    mp4 = streams.subtitle_codec == "mov_text"
    before = sum(stream.kind == "subtitle" for stream in streams.kept)
    options = []
    for place, track in enumerate(tracks, before):
        title = track.title or TITLE
        values = {"language": alpha3(track.language) if mp4 else track.language, "title": title}
        for key, value in (values | ({"handler_name": title} if mp4 else {})).items():
            options += [f"-metadata:s:s:{place}", f"{key}={value}"]
    return options


def _graph(
    film: Contents,
    streams: Plan,
    tracks: Sequence[Track],
    place: Place,
    form: str,
    *,
    default: bool,
    chaptered: bool,
    more: Mapping[str, str],
) -> Any:
    source = entrance(place.film, **opening(film), **reading(film))
    texts = [entrance(f"track{n}.{form}", protocol_whitelist="file")["0"] for n in range(len(tracks))]
    before = sum(stream.kind == "subtitle" for stream in streams.kept)
    # the chapters' file comes after the film and the tracks
    chapters_of = str(1 + len(tracks)) if chaptered else "0"
    options: dict[str, Any] = {"map_metadata": "0", "map_chapters": chapters_of, "c:v": "copy", **streams.options(), **more}
    named_default = next((n for n, track in enumerate(tracks) if "default" in track.flags), None)
    on = 0 if default else named_default
    if on is not None:  # of several that are switched on, players take the first
        options |= {f"disposition:s:{n}": "-default" for n in range(before)}
    for n, track in enumerate(tracks):
        at = before + n
        options[f"c:s:{at}"] = "mov_text" if streams.subtitle_codec == "mov_text" else "copy"
        flags = "descriptions+visual_impaired" if track.kind == "descriptions" else ""
        switched_on = "default" if n == on else ""
        named = "+".join(sorted(track.flags & {"forced", "hearing_impaired"}))
        options[f"disposition:s:{at}"] = "+".join(filter(None, (switched_on, flags, named))) or "0"
    inputs = [source[str(stream.index)] for stream in (film.film, *streams.kept)]
    return graph([*inputs, *texts], place.written, options)
