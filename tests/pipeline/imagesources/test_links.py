"""Links in tars and folders: hard ones are the picture that they name, as GNU tar writes a file's second name; of all others is told."""

import io
import os
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import picture_sets
import pytest

from pipeline.datasets import tars
from pipeline.datasets.items import Item
from pipeline.errors import InputError, ScenescribeError
from pipeline.imagesources import webdataset
from pipeline.imagesources.base import Wishes
from pipeline.imagesources.listing import Listing
from pipeline.imagesources.reading import Reader
from pipeline.imagesources.webdataset import runs


def tar(path: Path, *members: tuple[str, bytes | str, bytes]) -> Path:
    """Members (name, bytes or where a link leads, type)."""
    with tarfile.open(path, "w") as out:
        for name, what, kind in members:
            head = tarfile.TarInfo(name)
            head.type = kind
            if isinstance(what, str):
                head.linkname = what
                out.addfile(head)
            else:
                head.size = len(what)
                out.addfile(head, io.BytesIO(what))
    return path


def listed(name: Path, *, without: str = "") -> tuple[list[Item], list[tuple[str, str]]]:
    problems: list[tuple[str, str]] = []

    def problem(name: str, error: ScenescribeError) -> None:
        problems.append((name, error.code))

    return list(Listing([str(name)], Wishes(), problem, without=without)), problems


def contents(items: list[Item]) -> list[bytes | str]:
    return [one.code if isinstance(one, InputError) else one for one in Reader(Wishes()).read(items)]


FILE, HARD, SOFT = tarfile.REGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE


def found(path: Path) -> list[tuple[str, str, bytes | str]]:
    items, problems = listed(path)
    assert not problems
    return [(one.key, one.reason, said) for one, said in zip(items, contents(items), strict=True)]


@pytest.mark.parametrize("folder", [".", "*"])
def test_what_gnu_tar_makes_of_a_folder_with_links(folder: str, tmp_path: Path) -> None:
    there = picture_sets.as_folder({"a.png": b"one", "c.png": b"three"}, tmp_path / "in")
    os.link(there / "a.png", there / "b.png")
    os.link(there / "a.png", there / "d.png")
    (there / "e.png").symlink_to("a.png")
    subprocess.run(f"tar cf ../s.tar --sort=name {folder}", shell=True, cwd=there, check=True)
    assert found(tmp_path / "s.tar") == [
        ("s/a", "", b"one"), ("s/b", "", b"one"), ("s/c", "", b"three"), ("s/d", "", b"one"), ("s/e", "link_not_followed", b""),
    ]  # fmt: skip


def test_links_of_all_kinds(tmp_path: Path) -> None:
    path = tar(
        tmp_path / "s.tar",
        ("blob", b"0", FILE), ("a.png", "blob", HARD), ("b.png", "a.png", HARD),  # a link to a link
        ("late.png", "c.png", HARD), ("c.png", b"2", FILE), ("gone.png", "nothing.png", HARD), ("self.png", "self.png", HARD),
        ("c.png", b"3", FILE), ("d.png", "c.png", HARD),  # the later one has the name, as it has when a tar is unpacked
        ("e.png", "c.png", SOFT), ("e2.png", "e.png", HARD), ("notes.txt", "blob", SOFT), (".hidden.png", "blob", SOFT),
        ("f.png", "blob", SOFT), ("f.jpg", b"4", FILE),  # one sample, which has a picture
        ("g.jpg", b"5", FILE), ("g.png", "blob", SOFT),
    )  # fmt: skip
    lost = "link_not_followed"
    assert [(key, reason or said) for key, reason, said in found(path)] == [
        ("s/a", b"0"), ("s/b", b"0"), ("s/late", lost), ("s/c", b"2"), ("s/gone", lost), ("s/self", lost), ("s/c", b"3"), ("s/d", b"3"),
        ("s/e", lost), ("s/e2", lost), ("s/f", b"4"), ("s/g", b"5"),
    ]  # fmt: skip


def test_a_link_at_the_end_of_a_shard_that_is_cut_off(tmp_path: Path) -> None:
    path = tar(tmp_path / "s.tar", ("a.png", b"0", FILE), ("b.png", "nothing", SOFT), ("c.png", b"1" * 5000, FILE))
    path.write_bytes(path.read_bytes()[:1600])
    assert [(key, reason) for key, reason, _ in found(path)] == [
        ("s/a", ""), ("s/b", "link_not_followed"), ("s.tar", "truncated_shard"),
    ]  # fmt: skip


