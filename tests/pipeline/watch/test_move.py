"""``--done-dir`` and ``--failed-dir``: films move once, to another disk too, and nothing that nobody has described goes with them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from pipeline.file_version import FileVersion
from pipeline.files import copy_whole
from pipeline.watch import move as moving
from pipeline.watch.move import move


def version(path: Path, size: int) -> FileVersion:
    """The version that is there, as if it had so many bytes."""
    there = FileVersion.at(path)
    return FileVersion(size, there.mtime_ns if there is not None else 0)


@pytest.fixture
def another_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be renamed from the watched folder to the other one."""

    def rename(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.rename", rename)


@pytest.fixture
def while_copied(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """What happens when a film's bytes are at the other disk, and its name is still here."""

    def happens(then: Callable[[], object]) -> None:
        def copied(film: BinaryIO, place: Path) -> None:
            copy_whole(film, place)
            then()

        monkeypatch.setattr(moving, "copy_whole", copied)

    return happens


def test_moves_come_to_the_same_end_when_done_again(tmp_path: Path) -> None:
    source, target = tmp_path / "a.mp4", tmp_path / "done" / "a.mp4"
    source.write_bytes(b"film")
    assert move(source, target, version(source, 5)) is None, "another version: not ours to move"
    assert move(source, target, version(source, 4)) == target
    assert move(source, target, version(source, 4)) is None
    source.write_bytes(b"film")  # as a copy to another disk leaves it, killed before the end
    assert move(source, target, version(source, 4)) == target
    assert not source.exists()
    source.write_bytes(b"else")
    assert move(source, target, version(source, 4)) == target.with_name("a~2.mp4")
    source.write_bytes(b"film")  # others may write in the folder that it moves to
    target.with_name("a~3.mp4").symlink_to("nothing")
    target.with_name("a~4.mp4").symlink_to(source)
    os.mkfifo(target.with_name("a~5.mp4"))
    assert move(source, target.with_name("a~3.mp4"), version(source, 4)) == target.with_name("a~3~2.mp4")
    source.write_bytes(b"film")
    assert move(source, target.with_name("a~4.mp4"), version(source, 4)) == target.with_name("a~4~2.mp4")
    source.write_bytes(b"film")
    assert move(source, target.with_name("a~5.mp4"), version(source, 4)) == target.with_name("a~5~2.mp4")


@pytest.mark.usefixtures("another_disk")
def test_a_move_to_another_disk(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"film")
    os.utime(tmp_path / "a.mp4", (1_000_000, 1_000_000))
    assert move(tmp_path / "a.mp4", tmp_path / "done" / "a.mp4", version(tmp_path / "a.mp4", 4)) == tmp_path / "done" / "a.mp4"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.mp4"]
    assert int((tmp_path / "done" / "a.mp4").stat().st_mtime) == 1_000_000


@pytest.mark.usefixtures("another_disk")
@pytest.mark.parametrize("new", [b"behind", b"longer than before"])
def test_a_version_that_takes_the_name_while_the_old_one_is_copied_stays(
    tmp_path: Path, while_copied: Callable[[Callable[[], object]], None], caplog: pytest.LogCaptureFixture, new: bytes
) -> None:
    source, target = tmp_path / "a.mp4", tmp_path / "done" / "a.mp4"
    source.write_bytes(b"before")
    (tmp_path / "new").write_bytes(new)
    os.utime(tmp_path / "new", ns=(1, source.stat().st_mtime_ns))  # of one length its inode alone tells it
    while_copied(lambda: (tmp_path / "new").replace(source))
    assert move(source, target, version(source, 6)) == target
    assert (target.read_bytes(), source.read_bytes()) == (b"before", new)
    assert [(record.msg["path"], record.msg["reason"]) for record in caplog.records] == [(source, "source_changed")]


@pytest.mark.usefixtures("another_disk")
def test_what_is_written_to_while_it_is_copied_is_copied_as_nothing(
    tmp_path: Path, while_copied: Callable[[Callable[[], object]], None], caplog: pytest.LogCaptureFixture
) -> None:
    source, target = tmp_path / "a.mp4", tmp_path / "done" / "a.mp4"
    source.write_bytes(b"before")
    while_copied(lambda: source.write_bytes(b"longer than before"))
    assert move(source, target, version(source, 6)) is None
    assert (list(target.parent.iterdir()), source.read_bytes()) == ([], b"longer than before")
    assert [record.msg["reason"] for record in caplog.records] == ["source_changed"]


def test_a_version_that_comes_while_the_old_one_is_found_copied_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "a.mp4", tmp_path / "done" / "a.mp4"
    target.parent.mkdir()
    for path in (source, target):
        path.write_bytes(b"before")
    real = moving._same

    def same(film: BinaryIO, place: Path) -> bool:
        found = real(film, place)
        (tmp_path / "new").write_bytes(b"behind")
        (tmp_path / "new").replace(source)
        return found

    monkeypatch.setattr(moving, "_same", same)
    assert move(source, target, version(source, 6)) == target
    assert (target.read_bytes(), source.read_bytes()) == (b"before", b"behind")


@pytest.mark.usefixtures("another_disk")
def test_a_film_is_removed_where_each_look_shows_another_inode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target, looks = tmp_path / "a.mp4", tmp_path / "done" / "a.mp4", iter(range(100))
    source.write_bytes(b"before")
    identity = moving._identity
    monkeypatch.setattr(moving, "_identity", lambda status: (next(looks), *identity(status)))
    assert move(source, target, version(source, 6)) == target
    assert not source.exists()


@pytest.mark.parametrize("leads_to", ["x/film.mp4", "1234"])
def test_a_link_stays_where_it_is_and_that_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture, leads_to: str) -> None:
    """It was taken for another version, unless its own text was as long as the film: then it was moved, to lead nowhere."""
    film, link = tmp_path / leads_to, tmp_path / "a.mp4"
    film.parent.mkdir(exist_ok=True)
    film.write_bytes(b"film")
    link.symlink_to(leads_to)
    assert move(link, tmp_path / "done" / "a.mp4", version(link, 4)) is None
    assert link.read_bytes() == b"film"
    assert not (tmp_path / "done").exists()
    assert [(record.msg["path"], record.msg["reason"]) for record in caplog.records] == [(link, "link_stays")]


def test_a_version_of_one_length_that_came_since_the_film_was_described_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It was taken for the one that was described, and moved away before anybody saw it."""
    source = tmp_path / "a.mp4"
    source.write_bytes(b"before")
    described = FileVersion.of(source.stat())
    (tmp_path / "new").write_bytes(b"behind")
    os.utime(tmp_path / "new", ns=(1, described.mtime_ns + 1))
    (tmp_path / "new").replace(source)
    assert move(source, tmp_path / "done" / "a.mp4", described) is None
    assert ([path.name for path in tmp_path.iterdir()], source.read_bytes()) == (["a.mp4"], b"behind")
    assert [(record.msg["path"], record.msg["reason"]) for record in caplog.records] == [(source, "source_changed")]


@pytest.mark.parametrize("third", [False, True])
def test_a_version_that_comes_between_the_look_and_the_renaming_goes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, third: bool
) -> None:
    source, target, real = tmp_path / "a.mp4", tmp_path / "done" / "a.mp4", os.rename
    source.write_bytes(b"before")
    described = FileVersion.of(source.stat())

    def rename(old: Path, new: Path) -> None:
        monkeypatch.setattr("os.rename", real)
        (tmp_path / "new").write_bytes(b"longer than before")
        (tmp_path / "new").replace(source)
        real(old, new)
        if third:
            source.write_bytes(b"third")

    monkeypatch.setattr("os.rename", rename)
    assert move(source, target, described) == (target if third else None)
    assert source.read_bytes() == (b"third" if third else b"longer than before")
    assert target.exists() == third
    assert [record.msg["reason"] for record in caplog.records] == ["source_changed"]
