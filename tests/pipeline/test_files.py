"""Files appear whole or not at all."""

import errno
import os
import resource
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.temporary import temporary_folder
from pipeline import files
from pipeline.errors import OutputError
from pipeline.files import MARK, explained, to_write, whole, write_whole
from pipeline.media.run import workplace
from pipeline.storage.local import LocalStorage


def test_a_file_is_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a:b \"'\n.srt"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def test_a_name_of_255_bytes(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 125 + ".srt")
    write_whole(path, b"one")
    assert path.read_bytes() == b"one"


def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"b\xffd.vtt")
    write_whole(path, b"one")
    assert os.listdir(os.fsencode(tmp_path)) == [b"b\xffd.vtt"]


def test_a_failure_leaves_the_old_file_and_no_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")

    def fail() -> None:
        with whole(path) as temporary:
            assert temporary.suffix == ".mp4"
            assert temporary.name.startswith(".a.mp4" + MARK)
            temporary.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_said_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        write_whole(tmp_path / "no" / "a.srt", b"")
    assert caught.value.code == "unwritable"


def test_a_full_disk_is_said_and_leaves_the_old_file(tmp_path: Path) -> None:
    error = explained(tmp_path / "a.srt", OSError(28, "No space left on device"))
    assert error.code == "no_space"
    assert str(tmp_path) in error.message


def test_a_disk_that_fills_up_while_writing(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OutputError) as caught:
            write_whole(path, b"new" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.code == "no_space"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_that_took_the_temporary_files_place_is_not_written_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim, link = tmp_path / "victim", tmp_path / "link"
    victim.write_text("mine")

    @contextmanager
    def swapped(path: Path, *, durable: bool = True, fresh: bool = False) -> Iterator[Path]:
        link.unlink(missing_ok=True)
        link.symlink_to(victim)
        yield link

    monkeypatch.setattr(files, "whole", swapped)
    with pytest.raises(OutputError, match="unwritable"):
        write_whole(tmp_path / "a.srt", b"ours")
    with pytest.raises(OutputError, match="unwritable"), victim.open("rb") as source:
        files.copy_whole(source, tmp_path / "a.mp4")
    with pytest.raises(OutputError, match="unwritable"):
        LocalStorage(tmp_path).put_file("a.tar", victim)
    assert victim.read_text() == "mine"


def test_what_is_copied_and_what_ffmpeg_writes_follow_no_link_at_the_temporary_name(tmp_path: Path) -> None:
    """Whoever may write in the output's folder puts a link, or a pipe, where the temporary file was."""
    victim, film, out = tmp_path / "victim", tmp_path / "film.mp4", tmp_path / "out.mp4"
    victim.write_text("mine")
    film.write_text("a film")

    def swapped(make: Callable[[Path], None]) -> None:
        with whole(out) as temporary, workplace(film, temporary) as place:
            temporary.unlink()
            make(temporary)
            (place.folder / place.written).write_bytes(b"ours")  # as ffmpeg does: by the name in its own folder
            with pytest.raises(OSError, match=r"No such device|symbolic link"), to_write(temporary):
                pass
            temporary.unlink()
            temporary.symlink_to(victim)

    for make in (os.mkfifo, lambda path: path.symlink_to(victim)):
        with pytest.raises(OutputError, match="unwritable"):
            swapped(make)
        assert (victim.read_text(), out.exists()) == ("mine", False)
    with whole(out) as temporary, workplace(film, temporary) as place:
        (place.folder / place.written).write_bytes(b"ours")
    assert (victim.read_text(), out.read_bytes()) == ("mine", b"ours")


@pytest.mark.parametrize("changed", [0, 4_000_000_000], ids=["long ago", "under a clock that was ahead"])
def test_what_killed_processes_left_in_the_folder_is_removed(tmp_path: Path, changed: int) -> None:
    path = tmp_path / "a.srt"
    old, other, fresh = (
        tmp_path / f".{name}{MARK}{pid}-0123abcd.tmp.srt"
        for name, pid in (("a.srt", 999_999_999), ("b.srt", 999_999_999), ("a.srt", os.getpid()))
    )
    for file in (old, other, fresh):
        file.write_bytes(b"half")
        os.utime(file, (changed, changed))
    write_whole(path, b"one")
    assert sorted(tmp_path.iterdir()) == sorted([path, fresh])


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_full_temporary_folder_is_called_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``-o`` would not help: it is not the output that has no room."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    full = OSError(errno.ENOSPC, "No space left on device")
    with temporary_folder() as folder:
        told = explained(folder / "deep" / "voice.pcm", full)
    assert (told.code, "TMPDIR" in told.message, "with -o" in told.message) == ("no_space", True, False)
    told = explained(tmp_path / "out" / "film.mkv", full)
    assert (told.code, "TMPDIR" in told.message, "with -o" in told.message) == ("no_space", False, True)
