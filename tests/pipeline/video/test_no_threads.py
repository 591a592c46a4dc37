"""A system that gives no further thread is told by its name: libraries call it a damaged film."""

import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.accident import no_thread
from pipeline.errors import InputError
from pipeline.video.children import codec, wire
from pipeline.video.children.child import Crashed
from pipeline.video.children.messages import Failure, Probe
from pipeline.video.decode import worker
from pipeline.video.probe import crashed


@pytest.fixture
def none_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)


def answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Failure:
    """What the decoding process says of a file that can't be opened."""
    monkeypatch.setattr(worker, "_allow", lambda _: None)
    (tmp_path / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + b"\0" * 100)
    ours, theirs = socket.socketpair()
    with ours, theirs, (tmp_path / "film.mp4").open("rb") as film:
        wire.send(ours, *codec.encode(Probe(streams=8, pixels=1 << 20, cpu=60)), [film.fileno()])
        ours.shutdown(socket.SHUT_WR)
        worker.Worker(theirs).serve()
        reply: Any = codec.reply(*wire.receive(ours))
    assert isinstance(reply, Failure)
    return reply


def test_what_can_t_be_opened_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert no_thread() is None
    assert answered(tmp_path, monkeypatch).code == "unsupported_or_corrupt"


@pytest.mark.usefixtures("none_left")
def test_where_there_is_no_thread_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = answered(tmp_path, monkeypatch)
    assert failure.code == "system_limit"
    assert "ulimit -u" in failure.message


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("RuntimeError: can't start new thread", "system_limit"),
        ("BlockingIOError: [Errno 11] Resource temporarily unavailable", "system_limit"),
        ("Segmentation fault", "crashed_worker"),
    ],
)
def test_a_reader_that_died_without_a_thread(words: str, code: str) -> None:
    error = crashed(Crashed(False, words), SimpleNamespace(path=Path("film.mp4")))  # type: ignore[arg-type]
    assert isinstance(error, InputError)
    assert error.code == code
