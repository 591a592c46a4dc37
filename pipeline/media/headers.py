"""Codec headers (sequence header, sample description) that are exchanged in mid-film: a copy must not lose them.

FLV        a header of its own among the packets      what a live recorder writes when its sender begins anew
MP4, MOV   several entries in ``stsd``                parts that were joined without encoding

Matroska has one header for a stream. H.264 and HEVC are written so that each keyframe brings its own; sound is converted, where its
header comes again unchanged too: ffmpeg writes it a second time there, over what follows it.
"""

import os
import subprocess
from pathlib import Path

from pipeline.environment import child_environment
from pipeline.errors import OutputError
from pipeline.media.binary import Ffmpeg
from pipeline.media.losses import broadcast
from pipeline.media.run import Place
from pipeline.media.said import said
from pipeline.media.streams import Contents, guards
from pipeline.video.boxes import Box, within
from pipeline.video.transport import codec_change

_IN_BAND = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}
"""codec -> ffmpeg's filter that puts the header in force before each keyframe"""
_NOT_HEADERS = (10, 1024)
"""sizes of what else may stand beside a packet in these containers: samples to skip, a palette"""


def exchanged(ffmpeg: Ffmpeg, place: Place, film: Contents, *, rules: str) -> dict[int, float]:
    """Index of each video and audio stream whose header is exchanged -> seconds at which that happens first.

    ``rules``: the family of the container that is written; in Matroska sound's header may not even come again as it was.
    """
    kind = film.container.partition(",")[0]
    if kind not in ("flv", "mov") or (kind == "mov" and not _several_descriptions(place.folder / place.film)):
        return {}
    listing = ["-map", "0:v?", "-map", "0:a?", "-c", "copy", "-f", "framecrc", "-"]
    # of the streams of the output, in this order
    indexes = [stream.index for kind in ("video", "audio") for stream in film.streams if stream.kind == kind]
    sounds = range(sum(stream.kind == "video" for stream in film.streams), len(indexes))
    found: dict[int, float] = {}
    with subprocess.Popen(
        [str(ffmpeg.path), "-v", "quiet", "-nostdin", *guards(), "-i", f"file:{place.film}", *listing],
        cwd=place.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=child_environment(),
    ) as process:
        assert process.stdout is not None
        headers, ticks = dict[int, str](), dict[int, float]()
        for line in process.stdout:
            words = [word.strip() for word in line.decode("ascii", "replace").split(",")]
            if words[0].startswith("#"):
                name, _, value = words[0][1:].partition(": ")
                what, _, number = name.partition(" ")
                if what == "extradata":
                    headers[int(number)] = words[-1]
                elif what == "tb":
                    above, below = value.split("/")
                    ticks[int(number)] = int(above) / int(below)
            elif any(word.startswith("S=") for word in words[6:]) and (header := _header(words)):
                stream = int(words[0])
                again = rules != "mp4" and stream in sounds
                if (header != headers.get(stream) or again) and len(indexes) > stream:
                    found.setdefault(indexes[stream], int(words[2]) * ticks.get(stream, 0.0))
    return found


def _header(words: list[str]) -> str:
    """What tells one header from another on a packet's line: its sum, or its size where that is all that is told; '' for none."""
    beside = words[next(n for n, word in enumerate(words) if word.startswith("S=")) + 1 :]
    sizes = [n for n, word in enumerate(beside) if word.isdecimal() and int(word) not in _NOT_HEADERS]
    if not sizes:
        return ""
    last = sizes[-1]
    return beside[last + 1] if last + 1 < len(beside) else beside[last]


def _several_descriptions(path: Path) -> bool:
    """Whether any ``stsd`` of an MP4 has more than one entry (ISO/IEC 14496-12 8.5.2)."""
    with path.open("rb") as file:
        fd, whole = file.fileno(), Box(b"", 0, os.fstat(file.fileno()).st_size)
        found = within(fd, whole, b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
        return any(int.from_bytes(one.read(fd, 8)[4:], "big") > 1 for one in found)


def check_codec(place: Place, film: Contents) -> None:
    """See that the picture of a transport stream has one codec. Raises OutputError ``codec_changes``."""
    if broadcast(film) and (change := codec_change(place.folder / place.film)) is not None:
        raise OutputError("codec_changes", change.sentence)


def in_band(film: Contents) -> dict[str, str]:
    """ffmpeg's options of an output that gives each keyframe of the picture the header in force."""
    filtered = _IN_BAND.get(film.film.codec)
    return {"bsf:v:0": filtered} if filtered else {}


def check_after(ffmpeg: Ffmpeg, place: Place, at: float) -> None:
    """See that the picture can be decoded where its header was exchanged. Raises OutputError ``header_changes``."""
    command = [
        *(
            str(ffmpeg.path),
            "-v",
            "error",
            "-nostdin",
            "-xerror",
            "-err_detect",
            "explode",
            *guards(),
            "-ss",
            f"{max(0.0, at - 0.5):.3f}",
        ),
        *("-i", f"file:{place.written}", "-map", "0:V:0", "-t", "1.5", "-f", "null", "-"),
    ]
    complaints, code = said(command, place.folder, "stderr")
    if code or complaints.strip():
        sentence = (
            f"the picture's codec header is exchanged at {at:.1f} s, and a copy into this container loses that: burn it, or use a newer"
            " ffmpeg (pip install -U imageio-ffmpeg)"
        )
        raise OutputError("header_changes", sentence)
