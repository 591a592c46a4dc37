"""Outputs of a film that is described anew: what could not be made anew is not there, lest the next run takes the old one for it."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from pipeline import files, media
from pipeline.cli.app import main
from pipeline.errors import OutputError

Command = Callable[..., int]


@pytest.fixture
def command(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command on a copy of the film in this process; the exit code."""
    (tmp_path / "film.mp4").write_bytes(film.read_bytes())

    def command(name: str, *words: str) -> int:
        monkeypatch.setattr("sys.argv", ["scenescribe", name, str(tmp_path / "film.mp4"), "--engine", "echo", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return command


class Encoder:
    """Stands in for ffmpeg: writes its number into the output, or has no room."""

    def __init__(self) -> None:
        self.runs, self.full = 0, False

    def __call__(self, film: Path, what: object, out: Path, **options: Any) -> tuple[()]:
        self.runs += 1
        if self.full:
            raise OutputError("no_space", "the disk is full")
        out.write_text(str(self.runs))
        return ()


@pytest.mark.parametrize(
    ("words", "step", "name"),
    [
        (("caption", "--burn"), "burn", "film.described.mp4"),
        (("caption", "--mux"), "mux", "film.described.mp4"),
        (("caption", "--summarize", "--into-video"), "mux", "film.chaptered.mp4"),
        (("summarize", "--into-video"), "mux", "film.chaptered.mp4"),
    ],
)
def test_a_film_that_could_not_be_made_anew_is_made_by_the_next_run(
    command: Command,
    words: tuple[str, ...],
    step: str,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    encoder = Encoder()
    monkeypatch.setattr(media, step, encoder)
    out = tmp_path / name
    assert command(*words, "--windows", "fixed:seconds=4") == 0
    assert out.read_text() == "1"
    encoder.full = True
    if words[0] == "summarize":  # it starts from captions that are there
        assert command("caption", "--windows", "fixed:seconds=6", "--overwrite") == 0
        assert command(*words, "--windows", "fixed:seconds=6") == 1
    else:
        assert command(*words, "--windows", "fixed:seconds=6", "--overwrite") == 1
    assert "no_space" in capsys.readouterr().err
    assert not out.exists(), "an old one would pass for the one of these captions"
    encoder.full = False
    assert command(*words, "--windows", "fixed:seconds=6") == 0
    assert out.read_text() == "3"
    capsys.readouterr()
    assert command(*words, "--windows", "fixed:seconds=6") == 0
    assert encoder.runs == 3


@pytest.mark.parametrize("words", [("caption", "--burn"), ("caption", "--summarize", "--into-video")])
def test_where_not_even_the_json_has_room_all_is_as_it_was(
    command: Command, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "burn", Encoder())
    monkeypatch.setattr(media, "mux", Encoder())
    assert command(*words, "--windows", "fixed:seconds=4") == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}

    def full(temporary: Path) -> NoReturn:
        raise OSError(errno.ENOSPC, "no space left on device", str(temporary))

    with monkeypatch.context() as without_room:
        without_room.setattr(files, "to_write", full)
        assert command(*words, "--windows", "fixed:seconds=6", "--overwrite") == 1
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert {name: data for name, data in after.items() if name in before} == before


def test_a_copy_that_failed_says_that_the_summary_is_there(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    encoder = Encoder()
    encoder.full = True
    monkeypatch.setattr(media, "mux", encoder)
    assert command("caption", "--summarize", "--into-video") == 1
    assert "film.summary.json is written, the copy with chapters is not" in capsys.readouterr().err
    assert (tmp_path / "film.summary.json").exists()
