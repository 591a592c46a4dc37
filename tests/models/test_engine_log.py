"""What an engine says goes to its log file. The whole of it is seen in test_custom_models.py; these are the parts."""

import json
import logging
import logging.config
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from models.engines.vllm.log import LARGEST, READ, children_apart, default_log, hush, last_error, logging_file, make_room
from models.errors import BadEngineOption


def test_children_started_apart_write_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    with children_apart(log):
        child = multiprocessing.get_context("spawn").Process(
            target=os.system, args=("echo on 1; echo on 2 >&2; ps -o sid= -p $PPID",)
        )
        child.start()
    child.join()
    said = log.read_text().split()
    assert said == ["on", "1", "on", "2", str(child.pid)]


def test_the_logging_file_is_one_that_python_takes(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    logger = logging.getLogger("vllm")
    try:
        logging.config.dictConfig(json.loads(logging_file(log).read_text()))
        logging.getLogger("vllm.some.part").info("hello from %s", "vllm")
        assert "INFO" in log.read_text()
        assert "hello from vllm" in log.read_text()
        hush(log)
        hush(log)
        logging.getLogger("transformers.x").error("and transformers")
        assert log.read_text().count("and transformers") == 1
        assert len(logger.handlers) == 1
    finally:
        for handler in list(logger.handlers):
            handler.close()


def test_engines_that_start_at_once_share_one_logging_file(tmp_path: Path) -> None:
    """Two hosts, or serve beside caption, have the same log where no other is named."""
    log = tmp_path / "engine.log"

    def start(_: int) -> int:
        return int(json.loads(logging_file(log).read_text())["version"])

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(start, range(800))) == {1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["engine.log.logging.json"]


def test_the_last_error_of_a_start(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    assert last_error(log, 0) is None
    log.write_text("ValueError: an old one\n")
    start = log.stat().st_size
    with log.open("a") as file:
        file.write("(EngineCore pid=7) ERROR  ValueError: No available memory for the cache blocks.\n")
        file.write("RuntimeError: Engine core initialization failed. See root cause above.\n")
    assert last_error(log, start) == "No available memory for the cache blocks."
    assert last_error(log, log.stat().st_size) is None


def test_the_last_error_of_a_log_without_end(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_text("ValueError: long ago\n" + "a." * 3 * READ + "\ntorch2.OutOfMemoryError: no room\n" + "x" * (READ // 2))
    assert last_error(log, 0) == "no room"
    log.write_text("ValueError: long ago\n" + "a." * READ)
    assert last_error(log, 0) is None


def test_a_log_that_grew_large_is_set_aside(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "engine.log"
    make_room(log)
    log.write_bytes(b"x" * (LARGEST + 1))
    make_room(log)
    assert not log.exists()
    assert (tmp_path / "deep" / "engine.log.1").stat().st_size == LARGEST + 1


def test_a_log_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadEngineOption, match="--log-file"):
        make_room(tmp_path / "file" / "engine.log")
    with pytest.raises(BadEngineOption, match="--log-file"):
        make_room(tmp_path)


def test_the_log_has_a_place() -> None:
    assert default_log().name == "engine.log"


def test_its_place_is_nobody_elses_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = default_log().parent
    for _ in range(2):  # made, and found as an older version made it
        make_room(default_log())
        assert folder.stat().st_mode & 0o777 == 0o700
        folder.chmod(0o755)
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    chosen.chmod(0o755)
    make_room(chosen / "engine.log")
    assert chosen.stat().st_mode & 0o777 == 0o755, "a folder that somebody names keeps its rights"


def test_a_link_or_a_pipe_in_the_way_is_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    log = tmp_path / "engine.log"
    (tmp_path / "engine.log.logging.json").symlink_to(victim)
    assert json.loads(logging_file(log).read_text())["version"] == 1
    assert victim.read_text() == "mine"
    os.mkfifo(log)
    with pytest.raises(BadEngineOption, match="regular file"):
        make_room(log)
