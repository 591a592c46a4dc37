"""Folders inside each other as deep as somebody likes: whoever walks them ends, with what lies where people put things."""

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.folders import DEEPEST, files_below, tree
from pipeline.inputs import find_films
from pipeline.retrieval.reading import documents
from pipeline.storage.local import LocalStorage
from pipeline.watch.folder import Folder
from pipeline.watch.rules import Rules

DEPTH = 1200
"""more than Python calls inside each other, less than a name can be long"""


@pytest.fixture(scope="module")
def bottomless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a film at its top, one 100 folders below it, and one at the end of 1,200 folders."""
    top = tmp_path_factory.mktemp("deep")
    (top / "a.mp4").touch()
    descriptors = [os.open(top, os.O_RDONLY)]
    for n in range(DEPTH):
        os.mkdir("d", dir_fd=descriptors[-1])
        below = os.open("d", os.O_RDONLY, dir_fd=descriptors[-1])
        if n + 1 in (DEEPEST, DEPTH):
            os.close(os.open("b.mp4", os.O_CREAT | os.O_WRONLY, dir_fd=below))
        if len(descriptors) > 1:
            os.close(descriptors.pop())
        descriptors.append(below)
    os.close(descriptors.pop())
    yield top
    for descriptor in descriptors:
        os.close(descriptor)
    while (top / "d").is_dir():  # removed from its top on: nothing that removes folders gets to its end
        (top / "d").rename(top / "first")
        (top / "first" / "b.mp4").unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            (top / "first" / "d").rename(top / "d")
        (top / "first").rmdir()


def test_films_of_a_folder_without_a_bottom(bottomless: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        found = find_films([str(bottomless)], recursive=True)
    assert [len(film.relative.parts) for film in found.films] == [1, DEEPEST + 1]
    assert not found.errors
    assert len([one for one in caplog.records if "inside each other" in one.getMessage()]) == 1
    assert len(find_films([str(bottomless)], recursive=False).films) == 1


def test_a_pattern_that_goes_through_it(bottomless: Path) -> None:
    found = find_films([f"{bottomless}/**/b.mp4"], recursive=False)
    assert [error.code for _, error in found.errors] == ["too_deep"] or len(
        found.films
    ) == 2  # Python 3.13's does not call itself


def test_a_storage_lists_it(bottomless: Path) -> None:
    names = [entry.name for entry in LocalStorage(bottomless).list()]
    assert names == ["a.mp4", "d/" * DEEPEST + "b.mp4"]
    assert [entry.name for entry in LocalStorage(bottomless).list("d/" * DEEPEST)] == names[1:]


def test_a_watched_folder(bottomless: Path) -> None:
    rules = Rules(root=bottomless, include=(), exclude=(), recursive=True)
    folder = Folder(rules, settle=0.0, poll=1.0, known={})
    assert [found.path.name for found in folder.look()] == ["a.mp4", "b.mp4"]
    assert folder.trouble is None


def test_captions_that_are_searched(bottomless: Path) -> None:
    with pytest.raises(InputError, match="no captions in this folder"):
        list(documents([str(bottomless)]))


def test_order_links_and_hidden_ones(tmp_path: Path) -> None:
    for name in ("b/z.mp4", "b/.h/x.mp4", "a.mp4", "c.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to(tmp_path / "b")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "film.mp4").symlink_to(tmp_path / "a.mp4")
    below = [os.path.relpath(path, tmp_path) for path in files_below(tmp_path)]
    assert below == ["a.mp4", "c.mp4", "film.mp4", "b/z.mp4"]
    assert list(files_below(tmp_path / "nothing")) == []


def test_a_tree_in_the_order_that_it_is_told_in() -> None:
    inside = {"b": ["b1", "b2"], "b2": [], "c": ["c1"]}
    assert list(tree(["a", "b", "c"], inside.get)) == ["a", "b1", "c1"]
