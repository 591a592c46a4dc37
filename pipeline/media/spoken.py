"""A film with a sound track more: what a voice says, over the film's own sound, which steps back for it. The picture is copied.

voice (a file of samples) --+-- key ----------v
the film's sound ---------------- compressor: quieter while the voice speaks --+
                            +-------------------------------------------------- mix -> AAC, or the sound alone
"""

import math
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.temporary import temporary_folder
from pipeline import unfinished
from pipeline.errors import InputError
from pipeline.languages import alpha3
from pipeline.media import camera, copying
from pipeline.media import chapters as chaptering
from pipeline.media.able import able
from pipeline.media.binary import find_ffmpeg
from pipeline.media.containers import unmissed
from pipeline.media.covers import attached
from pipeline.media.failures import failure, not_to_its_end
from pipeline.media.losses import reading, true_end
from pipeline.media.run import Ended, Place, Progress, entrance, graph, run, workplace
from pipeline.media.sound import sound_of
from pipeline.media.streams import Contents, contents, opening
from pipeline.media.suffixes import family
from pipeline.types import Notice

TITLE = "Audio description"
RATE = 48_000
DUCK = {"threshold": 0.01, "ratio": 8, "attack": 20, "release": 400}
"""of the compressor that the voice drives: some 15 dB under a voice of -20 dB"""
LONGEST = 120_000
"""characters of what ffmpeg is told in one word of its command line: Linux takes 131,071 bytes (MAX_ARG_STRLEN)"""
Wait = tuple[float, float]
"""(second of the film, seconds that it stands there)"""


def lasts(video: Path, wanted: float) -> float:
    """Seconds of the film, of which something is ``wanted`` up to a time. Parts that were joined tell the length of one: their pictures are
    listed, since the sound that is described would end with the voice.

    Raises EnvironmentFault ``no_ffmpeg``; InputError; OutputError ``clock_restarts``.
    """
    with temporary_folder() as folder, workplace(video, folder / "unused") as place:
        ffmpeg, film = able(find_ffmpeg(), place)
        return true_end(ffmpeg, place, film, math.inf if film.container.startswith("mpeg") else wanted)


