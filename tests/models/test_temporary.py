"""Temporary folders whose path is short enough for a socket, and who finds them when no folder is."""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import temporary
from models.engines.vllm import sockets
from models.errors import EngineDead
from models.temporary import SOCKET, temporary_folder

LONG = "of_a_batch_system_" + "x" * 90

RUN = """
import os
from pathlib import Path
from models.engines.vllm import sockets
sockets.prepare()
first = os.environ[sockets.VARIABLE]
(Path(first) / "left by the engine").touch()
sockets.prepare()
print(first, os.environ[sockets.VARIABLE] == first, oct(os.stat(first).st_mode & 0o777))
"""


@pytest.fixture
def long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder below which no socket's path is short enough; and none of the login's."""
    folder = tmp_path / LONG
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.delenv(sockets.VARIABLE, raising=False)
    return folder


def test_the_usual_folder_where_any_length_does(long: Path) -> None:
    with temporary_folder() as folder:
        assert folder.parent == long


def test_a_socket_can_be_made_in_a_short_one(long: Path) -> None:
    with temporary_folder(SOCKET - sockets.NAME) as folder, socket.socket(socket.AF_UNIX) as made:
        made.bind(str(folder / ("u" * (sockets.NAME - 1))))
        assert folder.parent != long
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_the_logins_own_folder_comes_before_those_of_all(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        with temporary_folder(SOCKET - sockets.NAME) as folder:
            assert folder.parent == Path(runtime)
        monkeypatch.setattr(temporary, "_takes", lambda place: place != runtime)
        with temporary_folder(SOCKET - sockets.NAME) as folder:
            assert folder.parent not in {Path(runtime), long}


def test_where_no_folder_is_short_an_engine_says_what_to_set(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporary, "_SHORT", ())
    with temporary_folder(SOCKET - sockets.NAME) as folder:
        assert folder.parent == long
    with pytest.raises(EngineDead, match="set TMPDIR to a shorter one"):
        sockets.prepare()
    assert sockets.VARIABLE not in os.environ


def test_where_no_folder_can_be_made_an_engine_says_why(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", full)
    with pytest.raises(EngineDead, match=r"\(no space left on device\): set TMPDIR to another"):
        sockets.prepare()


@pytest.mark.parametrize("named", ["", "gone", LONG])
def test_an_engines_sockets_are_gone_with_its_process(tmp_path: Path, named: str) -> None:
    """Whatever the environment named that no socket can lie in."""
    (tmp_path / LONG).mkdir()
    told = os.environ | {"TMPDIR": str(tmp_path / LONG), sockets.VARIABLE: str(tmp_path / named) if named else ""}
    done = subprocess.run([sys.executable, "-c", RUN], env=told, capture_output=True, text=True, check=True)
    folder, *rest = done.stdout.split()
    assert (rest, Path(folder).exists()) == (["True", "0o700"], False)
    assert len(folder) + sockets.NAME <= SOCKET
    assert not list((tmp_path / LONG).iterdir())


def test_a_folder_that_the_user_names_is_the_users(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as mine:
        done = subprocess.run(
            [sys.executable, "-c", RUN], env=os.environ | {sockets.VARIABLE: mine}, capture_output=True, text=True, check=True
        )
        assert done.stdout.split()[0] == mine
        assert (Path(mine) / "left by the engine").exists()


HELD = """
import os, sys, tempfile
tempfile.tempdir = sys.argv[1]
os.getpid = lambda: 4194303  # as in a container of its own: no process has that number here
from models.temporary import temporary_folder
with temporary_folder() as folder:
    (folder / "film.mp4").touch()
    os.utime(folder, (1, 1))
    print(folder, flush=True)
    sys.stdin.read()
    os._exit(1)
"""


def test_a_folder_that_a_process_elsewhere_uses_stays_until_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-c", HELD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        theirs = Path(process.stdout.readline().strip())
        with temporary_folder():
            assert (theirs / "film.mp4").exists()
        process.communicate("")
    with temporary_folder():
        assert not theirs.exists()


@given(st.integers(1, 200), st.one_of(st.none(), st.integers(0, 120)))
def test_who_is_tried(length: int, longest: int | None) -> None:
    """Each place that is tried makes a path that is short enough, and none that would do is left out."""
    usual = "/" + "x" * (length - 1)
    tried = list(temporary._places(usual, "scenescribe-1-", longest))
    for place in (usual, *temporary._SHORT):
        assert (place in tried) == (longest is None or len(f"{place}/scenescribe-1-12345678") <= longest)
