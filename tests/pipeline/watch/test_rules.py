"""What is taken and what is left."""

from pathlib import Path

import pytest

from pipeline.watch.rules import Rules

ROOT = Path("/in")


@pytest.mark.parametrize("name", ["a.mp4", "A.MKV", "sub.folder.ts", "with space.webm", "näme.mov", "described.mp4"])
def test_films_are_taken(name: str) -> None:
    assert Rules(root=ROOT).takes(ROOT / name)


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.mp4", "a.mp4.part", "a.crdownload", "a.mp4.tmp", "a.partial", "a.mp4.download", "a.mp4.!qB", "a.mp4.aria2",
        "a.txt", "a", "a.descriptions.json", "a.descriptions.en.srt",
    ],
)  # fmt: skip
def test_others_are_left(name: str) -> None:
    assert not Rules(root=ROOT).takes(ROOT / name)


@pytest.mark.parametrize("name", ["a.described.mp4", "a.described.soft.mkv"])
def test_what_we_wrote_is_left(name: str, tmp_path: Path) -> None:
    """It lies beside its film or its captions; a film of others may be called so too."""
    assert Rules(root=tmp_path).takes(tmp_path / name)
    (tmp_path / "a.descriptions.json").touch()
    assert not Rules(root=tmp_path).takes(tmp_path / name)


def test_globs_compare_names_and_paths() -> None:
    rules = Rules(root=ROOT, recursive=True, include=("*.mov", "dailies/*"), exclude=("*proxy*",))
    assert rules.takes(ROOT / "x" / "a.mov")
    assert rules.takes(ROOT / "dailies" / "a.bin"), "include takes the place of the list of suffixes"
    assert not rules.takes(ROOT / "a.mp4")
    assert not rules.takes(ROOT / "a.proxy.mov")
    assert not rules.takes(ROOT / "a.mov.part"), "a partial download never"


@pytest.mark.parametrize("name", ["@eaDir", ".stfolder", ".Trashes", "__MACOSX", ".git", "out"])
def test_folders_that_are_not_entered(name: str) -> None:
    assert not Rules(root=ROOT, recursive=True, outputs=(ROOT / "out",)).enters(ROOT / name)


def test_folders_are_entered_when_asked() -> None:
    assert Rules(root=ROOT, recursive=True).enters(ROOT / "a")
    assert not Rules(root=ROOT).enters(ROOT / "a")