def spoken(
    video: Path,
    voice: Path,
    rate: int,
    out: Path,
    *,
    language: str,
    waits: Sequence[Wait] = (),
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> tuple[Notice, ...]:
    """Write ``out``: the film with a track that also describes it, after its own. ``voice`` holds samples as ``samples`` gives them,
    ``rate`` a second, in the time of what is written.

    ``waits``: the film stands at these moments; then its own sound, which would be out of time, is in the new track alone.
    Raises EnvironmentFault ``no_ffmpeg``; InputError, also ``too_many_waits``; OutputError as ``mux`` does.
    """
    _check_waits(waits, _moved(waits))
    ffmpeg = find_ffmpeg()
    suffix = out.suffix.lower()
    rules = family(suffix)
    with unfinished.film(out) as temporary, workplace(video, temporary) as place:
        ffmpeg, film = able(ffmpeg, place)
        made = copying.copy(ffmpeg, place, film, suffix, kept=_in_time) if waits else copying.copy(ffmpeg, place, film, suffix)
        streams = made.streams
        own, unread = chaptering.of_film(ffmpeg, place) if waits else ((), ())
        parts, changed = chaptering.inside(chaptering.later(own, waits), 0.0, rules)
        (place.folder / "voice.pcm").symlink_to(voice.absolute())
        source = entrance(place.film, **opening(film), **reading(film))
        sound = _mixed(source, film, rate, waits)
        inputs = [source[str(stream.index)] for stream in (film.film, *streams.kept)]
        number = sum(stream.kind == "audio" for stream in streams.kept)
        options: dict[str, Any] = {
            "map_metadata": "0",
            "map_chapters": ("2" if parts else "-1")
            if waits
            else "0",  # those that wait are read from a file after film and voice
            "c:v": "copy",
            **streams.options(),
            **made.options,
        }
        options |= {f"c:a:{number}": "aac", f"b:a:{number}": "160k", f"ar:a:{number}": RATE}
        options[f"disposition:a:{number}"] = "default" if waits else "descriptions+visual_impaired"
        if waits:
            options["bsf:v:0"] = ",".join(filter(None, (made.options.get("bsf:v:0"), _moved(waits))))
            options |= {f"bsf:s:{n}": _moved(waits) for n in range(sum(stream.kind == "subtitle" for stream in streams.kept))}
        more = [*(made.ends if not waits else ()), *camera.arguments(made.options), *attached(ffmpeg, place, streams)]
        tags = {"language": alpha3(language) if rules == "mp4" else language, "title": TITLE}
        for key, value in (tags | ({"handler_name": TITLE} if rules == "mp4" else {})).items():
            more += [f"-metadata:s:a:{number}", f"{key}={value}"]
        work = graph([*inputs, sound], place.written, options)
        beside = chaptering.arguments(parts, place)
        ended = run(made.writer, work, place, beside=beside, more=more, on_progress=on_progress, cancel=cancel)
        told = (*unread, *changed, *copying.check_copy(ffmpeg, place, ended, made, "audio", 1))
        chaptering.check(ffmpeg, place, parts)
    return (*told, *streams.notices, *_about(film, waits))


def spoken_sound(
    video: Path,
    voice: Path,
    rate: int,
    out: Path,
    *,
    waits: Sequence[Wait] = (),
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> None:
    """Write ``out``: the described sound alone, in the format that its suffix tells. Raises as ``spoken`` does."""
    _check_waits(waits, _waited(waits, "T"))
    ffmpeg = find_ffmpeg()
    with unfinished.film(out) as temporary, workplace(video, temporary) as place:
        ffmpeg, film = able(ffmpeg, place)
        (place.folder / "voice.pcm").symlink_to(voice.absolute())
        sound = _mixed(entrance(place.film, **opening(film)), film, rate, waits)
        options = {"map_metadata": "-1", "ar": RATE} | ({"sample_fmt": "s16"} if out.suffix.lower() in (".flac", ".wav") else {})
        ended = run(ffmpeg, graph([sound], place.written, options), place, on_progress=on_progress, cancel=cancel)
        _check_sound(place, ended)


def _mixed(source: Any, film: Contents, rate: int, waits: Sequence[Wait]) -> Any:
    """The voice over the film's sound; the voice alone where the film has none."""
    import ffmpeg as ffmpeg_python

    voice = entrance("voice.pcm", f="s16le", ar=str(rate), ac="1", protocol_whitelist="file")["0"]
    voice = voice.filter("aresample", RATE).filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
    sound = sound_of(film)
    if sound is None:
        return voice
    heard = source[str(sound.index)].filter("aresample", RATE, **{"async": 1, "first_pts": 0})
    if waits:
        heard = heard.filter("asetpts", f"PTS+({_waited(waits, 'T')})/TB").filter(
            "aresample", RATE, **{"async": 1, "first_pts": 0}
        )
    heard = heard.filter("aformat", sample_fmts="fltp", channel_layouts="stereo")
    split = voice.filter_multi_output("asplit", 2)
    quieter = ffmpeg_python.filter([heard, split[0]], "sidechaincompress", **DUCK)
    both = ffmpeg_python.filter([quieter, split[1]], "amix", inputs=2, duration="longest", normalize=0)
    return both.filter("alimiter", limit=0.97, level="disabled")


def _waited(waits: Sequence[Wait], at: str) -> str:
    """An expression of ffmpeg's: the seconds that the film has waited by the moment ``at``."""
    return "+".join(f"{seconds:.3f}*gte({at},{moment:.3f})" for moment, seconds in waits)


def _moved(waits: Sequence[Wait]) -> str:
    """A filter of packets: times in pictures that are not decoded. The shift grows with time, so no order changes."""
    escaped = {name: _waited(waits, f"{name}*TB").replace(",", "\\,") for name in ("PTS", "DTS")}
    return f"setts=pts=PTS+({escaped['PTS']})/TB:dts=DTS+({escaped['DTS']})/TB"


def _check_waits(waits: Sequence[Wait], told: str) -> None:
    """Raise InputError ``too_many_waits`` where ffmpeg can't be told of so many."""
    if len(told) > LONGEST:
        sentence = f"the film would wait {len(waits):,} times, more often than ffmpeg can be told; captions of longer windows make it fewer"
        raise InputError("too_many_waits", f"{sentence}, without --extended it waits nowhere")


def _in_time(film: Contents) -> Contents:
    """What of a film can wait: its pictures and its subtitles."""
    kept = tuple(
        stream for stream in film.streams if stream is film.film or stream.kind in ("subtitle", "attachment") or stream.cover
    )
    return replace(film, streams=kept)


def _about(film: Contents, waits: Sequence[Wait]) -> tuple[Notice, ...]:
    if not waits:
        return ()
    kept = _in_time(film).streams
    gone = [stream for stream in film.streams if stream not in kept and stream.kind != "audio" and not unmissed(stream)]
    told = [
        f"{one.kind} stream {one.index} ({one.tag or one.codec}) was left out: the film waits, and it would not" for one in gone
    ]
    if others := len(film.of("audio")) - (sound_of(film) is not None):
        several = f"{others} more sound tracks are" if others > 1 else "1 more sound track is"
        told.append(f"{several} left out: the film waits, and they would not")
    return tuple(Notice(code="stream_left_out", message=sentence) for sentence in told)


def _check_sound(place: Place, ended: Ended) -> None:
    """See that the sound can be read. Raises OutputError ``no_space``, ``ffmpeg_failed``, ``output_damaged``."""
    path = place.folder / place.written
    if ended.status or not_to_its_end(ended) or not path.exists() or not path.stat().st_size:
        raise failure(ended, path, "ffmpeg wrote no sound")
    if not contents(find_ffmpeg(), place, place.written).of("audio"):
        raise failure(ended, path, "there is no sound in what ffmpeg wrote")