def test_tars_that_were_joined_end_to_end(tmp_path: Path) -> None:
    """Whoever reads them stops at the first one's end: what is behind it is told."""
    one, other = tar(tmp_path / "s.tar", ("a.png", b"0", FILE)), tar(tmp_path / "other", ("b.png", b"1", FILE))
    one.write_bytes(one.read_bytes() + other.read_bytes())
    assert [(key, reason) for key, reason, _ in found(one)] == [("s/a", ""), ("s.tar", "joined_shard")]


def test_a_tar_of_links_alone_is_a_tar(tmp_path: Path) -> None:
    path = tar(tmp_path / "s.tar", ("a.png", "nothing", SOFT), ("b.png", "nothing", HARD))
    assert [reason for _, reason, _ in found(path)] == ["link_not_followed"] * 2


def test_links_have_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of gigabytes with a thousand names, and names without end that links might name."""
    many = [(f"{number:03}.png", "a.png", HARD) for number in range(100)]
    path = tar(tmp_path / "s.tar", ("a.png", b"x" * 100, FILE), *many)
    monkeypatch.setattr(tars, "SPARE", 1000)
    assert [reason for _, reason, _ in found(path)] == [""] * (1 + 74) + ["link_not_followed"] * 26
    monkeypatch.setattr(tars, "ROOM", 0)
    assert [reason for _, reason, _ in found(path)] == [""] + ["link_not_followed"] * 100


def test_links_are_read_with_their_neighbours(tmp_path: Path) -> None:
    pairs = [
        [(f"{number:03}.png", b"%d" % number, FILE), (f"{number:03}l.png", f"{number:03}.png", HARD)] for number in range(200)
    ]
    items, _ = listed(tar(tmp_path / "s.tar", *(one for pair in pairs for one in pair)))  # type: ignore[arg-type]
    assert len(list(runs(items))) == 1
    assert contents(items) == [b"%d" % number for number in range(200) for _ in range(2)]


def test_links_to_nothing_in_a_folder_are_told(tmp_path: Path) -> None:
    folder = picture_sets.as_folder({"a.png": b"1", "out/b.png": b"2", "linked/c.png": b"3"}, tmp_path / "in")
    for name in ("gone.png", "deep/gone.png", "gone.tar", "gone.txt", ".hidden.png", "out/gone.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).symlink_to("nowhere")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "there.png").symlink_to("a.png")
    (folder / "folder.png").symlink_to("linked")
    items, problems = listed(folder, without=str(folder / "out"))
    assert not problems
    assert [(item.key, item.reason) for item in items] == [
        ("a.png", ""), ("linked/c.png", ""), ("there.png", ""),
        ("deep/gone.png", "not_found"), ("gone.png", "not_found"), ("gone.tar", "not_found"), ("loop.png", "not_found"),
    ]  # fmt: skip
    (folder / "metadata.jsonl").write_text('{"file_name": "gone.png"}')
    items, _ = listed(folder)
    assert [item.key for item in items].count("gone.png") == 1, "the table told of it"


def test_a_folder_of_links_to_nothing_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").symlink_to("nowhere")
    assert listed(tmp_path)[1] == [(str(tmp_path), "no_pictures")]
    (tmp_path / "a.png").symlink_to("nowhere")
    items, problems = listed(tmp_path)
    assert [(item.key, item.reason) for item in items] == [("a.png", "not_found")]
    assert not problems


def test_a_shard_that_is_written_anew_gives_no_picture_anothers_key(tmp_path: Path) -> None:
    long = "d/" * 80
    first = [("a.png", b"one", FILE), ("b.png", b"two", FILE), (f"{long}c.png", b"abc", FILE), (f"{long}d.png", b"xyz", FILE)]
    links = [("e.png", "a.png", HARD), ("f.png", "e.png", HARD), ("g.png", b"end", FILE)]
    path = tar(tmp_path / "s.tar", *first, *links)
    items, _ = listed(path)
    there: list[bytes | str] = [b"one", b"two", b"abc", b"xyz", b"one", b"one", b"end"]
    assert contents(items) == there
    tar(path, *first, *links)
    assert contents(items) == there, "who has a picture's name is that picture"
    tar(path, first[1], first[0], first[3], first[2], *links)
    assert contents(items) == ["source_changed"] * 6 + [b"end"]
    tar(path, ("z.png", bytes(600), FILE), *first, *links)
    assert contents(items) == ["source_changed"] * 7
    old = [replace(item, locator={name: item.locator[name] for name in ("shard", "offset", "size")}) for item in items]
    tar(path, *first, *links)
    assert contents(old) == there, "plans of older versions tell of no heads"


def test_a_picture_may_be_as_large_as_any_with_its_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webdataset, "LARGEST", 700)
    path = tar(tmp_path / "s.tar", ("a.png", bytes(700), FILE), ("b.png", bytes(701), FILE))
    assert [contents([item]) for item in listed(path)[0]] == [[bytes(700)], ["picture_too_large"]]
