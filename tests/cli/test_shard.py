"""``--shard I/N``: processes that share films and know nothing of each other describe each of them once."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.shard import check_shard, parsed, share, takes
from pipeline.watch.rules import Rules

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ECHO = ("--engine", "echo")


def test_the_shares_of_a_listing_are_all_of_it_and_equal() -> None:
    things = list(range(17))
    parts = [share(things, (number, 5)) for number in range(1, 6)]
    assert sorted(thing for part in parts for thing in part) == things
    assert {len(part) for part in parts} == {3, 4}
    assert parsed(check_shard("3/16")) == (3, 16)
    for wrong in ("0/4", "5/4", "4", "a/b", "1/0", "-1/2", ""):
        with pytest.raises(ValueError, match="I/N"):
            check_shard(wrong)


def test_each_film_of_a_watched_folder_belongs_to_one_share_whatever_else_is_there(tmp_path: Path) -> None:
    names = [Path(f"{folder}/film {number}.mp4") for folder in ("a", "ä/b") for number in range(100)]
    owners = [[number for number in range(1, 5) if takes(name, (number, 4))] for name in names]
    assert all(len(one) == 1 for one in owners)
    assert {one[0] for one in owners} == {1, 2, 3, 4}
    numbered = [Path(f"f{number}.mp4") for number in range(1, 41)]
    assert all(sum(takes(name, (number, 4)) for name in numbered) >= 4 for number in range(1, 5)), "each has its part of a series"
    rules = [Rules(root=tmp_path, recursive=True, shard=(number, 4)) for number in range(1, 5)]
    assert [sum(one.takes(tmp_path / name) for one in rules) for name in names] == [1] * len(names)


def test_two_shares_describe_each_film_once_under_the_names_of_one_run(run: Run, film: Path, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    names = ["a.mkv", "a.mp4", "b.mp4"]  # two of them are in each other's way
    for name in names:
        shutil.copy(film, folder / name)
    whole = run("caption", folder, "-o", tmp_path / "one", *ECHO)
    assert whole.returncode == 0, whole.stderr
    described = []
    for number in (1, 2, 4):
        of = 2 if number < 4 else 4
        done = run("caption", folder, "-o", tmp_path / "two", "--shard", f"{number}/{of}", "--json", *ECHO)
        assert done.returncode == 0, done.stderr
        described += [Path(json.loads(line)["path"]).name for line in done.stdout.splitlines()]
    assert sorted(described) == names, "the fourth share of three films is none"
    assert "fewer films than shares" in done.stderr
    made = [sorted(path.name for path in (tmp_path / out).iterdir()) for out in ("one", "two")]
    assert made[0] == made[1]
    asked = run("caption", folder, "-o", tmp_path / "new", "--shard", "2/2", "--dry-run", "--json", *ECHO)
    assert [Path(json.loads(line)["path"]).name for line in asked.stdout.splitlines()] == ["a.mp4"]
    refused = run("caption", folder, "--shard", "3/2", *ECHO)
    assert refused.returncode == 2
    assert "--shard 3/2: it is written as I/N, from 1/N to N/N" in refused.stderr
