"""Subtitle files as they come: JSON of ours, or SRT, WebVTT, ASS, TTML, SBV, MicroDVD, LRC and SAMI of anybody.

file -> bytes -> text -> Loaded(track, document) -> shifted, relabelled -> what export, burn and mux work with
"""

import errno
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline import formats
from pipeline.cues import Layout, make_track
from pipeline.encoding import check_encoding, decoded
from pipeline.encoding_notices import about
from pipeline.errors import InputError, UsageError
from pipeline.formats import json
from pipeline.inputs import VIDEO_SUFFIXES
from pipeline.languages import check_tag
from pipeline.missing import missing
from pipeline.not_text import what_instead
from pipeline.safe_open import MEGABYTE, read_bytes
from pipeline.sidecar_names import labels_in
from pipeline.speech.known import heard
from pipeline.types import Document, Notice, Track

LARGEST = 64 * MEGABYTE
"""ten hours of captions are 10 MB"""
READ = ("json", "srt", "vtt", "ass", "ttml", "sbv", "sub", "lrc", "smi")
"""formats of captions that are read"""
_TOO_LARGE = "the file is larger than 64 MB; subtitles are not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A subtitle file, laid out."""

    track: Track
    document: Document
    """of our JSON: all of it; of other files: what they tell"""
    notices: tuple[Notice, ...] = ()


def load(
    path: Path,
    layout: Layout | None = None,
    *,
    form: str | None = None,
    language: str | None = None,
    title: str = "",
    encoding: str | None = None,
    film: Path | None = None,
) -> Loaded:
    """Read a subtitle file; ``-`` is stdin. ``form`` is its format, its suffix otherwise; ``encoding`` overrules what its bytes say.

    What had to be guessed or left out is in the notices: ``encoding_guessed``, ``text_damaged``, ``header_missing``,
    ``times_guessed``, ``rate_guessed``, ``cue_dropped``, ``drawing_left_out``, ``languages_left_out``, ``text_cut``; ``partial``: windows of
    a JSON have no description.

    ``film`` is listened to where the layout keeps to pauses of speech, and the captions do not tell them.

    JSON is laid out by ``layout`` (netflix where it is None); other files keep their cues where it is None.

    Raises UsageError ``not_a_regular_file`` of a folder, ``unknown_format``, ``not_readable``, ``bad_language``; InputError ``not_found``,
    ``unreadable``, ``bad_json``, ``bad_subtitles``; with pauses UsageError ``speech_unknown`` and as ``speech.listening.speech_in`` does.
    """
    if path.name != "-" and path.is_dir():
        raise UsageError("not_a_regular_file", f"{path} is a folder; name the files in it, such as {path}/*.descriptions.json")
    name = form or (path.suffix[1:].lower() if path.name != "-" else "json")
    if not name:
        raise UsageError(
            "unknown_format",
            f"{path} has no suffix that tells its format: rename it (.{', .'.join(READ)}), or export --from FORMAT",
        )
    if form is None and path.suffix.lower() in VIDEO_SUFFIXES:
        raise UsageError("unknown_format", f"{path} is called like a film, and captions are read here (.{', .'.join(READ)})")
    data = _read(path)
    if what := what_instead(data):
        raise InputError("bad_subtitles", f"this is {what}")
    _check_format(name)
    read = decoded(data, check_encoding(encoding) if encoding else None)
    told = about(read)
    text = read.text
    tag = check_tag(language) if language else None
    if formats.reader_of(name) == "json":
        document = formats.read_document(text)
        document = heard(replace(document, language=tag) if tag else document, film, layout)
        track, notices = make_track(document, layout or Layout(), title=title)
        return Loaded(track=track, document=document, notices=(*told, *document.unanswered, *notices))
    parsed = formats.parse(name, text)
    labels = labels_in(path)
    track = replace(parsed.track, title=title or parsed.track.title, flags=labels.flags)
    if tag or track.language == "und":
        track = replace(track, language=tag or labels.language or "und")
    notices = (*told, *parsed.notices)
    document = json.document_of(track)
    if layout is not None:
        document = heard(document, film, layout)
        laid_out, more = make_track(document, layout, title=track.title)
        track, notices = replace(laid_out, kind=track.kind), (*notices, *more)
    return Loaded(track=track, document=document, notices=notices)


def _check_format(name: str) -> None:
    """Raises UsageError ``unknown_format`` with what is read, which is not what is written."""
    try:
        formats.reader_of(name)
    except UsageError as error:
        if error.code != "unknown_format":
            raise
        raise UsageError("unknown_format", f"'{name}' is no format of captions that is read (.{', .'.join(READ)} are)") from None


def placed(track: Track, position: str | None) -> Track:
    """The track at the picture's ``bottom`` or ``top``; None leaves it where it is. Raises UsageError ``bad_value``."""
    if position is None:
        return track
    if position == "top":
        return track.placed("top")
    if position == "bottom":
        return track.placed("bottom")
    raise UsageError("bad_value", f"--position is 'bottom' or 'top', not '{position}'")


def shifted(loaded: Loaded, seconds: float) -> Loaded:
    """All times later by ``seconds`` (earlier where negative); what would lie before the film's start is left out, with a notice."""
    if not seconds:
        return loaded
    cues = [
        replace(cue, start=max(0.0, round(cue.start + seconds, 3)), end=round(cue.end + seconds, 3)) for cue in loaded.track.cues
    ]
    kept = tuple(cue for cue in cues if cue.end - cue.start >= 0.001)
    captions = tuple(
        replace(caption, start=max(0.0, round(caption.start + seconds, 3)), end=round(caption.end + seconds, 3))
        for caption in loaded.document.captions
        if caption.end + seconds > 0
    )
    lost = len(cues) - len(kept)
    sentence = f"{lost} cue{'s' * (lost > 1)} would end before the film begins and {'are' if lost > 1 else 'is'} left out"
    notices = (*loaded.notices, Notice(code="shifted_out", message=sentence)) if lost else loaded.notices
    shots = tuple(round(shot + seconds, 3) for shot in loaded.document.shots if shot + seconds > 0)
    return Loaded(
        track=replace(loaded.track, cues=kept), document=replace(loaded.document, captions=captions, shots=shots), notices=notices
    )


def _read(path: Path) -> bytes:
    if path.name == "-" and path.parent == Path():
        data = sys.stdin.buffer.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise InputError("bad_subtitles", _TOO_LARGE)
        return data
    try:
        return read_bytes(path, LARGEST)
    except FileNotFoundError:
        raise InputError("not_found", missing(path)) from None
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise InputError("bad_subtitles", _TOO_LARGE) from None
        if error.errno in (errno.EINVAL, errno.EISDIR, errno.ELOOP):
            raise InputError("not_a_regular_file", "this is a folder, a pipe or a device; name a subtitle file") from None
        raise InputError("unreadable", f"the file can't be read: {(error.strerror or str(error)).lower()}") from None
