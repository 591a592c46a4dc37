"""Only a file that tells its size can be shorter than it says."""

import io
import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from pipeline.video.decode.cut_short import cut_short

PICTURE = ("-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=1")


def _cut(path: Path) -> bool:
    with path.open("rb") as file:
        return cut_short(file.fileno())


@pytest.mark.parametrize(("name", "form", "codec"), [("film.avi", "avi", "mpeg4"), ("film.wmv", "asf", "wmv2")])
def test_a_file_is_cut_short_where_it_has_less_than_it_tells(name: str, form: str, codec: str, tmp_path: Path) -> None:
    film, piped = tmp_path / name, tmp_path / f"piped {name}"
    written = [imageio_ffmpeg.get_ffmpeg_exe(), *PICTURE, "-c:v", codec, "-f", form]
    subprocess.run([*written, str(film)], check=True)
    assert not _cut(film)
    film.write_bytes(film.read_bytes()[:-1000])
    assert _cut(film)
    piped.write_bytes(subprocess.run([*written, "pipe:1"], check=True, stdout=subprocess.PIPE).stdout)
    assert not _cut(piped), "it went through a pipe, and nobody could tell its size"


def test_the_size_of_a_live_asf_means_nothing(tmp_path: Path) -> None:
    film = tmp_path / "film.wmv"
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *PICTURE, "-c:v", "wmv2", "-f", "asf", str(film)], check=True)
    content = io.BytesIO(film.read_bytes()[:-1000])
    at = content.getvalue().index(bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")) + 88
    content.seek(at)
    content.write(b"\x03")
    film.write_bytes(content.getvalue())
    assert not _cut(film)
