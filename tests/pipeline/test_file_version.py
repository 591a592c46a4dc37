"""What ``stat`` says of a file, as numbers that a database holds."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.file_version import LEAST, MOST, FileVersion
from pipeline.storage import Entry
from pipeline.storage.spool import stamp


@pytest.mark.parametrize(("time", "told"), [(10**19, MOST), (-(10**19), LEAST), (5, 5), (-5, -5)])
def test_times_beyond_64_bits_are_the_last_that_can_be_told(time: int, told: int) -> None:
    assert FileVersion.of(SimpleNamespace(st_size=1, st_mtime_ns=time)) == (1, told)  # type: ignore[arg-type]


def test_a_file_of_such_a_time_is_known_again(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    os.utime(path, ns=(10**19, 10**19))
    version = FileVersion.of(path.stat())
    assert version.change_at(path) == "same"
    path.write_bytes(b"xy")
    assert version.change_at(path) == "changed"


def test_so_are_those_that_a_storage_tells() -> None:
    assert stamp(Entry(name="a.mp4", size=10**30, modified=1e10)) == (MOST, MOST)
