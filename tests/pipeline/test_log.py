"""``--log-file``: lines at the end of a file, whatever becomes of it."""

import logging
import os
from pathlib import Path

import pytest

from pipeline import log


@pytest.fixture(autouse=True)
def as_it_was() -> object:
    yield
    log._take([], logging.WARNING)


def test_lines_are_added_and_what_would_steer_a_terminal_is_escaped(tmp_path: Path) -> None:
    file = tmp_path / "log.txt"
    file.write_text("before\n")
    log.set_up_beside_a_screen(verbose=False, file=file)
    log.get("pipeline.test").warning("later", path="a\x1b[31m\udcff.mp4")
    text = file.read_text()
    assert text.startswith("before\n")
    assert "a\\x1b[31m" in text
    assert "\x1b" not in text


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="regular file"):
        log.set_up_beside_a_screen(verbose=False, file=tmp_path / "pipe")


def test_a_full_disk_is_said_once_and_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up_beside_a_screen(verbose=False, file=tmp_path / "log.txt")
    kept = next(one for one in logging.getLogger("pipeline").handlers if isinstance(one, log._Kept))
    os.dup2(os.open("/dev/full", os.O_WRONLY), kept.stream.fileno())
    for _ in range(3):
        log.get("pipeline.test").warning("later")
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if "log.txt can't be written any more" in line] == said[:1]
    assert len(said) == 1


def test_how_a_server_is_spoken_to_is_for_verbose_and_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verbose in (False, True):
        log.set_up_beside_a_screen(verbose=verbose, file=tmp_path / f"{verbose}.txt")
        logging.getLogger("models.engines.openai.endpoint").info("http://host: the limit is called max_completion_tokens")
        assert ("max_completion_tokens" in capsys.readouterr().err) is verbose
        assert "max_completion_tokens" in (tmp_path / f"{verbose}.txt").read_text()
