"""What can't be read says why: nobody is sent to look for damage in a file that is whole."""

import subprocess
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.media import burn, find_ffmpeg, mux
from pipeline.types import Cue, Track
from pipeline.video.children.pool import WorkerPool
from pipeline.video.headless import NO_DECODER, NOT_READ, TEXT, UNKNOWN
from pipeline.video.probe import probe

ONE = Track(cues=(Cue(start=0.0, end=0.2, lines=("One",)),))


def made(path: Path, *options: str) -> Path:
    source = ["-f", "lavfi", "-i", "testsrc2=s=352x288:r=30:d=0.3"]
    subprocess.run([find_ffmpeg().path, "-v", "error", *source, *options, path], check=True)
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("film.h261", ("-c:v", "h261")),
        ("film.ppm", ("-f", "image2pipe", "-c:v", "ppm")),
        ("film.mpjpeg", ("-f", "mpjpeg")),
        ("film.fits", ("-f", "fits", "-pix_fmt", "gray")),
    ],
)
def test_a_format_that_is_not_read_is_not_damaged(name: str, options: tuple[str, ...], pool: WorkerPool, tmp_path: Path) -> None:
    film = made(tmp_path / name, *options)
    for opened in (
        lambda: probe(film, pool=pool),
        lambda: mux(film, [ONE], tmp_path / "out.mkv"),
        lambda: burn(film, ONE, tmp_path / "out.mp4"),
    ):
        with pytest.raises(InputError) as caught:
            opened()
        assert (caught.value.code, caught.value.message) == ("unsupported_format", NOT_READ)
    assert "ffmpeg -i FILE" in NOT_READ


def test_what_comes_after_it_is_judged_by_itself(pool: WorkerPool, tmp_path: Path) -> None:
    """One process looks at both, and libav's words on the first are still there."""
    film, noise = made(tmp_path / "film.h261", "-c:v", "h261"), tmp_path / "noise.mp4"
    noise.write_bytes(bytes(range(1, 251)) * 40)
    for path, sentence in ((film, NOT_READ), (noise, UNKNOWN), (film, NOT_READ)):
        with pytest.raises(InputError) as caught:
            probe(path, pool=pool)
        assert caught.value.message == sentence


@pytest.mark.parametrize("text", ["This is no film.\n", "\ufeff{}\r\n", "é" * 1000])
def test_a_text_is_called_one(text: str, pool: WorkerPool, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        probe(tmp_path / "film.mp4", pool=pool)
    assert (caught.value.code, caught.value.message) == ("unsupported_or_corrupt", TEXT)


def test_an_unknown_codec_is_told_by_who_burns_and_copies(pool: WorkerPool, tmp_path: Path) -> None:
    film = made(tmp_path / "film.mkv", "-c:v", "libx264")
    film.write_bytes(film.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_MPEG9/ISO/XYZ"))
    for opened in (lambda: probe(film, pool=pool), lambda: burn(film, ONE, tmp_path / "out.mp4")):
        with pytest.raises(InputError) as caught:
            opened()
        assert (caught.value.code, caught.value.message) == ("no_decoder", NO_DECODER)
