"""The settle rule on a clock of our own; hints, rescans, links, shares that go away."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from patience import PATIENCE

from pipeline.file_version import FileVersion
from pipeline.watch.folder import Folder, _Orders
from pipeline.watch.rules import Rules


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def watch(root: Path, clock: Clock, settle: float = 5.0, **rules: Any) -> Folder:
    return Folder(Rules(root=root, **rules), settle=settle, poll=1.0, known={}, clock=clock)


def names(folder: Folder) -> list[str]:
    return [found.path.name for found in folder.look()]


def test_a_file_is_given_once_when_it_stood_still(tmp_path: Path, clock: Clock) -> None:
    folder = watch(tmp_path, clock)
    (tmp_path / "a.mp4").write_bytes(b"x")
    assert names(folder) == []
    clock.now += 4.9
    assert names(folder) == []
    clock.now += 0.2
    assert names(folder) == ["a.mp4"]
    clock.now += 100
    assert names(folder) == []
    assert folder.quiet


def test_bursts_with_pauses_shorter_than_settle_are_one_file(tmp_path: Path, clock: Clock) -> None:
    folder, path = watch(tmp_path, clock), tmp_path / "a.mp4"
    given = []
    for burst in range(15):
        with path.open("ab") as file:
            file.write(b"x" * burst)
        for _ in range(8):  # 4 s
            clock.now += 0.5
            given += names(folder)
    assert given == []
    for _ in range(12):
        clock.now += 1
        given += names(folder)
    assert given == ["a.mp4"]


def test_what_still_changes_after_long_is_told(tmp_path: Path, clock: Clock) -> None:
    folder, path = watch(tmp_path, clock), tmp_path / "a.mp4"
    (tmp_path / "b.mp4").write_bytes(b"x")
    for second in range(60):
        path.write_bytes(b"x" * second)
        names(folder)
        assert folder.changing(60.0) == []
        clock.now += 1
    assert folder.changing(60.0) == [path], "and not what stood still"
    names(folder)
    clock.now += 6
    assert names(folder) == ["a.mp4"]
    assert folder.changing(60.0) == []


def test_what_stands_still_for_a_long_settle_is_not_told(tmp_path: Path, clock: Clock) -> None:
    folder = watch(tmp_path, clock, settle=600.0)
    (tmp_path / "a.mp4").write_bytes(b"x")
    names(folder)
    clock.now += 599
    names(folder)
    assert folder.changing(60.0) == []


def test_a_change_of_the_time_alone_counts_too(tmp_path: Path, clock: Clock) -> None:
    folder, path = watch(tmp_path, clock, settle=1.0), tmp_path / "a.mp4"
    path.write_bytes(b"x")
    names(folder)
    clock.now += 0.9
    os.utime(path, ns=(1, 1))
    assert names(folder) == []
    clock.now += 0.9
    assert names(folder) == []
    clock.now += 0.2
    assert names(folder) == ["a.mp4"]


def test_a_file_that_goes_is_forgotten_and_is_new_when_it_comes_back(tmp_path: Path, clock: Clock) -> None:
    folder, path = watch(tmp_path, clock, settle=0.0), tmp_path / "a.mp4"
    path.write_bytes(b"x")
    assert names(folder) == ["a.mp4"]
    path.unlink()
    clock.now += 2
    assert names(folder) == []
    path.write_bytes(b"x")
    clock.now += 2
    assert names(folder) == ["a.mp4"]


def test_again_gives_the_same_version_once_more(tmp_path: Path, clock: Clock) -> None:
    folder, path = watch(tmp_path, clock, settle=0.0), tmp_path / "a.mp4"
    path.write_bytes(b"x")
    assert names(folder) == ["a.mp4"]
    assert [found.path for found in folder.look(_Orders(again={path}))] == [path]


def test_known_versions_are_not_given(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    known = {path: FileVersion.of(path.stat())}
    folder = Folder(Rules(root=tmp_path), settle=0.0, poll=1.0, known=known, clock=clock)
    assert names(folder) == []
    path.write_bytes(b"xy")
    clock.now += 2
    assert names(folder) == ["a.mp4"]


def test_folders_links_and_marks(tmp_path: Path, clock: Clock) -> None:
    root, outside = tmp_path / "in", tmp_path / "outside"
    for place in ("a/b", "skipped/deep", "@eaDir", ".hidden"):
        (root / place).mkdir(parents=True)
        (root / place / f"{place[-1]}.mp4").write_bytes(b"x")
    (root / "skipped" / ".scenescribe-skip").touch()
    outside.mkdir()
    (outside / "secret.mp4").write_bytes(b"x")
    (root / "leaves.mp4").symlink_to(outside / "secret.mp4")
    (root / "dangles.mp4").symlink_to("nothing.mp4")
    (root / "stays.mp4").symlink_to("a/b/b.mp4")
    (root / "folder.mp4").symlink_to(outside)
    os.mkfifo(root / "pipe.mp4")
    assert sorted(names(watch(root, clock, settle=0.0, recursive=True))) == ["b.mp4", "stays.mp4"]
    assert names(watch(root, clock, settle=0.0)) == ["stays.mp4"]


def test_hints_find_what_the_rescan_would(tmp_path: Path, clock: Clock) -> None:
    folder = watch(tmp_path, clock, settle=0.0, recursive=True)
    folder.poll = 0.0
    assert names(folder) == []
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "a.mp4").write_bytes(b"x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "b.mp4").write_bytes(b"x")
    hints = {tmp_path / "new", tmp_path / ".git" / "b.mp4", tmp_path / "gone.mp4", Path("/elsewhere/c.mp4")}
    assert [found.path.name for found in folder.look(_Orders(hints=hints))] == ["a.mp4"]


def test_a_folder_that_is_gone_is_trouble_and_not_an_end(tmp_path: Path, clock: Clock) -> None:
    root = tmp_path / "share"
    root.mkdir()
    (root / "a.mp4").write_bytes(b"x")
    folder = watch(root, clock, settle=0.0)
    assert names(folder) == ["a.mp4"]
    root.rename(tmp_path / "away")
    clock.now += 2
    assert names(folder) == []
    assert isinstance(folder.trouble, FileNotFoundError)
    (tmp_path / "away").rename(root)
    assert names(folder) == [], "what is known stays known"
    assert folder.trouble is None


async def test_events_wake_it_before_the_rescan(tmp_path: Path) -> None:
    folder = Folder(Rules(root=tmp_path), settle=0.1, poll=0.0, known={})
    arrivals = folder.arrivals()
    coming = asyncio.ensure_future(anext(arrivals))
    for _ in range(600):
        if folder.scans == 2:  # the listener is up, and a second look was taken for what it could not have heard
            break
        await asyncio.sleep(0.05)
    (tmp_path / "a.mp4").write_bytes(b"x")
    found = await asyncio.wait_for(coming, PATIENCE)
    assert [one.path.name for one in found] == ["a.mp4"]
    assert folder.scans == 2
    await arrivals.aclose()


async def test_a_file_that_comes_before_events_can_be_heard_does_not_wait_for_the_rescan(tmp_path: Path) -> None:
    folder = Folder(Rules(root=tmp_path), settle=0.1, poll=0.0, known={})
    look = folder.look

    def first_look_then_the_file(*orders: _Orders) -> list[Any]:
        found = look(*orders)
        if folder.scans == 1:
            (tmp_path / "a.mp4").write_bytes(b"x")
        return found

    folder.look = first_look_then_the_file  # type: ignore[method-assign]
    arrivals = folder.arrivals()
    found = await asyncio.wait_for(anext(arrivals), PATIENCE)
    assert [one.path.name for one in found] == ["a.mp4"]
    await arrivals.aclose()
