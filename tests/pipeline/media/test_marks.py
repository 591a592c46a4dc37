"""Dolby Vision, spheres and stereo pictures of MP4 are such after a copy, or it is told that they are not."""

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.media import Encoding, Ffmpeg, burn, mux
from pipeline.media.binary import newest_ffmpeg
from pipeline.types import Cue, Track

Make = Callable[..., Path]
ONE = Track(cues=(Cue(start=0.2, end=0.8, lines=("One",)),), language="en")
PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=1")
AROUND = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")


def box(kind: bytes, inside: bytes) -> bytes:
    return struct.pack(">I", 8 + len(inside)) + kind + inside


PROFILE, LEVEL = 8, 5
DOLBY = box(b"dvvC", bytes([1, 0, PROFILE << 1 | LEVEL >> 5, (LEVEL & 31) << 3 | 0b101, 1 << 4]) + bytes(19))
"""configuration of Dolby Vision in ISO media files: version, profile, level, what is there, compatible with HDR10"""
SIDES = box(b"st3d", bytes(4) + b"\2")
SPHERE = box(b"sv3d", box(b"svhd", bytes(4) + b"x\0") + box(b"proj", box(b"prhd", bytes(16)) + box(b"equi", bytes(20))))
"""spherical video v2 of Google: left and right beside each other, on the whole sphere"""


def marked(film: Path, entry: bytes, more: bytes) -> Path:
    """The film, whose head comes last, with more boxes in the description of its picture."""
    data = bytearray(film.read_bytes())
    at = data.rindex(entry) - 4
    places = [at, *(data.rindex(kind, 0, at) - 4 for kind in AROUND)]
    end = at + struct.unpack_from(">I", data, at)[0]
    data[end:end] = more
    for place in places:
        struct.pack_into(">I", data, place, struct.unpack_from(">I", data, place)[0] + len(more))
    film.write_bytes(data)
    return film


def vision(make: Make, folder: Path) -> Path:
    coding = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le")
    return marked(make(folder / "film.mp4", *PICTURE, *coding, "-tag:v", "hvc1"), b"hvc1", DOLBY)


def sphere(make: Make, folder: Path) -> Path:
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    return marked(make(folder / "film.mp4", *PICTURE, *coding), b"avc1", SIDES + SPHERE)


def listed(ffmpeg: Ffmpeg, path: Path) -> str:
    return subprocess.run([ffmpeg.path, "-i", path], capture_output=True, check=False, text=True).stderr.lower().replace(" ", "")


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("suffix", [".mp4", ".m4v", ".mkv", ".mov"])
@pytest.mark.parametrize(("film_of", "words"), [(vision, ("doviconfigurationrecord",)), (sphere, ("spherical", "stereo3d"))])
def test_a_copy_says_what_its_source_says_or_that_it_does_not(
    film_of: Callable[[Make, Path], Path],
    words: tuple[str, ...],
    suffix: str,
    newest: bool,
    make: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ffmpeg: Ffmpeg,
) -> None:
    film, out = film_of(make, tmp_path), tmp_path / f"out{suffix}"
    assert all(word in listed(ffmpeg, film) for word in words)
    if newest:
        monkeypatch.setenv("SCENESCRIBE_FFMPEG", str(newest_ffmpeg().path))
    told = [notice.code for notice in mux(film, [ONE], out)]
    kept = all(word in listed(ffmpeg, out) for word in words)
    if suffix != ".mov":
        assert kept
    if kept and not newest:
        assert "picture_mark_lost" not in told
    if not kept:
        assert "picture_mark_lost" in told


@pytest.mark.parametrize("film_of", [vision, sphere])
def test_a_burned_picture_says_what_it_is_no_more(film_of: Callable[[Make, Path], Path], make: Make, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    told = {
        notice.code: notice.message for notice in burn(film_of(make, tmp_path), ONE, out, encoding=Encoding(preset="ultrafast"))
    }
    assert "mux keeps it" in told["picture_mark_lost"]


def test_nothing_is_told_of_a_plain_picture(film: Path, track: Track, tmp_path: Path) -> None:
    assert "picture_mark_lost" not in [notice.code for notice in mux(film, [track], tmp_path / "out.mov")]
