"""Why ffmpeg did not write what it should, in the words of a user: what its messages mean, and what can be done."""

import re
import shutil
import signal
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.media.run import Ended
from pipeline.media.starved import maybe, starved


def failure(ended: Ended, path: Path, what: str) -> OutputError:
    """Why ffmpeg did not write what it should, in its own words."""
    said = "\n".join(ended.messages)
    if ended.status == -signal.SIGXFSZ or "File too large" in said:
        return OutputError(
            "no_space", "the film became larger than a file may be here (ulimit -f, or the file system's own limit)"
        )
    if ended.status < 0:
        what = f"ffmpeg was ended from outside (signal {-ended.status}), mostly because memory ran out"
    full = "No space left on device" in said or "Disk quota exceeded" in said
    with_room = shutil.disk_usage(path.resolve().parent).free
    if full or with_room < 100_000:
        return OutputError("no_space", f"the disk of {path.resolve().parent} is full; make room or write elsewhere with -o")
    if refused := starved(said):
        return refused
    if said.count(DROPPED) >= OFTEN:
        return OutputError("clock_restarts", _LEAPS)
    if any(words in said for words in UNTIMED):
        return OutputError("no_timestamps", NO_TIMES)
    if "are supported for WebM" in said:
        sentence = "WebM holds VP8, VP9 and AV1 with Vorbis or Opus alone; write to a .mkv, which holds everything"
        return OutputError("container_cannot", sentence)
    if unheard := _NO_MUXING.search(said):
        sentence = f"ffmpeg can't copy {unheard.group(1)} into {path.suffix} files, nor into others that hold subtitles; burn it"
        return OutputError("container_cannot", sentence)
    if codec := _NO_CODEC.search(said):
        name = next(filter(None, codec.groups()))
        if name == "none":
            return OutputError(
                "container_cannot", f"ffmpeg doesn't know the codec of a stream, and can't copy it into {path.suffix} files"
            )
        instead = "a .mov" if path.suffix == ".mkv" else "a .mkv, which holds everything"
        return OutputError("container_cannot", f"{path.suffix} files can't hold {name}; write to {instead}")
    cause = reason(ended.messages)
    return OutputError(
        "ffmpeg_failed" if ended.status else "output_damaged", what + (f": {cause}" if cause else "") + maybe(said)
    )


def not_to_its_end(ended: Ended) -> bool:
    """Whether ffmpeg was ended, or could not write the end of its file: a Matroska that breaks off opens, plays, and tells no length that
    could be wrong. The exit status is 0 where only the last bytes found no room."""
    words = (*_UNFINISHED, *(_GIVEN_UP if ended.status else ()))
    return ended.status < 0 or any(word in line for line in ended.messages for word in words)


_UNFINISHED = ("Error writing trailer", "Error closing file")
_GIVEN_UP = ("Error applying bitstream filters", "Error muxing a packet")
"""what ffmpeg says where it writes nothing more, and finishes the file as if that were all"""
_NO_CODEC = re.compile(
    r"Could not find tag for codec (\w+)|No wav codec tag found for codec (\w+)|"
    r"(?:codec |Tag )(\w+)(?: in stream \S+)? (?:is )?not (?:currently )?supported"
)
_NO_MUXING = re.compile(r"does not yet support muxing (\w+)")
NO_TIMES = (
    "its pictures carry no times (a raw stream), and a copy would show them in disorder: burn it, or wrap it first (mkvmerge)"
)
DROPPED = "invalid dropping"
"""what ffmpeg says of times more than 30 hours from those before"""
_LEAPS = "its clock leaps by days in mid-film (it ran over), and a copy would show its parts so far apart: burn it"
BACKWARDS = ("Non-monotonous DTS", "Non-monotonic DTS")
OFTEN = 5
"""packets; a few stand still where parts of a broadcast meet"""
UNTIMED = ("Can't write packet with unknown timestamp", "Timestamps are unset in a packet")
_ERROR = re.compile(r"(?:\[[^\]]* @ 0x[0-9a-f]+\] )*\[(?:error|fatal|panic)\] (.*)")
_CONSEQUENCES = re.compile(
    r"Conversion failed|Error while (?:filtering|processing)|Error initializing output stream|Error submitting|Task finished|"
    r"Terminating thread|Nothing was written|Error opening output|Error muxing|av_interleaved_write_frame|Error writing trailer|"
    r"Could not open encoder|received no packets|Error sending frames|Error closing file|Error opening file|Could not write header"
)
"""what ffmpeg says because of an error that it told before"""
_NAMES = re.compile(r"(?:file:)?(?:film|written|again|captions|drawn|track\d+)\.(\w+)")
"""the plain names that we gave it"""


def reason(messages: list[str]) -> str:
    """The error that ffmpeg told (``run`` makes it mark these): the last that is a cause, else the last."""
    errors = [found.group(1).strip() for line in messages if (found := _ERROR.search(line))]
    causes = [text for text in errors if text and not _CONSEQUENCES.search(text)]
    text = (causes or errors or [""])[-1]
    return _NAMES.sub(r"the .\1", text)[:300].rstrip(".")
