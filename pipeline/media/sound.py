"""The sound of a film as samples: decoded by ffmpeg, in the time of the picture, a little at a time."""

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from models.temporary import temporary_folder
from pipeline.environment import child_environment
from pipeline.errors import InputError, OutputError
from pipeline.media.binary import find_ffmpeg
from pipeline.media.jumps import followed
from pipeline.media.run import workplace
from pipeline.media.streams import Contents, Stream, contents, guards

PIECE = 1 << 16
"""bytes that are read at once"""
IN_TIME = "aresample=async=1:first_pts=0"
"""ffmpeg's filter for sound that begins late or has holes: silence stands where there is none, so that samples count seconds"""


def sound_of(film: Contents) -> Stream | None:
    """The sound that a player plays by itself: the one marked as default, else the first; None where there is none."""
    sounds = film.of("audio")
    return next((sound for sound in sounds if "(default)" in sound.detail), sounds[0] if sounds else None)


def samples(film: Path, *, rate: int, cancel: threading.Event | None = None) -> Iterator[bytes]:
    """The film's sound mixed into one channel: 16 bit signed, little-endian, ``rate`` a second, in pieces of any length.

    Nothing where the film has no sound. Sample n is heard at n / ``rate`` seconds on the player's clock.
    Raises EnvironmentFault ``no_ffmpeg``; InputError as for opening a film, ``unsupported_or_corrupt`` where none of it can be decoded;
    OutputError ``cancelled``.
    """
    ffmpeg = find_ffmpeg()
    with temporary_folder() as folder, workplace(film, folder / "unused") as place:
        opened = followed(ffmpeg, place, contents(ffmpeg, place, place.film))
        sound = sound_of(opened)
        if sound is None:
            return
        reading = [
            *guards(),
            *opened.ahead_options,
            "-i",
            f"file:{place.film}",
            "-map",
            f"0:{sound.index}",
            "-af",
            IN_TIME,
            "-ac",
            "1",
            "-ar",
            str(rate),
        ]
        with subprocess.Popen(
            [str(ffmpeg.path), "-v", "quiet", "-nostdin", *reading, "-f", "s16le", "-"],
            cwd=place.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
        ) as process:
            assert process.stdout is not None
            some = False
            try:
                while piece := process.stdout.read(PIECE):
                    if cancel is not None and cancel.is_set():
                        raise OutputError("cancelled", "stopped before it was done; nothing was written")
                    some = True
                    yield piece
            finally:
                process.kill()
        if not some and process.returncode:
            raise InputError("unsupported_or_corrupt", f"its sound (audio stream {sound.index}, {sound.codec}) can't be decoded")
