"""Sound that a container refuses, as the ffmpeg that will write it says: half a second of it is written there and read again.

film's sound  ->  copied alone into trial.mkv  ->  is it there, and of a codec that can be told?   yes: it is copied
                                                                                                  no:  it is converted, or left out
"""

import re

from pipeline.media.binary import Ffmpeg
from pipeline.media.containers import AUDIO
from pipeline.media.run import Place, run_command
from pipeline.media.streams import Contents, Stream, contents, guards
from pipeline.media.suffixes import family

_COMMON = {
    "mkv": frozenset({
        "aac", "ac3", "alac", "dts", "eac3", "flac", "mp2", "mp3", "opus", "pcm_f32le", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_u8",
        "truehd", "vorbis",
    }),
    "mov": frozenset({"aac", "ac3", "alac", "eac3", "mp3", "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le"}),
}  # fmt: skip
"""sound of which no trial is needed"""
_UNCOMPRESSED = {"u8": "pcm_u8", "s16": "pcm_s16le", "flt": "pcm_f32le", "dbl": "pcm_f64le"}
"""ffmpeg's sample formats -> encoders that lose nothing of them and that both containers hold"""
_SAMPLES = re.compile(r", (u8|s16|s32|flt|dbl)p?[ ,]")


def refused(ffmpeg: Ffmpeg, place: Place, film: Contents, suffix: str) -> dict[int, str]:
    """Indexes of the sound that can't be copied into this container, and what it becomes: an encoder, or nothing where it can't be decoded.

    Blu-rays, DVDs, broadcasts, old cameras and streaming programs have sound that Matroska has no name for. Into MOV ffmpeg writes some of
    it under names that it does not know itself when it reads them.
    """
    rules, found = family(suffix), {}
    for sound in film.of("audio"):
        if suffix == ".mov" or rules == "mkv":
            held = sound.codec in _COMMON["mov" if suffix == ".mov" else "mkv"] or not _refuses(
                ffmpeg, place, film, sound, suffix
            )
        else:
            held = sound.codec in AUDIO[rules] or ffmpeg.decodes(sound.codec)  # converted by the container's rule
        if not held:
            found[sound.index] = _instead(sound) if ffmpeg.decodes(sound.codec) else ""
    return found


def _instead(sound: Stream) -> str:
    if not sound.codec.startswith("pcm_") and sound.codec != "s302m":
        return "aac"
    samples = _SAMPLES.search(sound.detail)
    return _UNCOMPRESSED.get(samples.group(1) if samples else "", "pcm_s24le")


def _refuses(ffmpeg: Ffmpeg, place: Place, film: Contents, sound: Stream, suffix: str) -> bool:
    trial = f"trial{suffix if suffix == '.mov' else '.mkv'}"
    reading = [*film.ahead_options, *guards(), "-i", f"file:{place.film}"]
    command = [
        str(ffmpeg.path),
        "-v",
        "error",
        "-nostdin",
        "-y",
        *reading,
        "-map",
        f"0:{sound.index}",
        "-c",
        "copy",
        "-t",
        "0.5",
        trial,
    ]
    ended = run_command(command, place)
    if any("Could not write header" in line for line in ended.messages):
        return True
    return ended.status == 0 and any(one.codec in ("none", "unknown") for one in contents(ffmpeg, place, trial).of("audio"))
