"""Codec headers (sequence header, sample description) that are exchanged in mid-film: a copy must not lose them.

FLV        a header of its own among the packets      what a live recorder writes when its sender begins anew
MP4, MOV   several entries in ``stsd``                parts that were joined without encoding

Matroska has one header for a stream. H.264 and HEVC are written so that each keyframe brings its own; sound is converted.
"""

import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pipeline.environment import child_environment
from pipeline.errors import OutputError
from pipeline.media.binary import Ffmpeg
from pipeline.media.run import Place
from pipeline.media.streams import Contents, guards

_IN_BAND = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}
"""codec -> ffmpeg's filter that puts the header in force before each keyframe"""
_NOT_HEADERS = (10, 1024)
"""sizes of what else may stand beside a packet in these containers: samples to skip, a palette"""
_INSIDE = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
_LARGEST = 1 << 20
"""boxes of one kind that are looked at, at most"""


def exchanged(ffmpeg: Ffmpeg, place: Place, film: Contents) -> dict[int, float]:
    """Index of each video and audio stream whose header is exchanged -> seconds at which that happens first."""
    kind = film.container.partition(",")[0]
    if kind not in ("flv", "mov") or (kind == "mov" and not _several_descriptions(place.folder / place.film)):
        return {}
    listing = ["-map", "0:v?", "-map", "0:a?", "-c", "copy", "-f", "framecrc", "-"]
    # of the streams of the output, in this order
    indexes = [stream.index for kind in ("video", "audio") for stream in film.streams if stream.kind == kind]
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
                if header != headers.get(stream) and len(indexes) > stream:
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
        return any(entries > 1 for entries in _entries(file.fileno(), 0, os.fstat(file.fileno()).st_size))


def _entries(fd: int, at: int, end: int) -> Iterator[int]:
    """Numbers of entries of all ``stsd`` boxes between two offsets."""
    for _ in range(_LARGEST):
        head = os.pread(fd, 16, at)
        if at + 8 > end or len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head[:8])
        inside = at + 8
        if size == 1 and len(head) == 16:
            size, inside = struct.unpack(">Q", head[8:])[0], at + 16
        size = size or end - at
        if kind in _INSIDE:
            yield from _entries(fd, inside, min(end, at + size))
        elif kind == b"stsd" and len(count := os.pread(fd, 4, inside + 4)) == 4:
            yield int.from_bytes(count, "big")
        if size < 8:
            return
        at += size


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
    done = subprocess.run(
        command, cwd=place.folder, stdin=subprocess.DEVNULL, capture_output=True, env=child_environment(), check=False
    )
    if done.returncode or done.stderr.strip():
        sentence = (
            f"the picture's codec header is exchanged at {at:.1f} s, and a copy into this container loses that: burn it, or use a newer"
            " ffmpeg (pip install -U imageio-ffmpeg)"
        )
        raise OutputError("header_changes", sentence)
