"""The gate: what is asked of a file before any decoder sees it. From here on the file is known by its open descriptor.

path -> open (no FIFO hangs, no link where none may be followed) -> regular? -> empty? -> a film by its first bytes? -> Source
"""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError
from pipeline.file_version import FileVersion
from pipeline.missing import missing

DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpegtsraw,mpeg,mpegvideo,avi,flv,live_flv,ogg,asf,gif,ivf,dv,gxf,mxf,nut,"
    "h264,hevc,m4v,av1,obu,vc1,rm,wtv,dirac,h263,y4m,yuv4mpegpipe,swf,ac3,aac,mp3,wav,flac,srt,webvtt,ass"
)
"""Formats that may be opened; what none of them is (playlists, pictures, ``concat``) is not a film. The last seven hold no
picture: they are listed to be told apart as ``no_video_stream``."""

RAW_STREAMS = frozenset({"h264", "hevc", "vvc", "m4v", "h263", "h261", "vc1", "cavsvideo", "mpegvideo", "dirac"})
"""libav's names of formats that are a codec's stream and nothing beside it: no container tells when a picture is shown"""

SNIFFED = 1 << 18
"""bytes that are looked at: the first picture of Motion JPEG ends in them"""
_NOT_FILMS = {
    b"\x89PNG\r\n": "a PNG picture",
    b"\x8aMNG\r\n": "a MNG animation",
    b"\xff\xd8\xff": "a JPEG picture",
    b"BM": "a BMP picture",
    b"BBCD": "raw Dirac",
    b"II*\x00": "a TIFF picture",
    b"MM\x00*": "a TIFF picture",
    b"#EXTM3U": "a playlist",
    b"ffconcat": "a playlist",
    b"[playlist]": "a playlist",
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\xfd7zXZ\x00": "an xz archive",
    b"BZh": "a bzip2 archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"version https://git-lfs": "a pointer of Git LFS",
    b"\x7fELF": "a program",
    b"#!": "a script",
    b"<?xml": "an XML document",
    b"<MPD": "a playlist",
    b"<smil": "a playlist",
    b"<html": "a web page",
    b"<!DOCTYPE": "a web page",
    b"v=0\r": "a playlist",
    b"v=0\n": "a playlist",
}


@dataclass(slots=True)
class Source:
    """An open film. Close it; the descriptor reads on where the name has gone."""

    path: Path
    fd: int
    size: int
    version: FileVersion

    def changed(self) -> bool:
        """Whether the file was written to since it was opened."""
        return self.fd >= 0 and FileVersion.of(os.fstat(self.fd)) != self.version

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def open_source(path: Path, *, follow_links: bool = True) -> Source:
    """Open a film for reading. ``Source.close`` gives the descriptor back.

    Raises InputError ``not_found``, ``not_a_regular_file``, ``unreadable``, ``empty_file`` or ``not_a_video``.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow_links else os.O_NOFOLLOW)
    try:
        fd = os.open(path, flags)
    except ValueError:
        raise InputError("not_found", "a file name can't hold a NUL character", path=str(path)) from None
    except OSError as error:
        raise _refusal(error, path) from None
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise InputError("not_a_regular_file", "this is a folder, a pipe or a device; give a video file", path=str(path))
        if status.st_size == 0:
            raise InputError("empty_file", "the file is empty", path=str(path))
        _sniff(os.pread(fd, SNIFFED, 0), path)
        return Source(path, fd, status.st_size, FileVersion.of(status))
    except OSError as error:
        os.close(fd)
        raise _refusal(error, path) from None
    except InputError:
        os.close(fd)
        raise


def _refusal(error: OSError, path: Path) -> InputError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        return InputError("not_found", missing(path), path=str(path))
    if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENODEV, errno.EISDIR):
        return InputError("not_a_regular_file", "this is a link, a pipe or a device; give a video file", path=str(path))
    return InputError("unreadable", f"the file can't be read ({os.strerror(error.errno or 0)})", path=str(path))


def _sniff(head: bytes, path: Path) -> None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, what in _NOT_FILMS.items():
        if start.startswith(magic) or head.startswith(magic):
            raise InputError("not_a_video", _moving(head) or f"this is {what}, not a film{_instead(what)}", path=str(path))
    if head[257:262] == b"ustar":
        raise InputError("not_a_video", f"this is a tar archive, not a film{_instead('archive')}", path=str(path))
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        raise InputError(
            "not_a_video", _moving(head) or f"this is a WebP picture, not a film{_instead('picture')}", path=str(path)
        )


def _instead(what: str) -> str:
    """What to do with it, by what it is; '' where nothing can be said."""
    if "archive" in what:
        return "; unpack it, and describe what is in it"
    if "Git LFS" in what:
        return "; git lfs pull fetches the film itself"
    if "picture" not in what:
        return ""
    return "; scenescribe annotate describes pictures, and ffmpeg -framerate 25 -i img%04d.png FILM.mp4 makes a film of a row of them"


def _moving(head: bytes) -> str:
    """What moves and can't be read as a film, by its first bytes; '' for what stands or can't be told.

    Motion JPEG begins anew right where a picture ends (and pictures of several views, MPO, say so).
    An APNG has an ``acTL`` chunk before its first ``IDAT``; a WebP says so in the flags of its ``VP8X`` chunk.
    """
    what = ""
    if head.startswith(b"\x89PNG") and b"acTL" in head.partition(b"IDAT")[0]:
        what = "an animated PNG"
    elif head[12:16] == b"VP8X" and len(head) > 20 and head[20] & 2:
        what = "an animated WebP"
    elif head.startswith(b"\xff\xd8\xff") and b"\xff\xd9\xff\xd8\xff" in head and b"MPF\0" not in head:
        what = "raw Motion JPEG, pictures one after the other without times"
    elif head.startswith(b"BBCD"):
        what = "raw Dirac, pictures one after the other without times"
    newer = " (5.1 can't, 9 can)" if "WebP" in what else ""
    return f"this is {what}; convert it to a film first, for instance{newer}: ffmpeg -i FILE FILM.mp4" if what else ""
