"""A film's content, and versions that are not the one that was seen."""

import os
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.file_version import PIECE, FileVersion
from pipeline.store.identity import Opened


def open_(path: Path) -> Opened:
    return Opened(path, FileVersion.of(path.stat()))


def test_names_do_not_matter_and_every_byte_does(tmp_path: Path) -> None:
    data = bytearray(os.urandom(40 * PIECE))
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(data)
    data[PIECE + 5000] ^= 1  # between two pieces of the sample: only the whole hash sees it
    (tmp_path / "c").write_bytes(data)
    with open_(tmp_path / "a") as a, open_(tmp_path / "b") as b, open_(tmp_path / "c") as c:
        assert a.sample() == b.sample() == c.sample()
        assert a.whole() == b.whole() != c.whole()


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1])
def test_small_files(tmp_path: Path, size: int) -> None:
    (tmp_path / "a").write_bytes(b"x" * size)
    with open_(tmp_path / "a") as film:
        assert film.sample().startswith(f"{size}-")
        assert film.whole().startswith("blake2b:")


def test_another_version_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(InputError, match="source_changed"):
        Opened(tmp_path / "a", FileVersion(1, 1))
    with pytest.raises(InputError, match="not_found"):
        Opened(tmp_path / "b", FileVersion(1, 1))
    with open_(tmp_path / "a") as film:
        (tmp_path / "a").write_bytes(b"xy")
        with pytest.raises(InputError, match="source_changed"):
            film.whole()


def test_hashing_can_be_stopped_and_outlives_the_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100)
    with open_(tmp_path / "a") as film:
        (tmp_path / "a").unlink()
        assert film.whole()
        film.cancel.set()
        with pytest.raises(InputError, match="cancelled"):
            film.whole()
