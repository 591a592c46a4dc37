"""What is called like a film and is none says what it is, and what to do with it."""

import bz2
import gzip
import io
import lzma
import tarfile
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.media import burn, mux
from pipeline.types import Cue, Track
from pipeline.video.children.pool import WorkerPool
from pipeline.video.headless import ZEROS
from pipeline.video.probe import probe

ONE = Track(cues=(Cue(start=0.0, end=0.5, lines=("One",)),))


def tarred(data: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo("film.mp4")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


FILM = b"\0\0\0\x20ftypisom" + bytes(range(256)) * 20
ARCHIVES = {
    "a gzip archive": gzip.compress(FILM),
    "a bzip2 archive": bz2.compress(FILM),
    "an xz archive": lzma.compress(FILM),
    "a tar archive": tarred(FILM),
    "a RAR archive": b"Rar!\x1a\x07\x01\x00" + FILM,
    "a 7-Zip archive": b"7z\xbc\xaf\x27\x1c\x00\x04" + FILM,
    "a Zstandard archive": b"\x28\xb5\x2f\xfd\x04" + FILM,
}


@pytest.mark.parametrize("what", ARCHIVES)
def test_archives(what: str, pool: WorkerPool, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(ARCHIVES[what])
    with pytest.raises(InputError, match=f"this is {what}, not a film; unpack it") as caught:
        probe(path, pool=pool)
    assert caught.value.code == "not_a_video"


def test_a_pointer_in_place_of_the_film(pool: WorkerPool, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
    with pytest.raises(InputError, match="git lfs pull fetches the film itself") as caught:
        probe(path, pool=pool)
    assert caught.value.code == "not_a_video"


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi"])
def test_room_that_was_set_aside_for_a_film(suffix: str, pool: WorkerPool, tmp_path: Path) -> None:
    path = tmp_path / f"film{suffix}"
    with path.open("wb") as file:
        file.truncate(5 << 30)  # it takes no room
    with pytest.raises(InputError) as caught:
        probe(path, pool=pool)
    assert (caught.value.code, caught.value.message) == ("unsupported_or_corrupt", ZEROS)
    for write in (lambda: mux(path, [ONE], tmp_path / "out.mkv"), lambda: burn(path, ONE, tmp_path / "out2.mkv")):
        with pytest.raises(InputError) as caught:
            write()
        assert (caught.value.code, caught.value.message) == ("unsupported_or_corrupt", ZEROS)
