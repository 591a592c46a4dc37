"""What others may have put in the way: names that lead out of the folder, pipes, links, environment."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import console
from pipeline.cli.dataset import _show
from pipeline.cli.screen import Screen
from pipeline.datasets.results import Status

GOLDEN = Path(__file__).parents[1] / "goldens" / "formats" / "film.en.json"
ECHO = ("--engine", "echo", "-f", "srt", "--windows", "fixed:seconds=6", "--no-progress")


def test_a_language_is_no_way_out_of_the_folder(run: Any, tmp_path: Path) -> None:
    victims = tmp_path / "victims"
    victims.mkdir()
    (victims / "authorized.txt").write_text("mine")
    document = json.loads(GOLDEN.read_text(encoding="utf-8"))
    document["language"] = "x/../../victims/authorized"
    (tmp_path / "a.json").write_text(json.dumps(document))
    done = run("export", "a.json", "-f", "txt", "-o", "out/", "--overwrite")
    assert done.returncode == 1
    assert "a.json: bad_json: language: " in done.stderr
    assert (victims / "authorized.txt").read_text() == "mine"


def test_a_film_with_the_longest_name_is_described_and_found_again(run: Any, film: Path, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("a.mp4", "x" * 251 + ".mp4", "猫" * 83 + ".mp4"):
        (folder / name).symlink_to(film)
    done = run("caption", folder, "-o", "out", "--json", *ECHO)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == 3
    assert done.stderr.count("name_shortened") == 2
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(names) == 6
    assert all(len(os.fsencode(name)) <= 255 for name in names)
    before = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in names}
    again = run("caption", folder, "-o", "out", *ECHO)
    assert again.returncode == 0
    assert {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in names} == before


@pytest.mark.parametrize(
    "where", ["out/.film.descriptions.journal", "out/film.descriptions.json", "report.html", "c.toml", "a.srt"]
)
def test_a_pipe_in_the_way_hangs_nothing(where: str, run: Any, film: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    os.mkfifo(tmp_path / where)
    if where == "a.srt":
        done = run("export", where, "-f", "vtt")
    else:
        more = {"report.html": ("--report", where), "c.toml": ("--config", where)}.get(where, ())
        done = run("caption", film, "-o", "out", *more, *ECHO)
    assert "Traceback" not in done.stderr
    if where.endswith("journal"):
        assert done.returncode == 0, done.stderr
        assert "journal_damaged" in done.stderr
    else:
        assert done.returncode in (1, 2), done.stderr
        assert any(code in done.stderr for code in ("output_exists", "unwritable", "bad_config", "not_a_regular_file"))


def test_what_others_wrote_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """No clipboard, no title, no line that is turned around: by what a film, a server or a data set's file says."""
    evil, shown = "a\x1b]52;c;aGk=\x07\u202eb\n\tc", "a\\x1b]52;c;aGk=\\x07\\u202eb\n"
    console.say(evil)
    with Screen(quiet=False, live=False) as screen:
        screen.fail(evil)
    assert capsys.readouterr().err.count(shown) == 2
    counts = {"done": 0, "claimed": 0, "working": 0, "all": 1}
    _show(Status(items=1, done=1, failed=1, by_outcome={}, by_reason={"\x1b[2J": 1}, units=counts, hosts={}))
    assert "\x1b" not in capsys.readouterr().out
