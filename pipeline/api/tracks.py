"""Finished captions as tracks, files and films: what ``scenescribe export``, ``burn``, ``mux`` and ``speak`` do."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipeline.errors import OutputError, UsageError, nearest
from pipeline.outline import Chapter
from pipeline.types import Document, Notice, Track

if TYPE_CHECKING:
    from pipeline.cues import Layout

AnyPath = str | Path


def read_document(path: AnyPath) -> Document:
    """All that is known of a described film, from its ``.descriptions.json``. Raises InputError ``not_found``, ``bad_json``."""
    from pipeline.subtitles import load

    return load(Path(path), form="json").document


def read_track(
    path: AnyPath,
    *,
    format: str | None = None,
    language: str | None = None,
    profile: str | None = None,
    encoding: str | None = None,
) -> Track:
    """The cues of a JSON of ours, or of anybody's SRT, WebVTT or ASS; laid out anew where a ``profile`` is named.

    ``encoding`` overrules what is guessed of a file that is no UTF-8.

    Raises InputError ``not_found``, ``bad_subtitles``, ``bad_json``; UsageError ``unknown_format``, ``not_readable``.
    """
    from pipeline import cues
    from pipeline.subtitles import load

    layout = cues.profile(profile) if profile is not None else None
    return load(Path(path), layout, form=format, language=language, encoding=encoding).track


def make_track(
    document: Document, *, profile: str = "netflix", title: str = "", **limits: Any
) -> tuple[Track, tuple[Notice, ...]]:
    """Lay a document's captions out as cues; the notices say which text is not shown whole, or too fast.

    ``limits``: ``max_line_width``, ``max_lines``, ``max_cps``, ``position``, ``place``. Raises UsageError ``unknown_profile``, ``bad_value``.
    """
    from pipeline import cues

    known = ("max_line_width", "max_lines", "max_cps", "position", "place")
    for name in limits:
        if name not in known:
            raise UsageError("unknown_option", f"there is no option '{name}'{nearest(name, known)}", option=name)
    return cues.make_track(document, cues.profile(profile, **limits), title=title)


def write_track(
    track: Track, path: AnyPath, *, format: str | None = None, document: Document | None = None, overwrite: bool = False
) -> Path:
    """Write a track in the format that ``path``'s suffix tells; the file appears whole or not at all.

    Raises UsageError ``unknown_format``; OutputError ``output_exists``, ``unwritable``, ``no_space``.
    """
    from pipeline import formats
    from pipeline.files import write_whole

    target = _free(path, overwrite=overwrite)
    write_whole(target, formats.write(formats.format_of(format or target.suffix), track, document).encode(), fresh=True)
    return target


def export(
    source: AnyPath, target: AnyPath, *, format: str | None = None, profile: str | None = None, overwrite: bool = False
) -> Path:
    """``movie.descriptions.json`` -> ``movie.ass``: finished captions in another format, as ``scenescribe export`` does.

    Raises what ``read_track`` and ``write_track`` raise.
    """
    from pipeline import cues
    from pipeline.subtitles import load

    loaded = load(Path(source), cues.profile(profile) if profile is not None else None)
    return write_track(loaded.track, target, format=format, document=loaded.document, overwrite=overwrite)


def burn(
    film: AnyPath, subtitles: AnyPath | Track, target: AnyPath, *, overwrite: bool = False, **options: Any
) -> tuple[Notice, ...]:
    """Draw subtitles into a film's picture, as ``scenescribe burn`` does.

    ``options``: those of ``scenescribe burn`` in snake_case (``font_size``, ``margin``, ``encoder``, ``max_lines``, ...); see
    ``pipeline.options.burn``.
    Raises UsageError ``unknown_option``, ``bad_value``; EnvironmentFault ``no_ffmpeg``, ``no_libass``, ``no_font``; InputError;
    OutputError.
    """
    from pipeline import media
    from pipeline.api.films import checked
    from pipeline.options.burn import BurnSettings
    from pipeline.subtitles import placed

    settings = checked(BurnSettings(), options)
    look = media.look_of(settings, media.layout_of(settings))
    track = (
        subtitles if isinstance(subtitles, Track) else _laid_out(Path(subtitles), look.layout_for(Path(subtitles), options), film)
    )
    track = placed(track, options.get("position"))
    out = _free(target, overwrite=overwrite)
    return media.burn(Path(film), track, out, style=look.style, layout=look.layout, encoding=look.encoding(out), fonts=look.fonts)


def mux(
    film: AnyPath,
    subtitles: AnyPath | Track | Sequence[AnyPath | Track],
    target: AnyPath,
    *,
    chapters: Sequence[Chapter] = (),
    default: bool = False,
    overwrite: bool = False,
) -> tuple[Notice, ...]:
    """Add subtitles to a film as tracks that the viewer can switch on, as ``scenescribe mux`` does; nothing is encoded again.

    ``chapters`` take the place of the film's own.

    Raises EnvironmentFault ``no_ffmpeg``; InputError; OutputError.
    """
    from pipeline import media

    several = [subtitles] if isinstance(subtitles, (str, Path, Track)) else subtitles
    return media.mux(
        Path(film), [_track(one) for one in several], _free(target, overwrite=overwrite), chapters=chapters, default=default
    )


def speak(
    film: AnyPath,
    captions: AnyPath | Document,
    target: AnyPath,
    *,
    voice: str = "espeak",
    place: Literal["window", "gaps", "auto"] = "gaps",
    extended: bool = False,
    language: str | None = None,
    overwrite: bool = False,
) -> tuple[Notice, ...]:
    """Speak descriptions in the pauses of a film's speech, as ``scenescribe speak`` does: ``target`` is the film with a sound track
    more, or the described sound alone (.flac, .wav, .mp3, .m4a, .opus, .ogg).

    Raises UsageError ``bad_voice``, ``unknown_plugin``; EnvironmentFault ``no_voice``, ``no_speech_detector``, ``no_ffmpeg``; InputError;
    OutputError.
    """
    from pipeline.speech.speaking import speak_captions

    document = captions if isinstance(captions, Document) else read_captions(captions, language)
    out = _free(target, overwrite=overwrite)
    return speak_captions(Path(film), document, out, voice=voice, place=place, extended=extended).notices


def read_captions(path: AnyPath, language: str | None = None) -> Document:
    """The captions of a JSON of ours, or the cues of anybody's subtitles as captions. Raises as ``read_track`` does."""
    from pipeline.subtitles import load

    return load(Path(path), language=language).document


def _laid_out(path: Path, layout: "Layout | None", film: AnyPath) -> Track:
    from pipeline.subtitles import load

    return load(path, layout, film=Path(film)).track


def _track(given: AnyPath | Track) -> Track:
    return given if isinstance(given, Track) else read_track(given)


def _free(path: AnyPath, *, overwrite: bool) -> Path:
    target = Path(path)
    if target.exists() and not overwrite:
        raise OutputError("output_exists", f"{target} exists; overwrite=True replaces it", path=str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
