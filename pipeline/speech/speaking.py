"""Descriptions spoken: captions and a film in, an audio description track out.

captions -> when somebody speaks -> what is said when (script) -> samples in the time of the film -> mixed under its sound (media.spoken)
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.temporary import temporary_folder
from pipeline.cues.pauses import Place
from pipeline.cues.room import described_part
from pipeline.errors import InputError, OutputError
from pipeline.families import parse
from pipeline.media.run import Progress
from pipeline.media.spoken import lasts, spoken, spoken_sound
from pipeline.sanitize import MAX_CHARACTERS
from pipeline.speech.listening import speech_in
from pipeline.speech.script import Script, write_script
from pipeline.speech.voice import Utterance, speaker
from pipeline.types import Caption, Document, Notice, Span

LOUDNESS, PEAK = 0.1, 0.9
"""root mean square of a voice (-20 dB of full scale) and the highest it may come, of 1"""
A_SECOND, SPARE = 200, 100_000
"""characters that are spoken for each second of a film, at most, and beside these: a voice says fifteen a second"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What was said."""

    script: Script
    speech: tuple[Span, ...]
    """when somebody speaks in the film"""
    notices: tuple[Notice, ...]


def describe_aloud(
    video: Path,
    captions: Sequence[Caption],
    out: Path,
    *,
    language: str,
    film_end: float,
    voice: str = "espeak",
    place: Place = "gaps",
    extended: bool = False,
    speech: Sequence[Span] | None = None,
    part: Span | None = None,
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Described:
    """Write ``out``: the film with an audio description track, or where its suffix is no film's the described sound alone. Blocks.

    ``film_end``: seconds of the film. ``speech``: when somebody speaks in it, listened for where it is None and wanted. ``part``: the
    stretch of it that was described, where that is not all.
    Raises InputError ``no_cues`` where there is nothing to say, ``bad_subtitles`` where there is far too much; EnvironmentFault
    ``no_voice``, ``no_speech_detector``, ``no_ffmpeg``; UsageError ``bad_voice``; OutputError ``voice_failed``, and as ``mux`` does.
    """
    if not any(caption.text.strip() for caption in captions):
        raise InputError("no_cues", "there is nothing to say: no caption has a text")
    late = sum(bool(caption.text.strip()) for caption in captions if caption.start >= film_end)
    after = f"{late} {'description' if late == 1 else 'descriptions'} would be said after the film, which lasts {film_end:.1f} s"
    captions = [caption for caption in captions if caption.start < film_end]
    if late and not any(caption.text.strip() for caption in captions):
        raise InputError("no_cues", f"there is nothing to say: {after}")
    left_out = (Notice(code="past_the_end", message=f"{after}: left out"),) if late else ()
    total = sum(min(len(caption.text), MAX_CHARACTERS) for caption in captions)
    if total > A_SECOND * film_end + SPARE:  # each is spoken before it is known what fits: days of a processor, and a disk
        hours = f"they would be spoken for {total / 15 / 3600:,.0f} hours"
        raise InputError("bad_subtitles", f"{total:,} characters are no descriptions of a film of {film_end:,.0f} s: {hours}")
    with temporary_folder() as folder, speaker(voice, language, folder) as speaks:
        if speech is None:
            speech = speech_in(video, cancel=cancel) if place != "window" or extended else ()

        def say(text: str, faster: float) -> Utterance:
            return speaks.say(text, faster=faster)

        script = write_script(captions, speech, film_end, say, place=place, extended=extended, part=part)
        if not script.said and script.notices and all(notice.code == "not_spoken" for notice in script.notices):
            raise InputError("no_cues", f"there is nothing to say: {script.notices[0].message}")
        if not script.said:
            raise InputError("no_cues", "no pause of speech is long enough to say anything in it; --extended lets the film wait")
        track = folder / "voice.track"
        rate = script.said[0].utterance.rate
        _write(script, track, rate, film_end)
        waits = [(hold.at, hold.seconds) for hold in script.holds]
        options: dict[str, Any] = {"waits": waits, "on_progress": on_progress, "cancel": cancel}
        told: tuple[Notice, ...] = ()
        if out.suffix.lower() in SOUNDS:
            spoken_sound(video, track, rate, out, **options)
        else:
            told = spoken(video, track, rate, out, language=language, **options)
    return Described(script=script, speech=tuple(speech), notices=(*left_out, *script.notices, *told))


def speak_captions(
    video: Path,
    document: Document,
    out: Path,
    *,
    voice: str,
    place: Place,
    extended: bool,
    on_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> Described:
    """``describe_aloud`` of a document: its language, when somebody speaks as far as it tells, its film's length as the film tells it."""
    end = lasts(video, max((caption.end for caption in document.captions), default=0.0)) or document.source.duration
    language, part = document.language, described_part(document, end)
    return describe_aloud(
        video, document.captions, out, language=language, film_end=end, voice=voice_spec(voice), place=place, extended=extended,
        speech=document.speech, part=part, on_progress=on_progress, cancel=cancel,
    )  # fmt: skip


def voice_spec(given: str) -> str:
    """What ``--voice`` says, as a member of the family: the file of a voice of Piper's is one too. Raises UsageError."""
    if given.lower().endswith(".onnx") and ":" not in given:
        given = f"piper:file={given}"
    parse("voices", given)
    return given


SOUNDS = (".flac", ".wav", ".mp3", ".m4a", ".opus", ".ogg")
"""suffixes of sound alone"""


def _write(script: Script, path: Path, rate: int, film_end: float) -> None:
    """All that is said, in the time of what is written. The file has holes where nobody speaks: it takes the room of the voice alone."""
    length = script.later(film_end + 0.001)
    with path.open("wb") as file:
        for said in script.said:
            if said.utterance.rate != rate:
                raise OutputError("voice_failed", "the voice changed its rate between two texts")
            file.seek(round(script.later(said.at) * rate) * 2)
            file.write(levelled(said.utterance.file.read_bytes()))
        file.truncate(max(file.tell(), round(length * rate) * 2))


def levelled(samples: bytes) -> bytes:
    """The samples as loud as LOUDNESS, or as PEAK allows."""
    wave = np.frombuffer(samples, "<i2").astype(np.float32) / 32768
    loud = float(np.sqrt(np.mean(wave * wave))) if len(wave) else 0.0
    if loud < 1e-5:
        return samples
    gain = min(LOUDNESS / loud, PEAK / float(np.abs(wave).max()))
    return bytes((wave * gain * 32767).astype("<i2").tobytes())
