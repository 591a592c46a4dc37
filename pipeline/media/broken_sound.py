"""AAC of a broadcast in which packets are missing. The filter that copies it out of a transport stream ends ffmpeg at the first that
breaks off, and so the film: it is decoded, which steps over what can't be, and encoded again."""

from collections.abc import Sequence

from pipeline.media.binary import Ffmpeg
from pipeline.media.run import Place, run_command
from pipeline.media.streams import Contents, guards

_FILTER = "aac_adtstoasc"


def broken_sound(ffmpeg: Ffmpeg, place: Place, film: Contents) -> frozenset[int]:
    """Indexes of the sound that can't be copied to its end. Of transport and program streams alone: such a file is read once more, however
    many sounds it has; where one of them breaks, once more for each."""
    if not film.container.startswith("mpeg"):
        return frozenset()
    sounds = [sound.index for sound in film.of("audio") if sound.codec == "aac"]
    if not sounds or not _breaks(ffmpeg, place, film, sounds):
        return frozenset()
    return frozenset(sounds if len(sounds) == 1 else (one for one in sounds if _breaks(ffmpeg, place, film, [one])))


def _breaks(ffmpeg: Ffmpeg, place: Place, film: Contents, sounds: Sequence[int]) -> bool:
    """Whether one of them does."""
    maps = [word for index in sounds for word in ("-map", f"0:{index}")]
    reading = [*film.ahead_options, *guards(), "-i", f"file:{place.film}", *maps]
    trial = [str(ffmpeg.path), "-v", "error", "-nostdin", *reading, "-c", "copy", "-bsf:a", _FILTER, "-f", "null", "-"]
    return any(_FILTER in line for line in run_command(trial, place).messages)
