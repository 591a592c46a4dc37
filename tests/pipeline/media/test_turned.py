"""A picture that is shown turned or mirrored (telephones, front cameras) is shown so after a copy too, or the copy is refused."""

import struct
import subprocess
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.media import Ffmpeg, mux, muxed_suffix
from pipeline.media.turning import Turning, turning
from pipeline.types import Track

MATRICES = {
    "upright": (1, 0, 0, 1),
    "a quarter left": (0, -1, 1, 0),
    "a quarter right": (0, 1, -1, 0),
    "upside down": (-1, 0, 0, -1),
    "left to right": (-1, 0, 0, 1),
    "top to bottom": (1, 0, 0, -1),
    "a quarter and mirrored": (0, 1, 1, 0),
}
TURNED = ("a quarter left", "a quarter right", "upside down")
MIRRORED = ("left to right", "top to bottom", "a quarter and mirrored")


def asking(film: Path, path: Path, name: str, *, box: bytes = b"tkhd") -> Path:
    """The film with this matrix in the head of its first track, its picture, or of the film."""
    data = bytearray(film.read_bytes())
    a, b, c, d = (value * 65536 for value in MATRICES[name])
    struct.pack_into(">5i", data, data.index(box) + 4 + (40 if box == b"tkhd" else 36), a, b, 0, c, d)
    path.write_bytes(data)
    return path


def shown(ffmpeg: Ffmpeg, path: Path) -> bytes:
    """The first picture as a player shows it, coarse enough to be the same byte for byte from the same stream."""
    command = [
        ffmpeg.path,
        "-v",
        "error",
        "-i",
        path,
        "-map",
        "0:v:0",
        "-frames:v",
        "1",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "gray",
        "-",
    ]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.parametrize("box", [b"tkhd", b"mvhd"])
@pytest.mark.parametrize("name", MATRICES)
def test_what_a_film_asks_for_is_read(name: str, box: bytes, film: Path, tmp_path: Path) -> None:
    turned = asking(film, tmp_path / "film.mov", name, box=box)
    assert turning(turned) is (Turning.MIRRORED if name in MIRRORED else Turning.TURNED if name in TURNED else Turning.NONE)
    assert muxed_suffix(turned) == (".mkv" if name == "upright" else ".mov")


COPIES = [*((name, ".mkv") for name in (*TURNED, *MIRRORED)), ("a quarter left", ".mp4"), ("left to right", ".mov")]


@pytest.mark.parametrize(("name", "suffix"), COPIES)
def test_a_copy_is_shown_as_its_source(name: str, suffix: str, film: Path, track: Track, tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    turned, out = asking(film, tmp_path / "film.mov", name), tmp_path / f"out{suffix}"
    if name in MIRRORED and suffix == ".mkv":
        with pytest.raises(OutputError) as caught:
            mux(turned, [track], out)
        assert caught.value.code == "container_cannot"
        assert ".mp4 or .mov" in str(caught.value)
        assert not out.exists()
        return
    mux(turned, [track], out)
    assert shown(ffmpeg, out) == shown(ffmpeg, turned)


def test_a_copy_that_lost_it_is_refused(
    film: Path, track: Track, tmp_path: Path, ffmpeg: Ffmpeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no newer ffmpeg than one that can't tell Matroska (before 7)."""
    turned = asking(film, tmp_path / "film.mov", "a quarter left")
    monkeypatch.setattr("pipeline.media.copying.newest_ffmpeg", lambda: ffmpeg)
    if ffmpeg.major >= (7, 0):
        mux(turned, [track], tmp_path / "out.mkv")
        return
    with pytest.raises(OutputError, match="turned"):
        mux(turned, [track], tmp_path / "out.mkv")
    assert not (tmp_path / "out.mkv").exists()


def test_a_turned_matroska_stays_turned(film: Path, track: Track, tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    first, second = tmp_path / "first.mkv", tmp_path / "second.mp4"
    turned = asking(film, tmp_path / "film.mov", "a quarter right")
    mux(turned, [track], first)
    mux(first, [track], second)
    assert shown(ffmpeg, second) == shown(ffmpeg, turned)
