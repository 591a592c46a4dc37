"""SIGKILL of a host, then of the process that the user started: nothing of either is left, however they were started.

A run's processes are told by a variable of their environment, so that those whose parents are gone are found too.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from patience import PATIENCE

from pipeline.bench.films import FilmSpec, make_films

MARK = "XDG_SCENESCRIBE_TEST_RUN"
"""decoders are given few variables; those of this prefix go through"""
SLOW = ["--engine", "echo", "--model", "shapes", "--hosts", "2", "--decode-workers", "2"]
SLOW += ["--engine-arg", "delay=5", "--engine-arg", "capacity=1"]
"""no run ends while it is looked at"""
LONG = 120.0
"""seconds: more than any loaded machine needs"""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with four small films."""
    folder = tmp_path_factory.mktemp("films")
    make_films(folder, [FilmSpec(seconds=4, width=160, height=90, fps=10, gop=10, seed=seed) for seed in range(4)], at_once=2)
    return folder


def under_way(mark: str) -> dict[int, bytes]:
    """The processes of a run, and their command lines."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{MARK}={mark}".encode() in (place / "environ").read_bytes().split(b"\0"):
                command = (place / "cmdline").read_bytes()
                if command:  # else it has ended, and nobody has asked how
                    found[int(place.name)] = command
    return found


def below(pid: int, among: dict[int, bytes]) -> set[int]:
    """Those of the processes that a process started, and what these started."""
    found: set[int] = set()
    for other in among:
        with contextlib.suppress(OSError):
            if int(Path(f"/proc/{other}/stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found |= {other} | below(other, among)
    return found


def until(look: Callable[[], Any], what: str) -> Any:
    """What it finds, as soon as that is something."""
    end = time.monotonic() + LONG
    while not (found := look()):
        assert time.monotonic() < end, what
        time.sleep(0.05)
    return found


def hosts(mark: str) -> list[tuple[int, set[int]]]:
    """Hosts that decode: each with its decoders; nothing before there are two."""
    there = under_way(mark)
    found = [(pid, below(pid, there)) for pid, command in there.items() if b"pipeline.fleet." in command]
    return found if len(found) == 2 and all(decoders for _, decoders in found) else []


@contextlib.contextmanager
def started(words: list[str], log: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A command of ours; whatever is left of it at the end is ended."""
    mark = uuid.uuid4().hex
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", *words], stdout=said, stderr=said, env={**os.environ, MARK: mark}
        )
    try:
        yield process, mark
    finally:
        for pid in under_way(mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def ask_for_work(log: Path, films: Path) -> None:
    """Have a service describe the films."""
    address, key = until(lambda: re.search(r"(http://[\w.:]+)/#key=(\S+)", log.read_text()), "it says where it listens").groups()
    with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE) as client:
        for film in sorted(films.iterdir()):
            known = client.post("/v1/films", json={"path": f"{films.name}/{film.name}"}).raise_for_status().json()["id"]
            client.post("/v1/jobs", json={"film": known}).raise_for_status()


@pytest.mark.parametrize("command", ["caption", "watch", "serve", "annotate"])
def test_nothing_outlives_what_is_killed(command: str, films: Path, tmp_path: Path) -> None:
    log, windows = tmp_path / "said", ["--windows", "fixed:seconds=0.5"]
    state = ["--state-dir", str(tmp_path / "state")]
    words = {
        "caption": [str(films), "-o", str(tmp_path / "out"), "--no-progress", *windows],
        "watch": [str(films), "-o", str(tmp_path / "out"), "--settle", "0", *state, *windows],
        "serve": ["--listen", "127.0.0.1:0", "--root", str(films), *state, *windows],
        "annotate": [str(films), "-o", str(tmp_path / "out"), "--no-progress", "--unit", "1"],
    }[command]
    with started([command, *words, *SLOW, "--log-file", str(tmp_path / "log")], log) as (process, mark):
        if command == "serve":
            ask_for_work(log, films)
        victim, decoders = until(lambda: hosts(mark), f"two hosts decode: {log.read_text(errors='replace')}")[0]
        os.kill(victim, signal.SIGKILL)
        until(lambda: not decoders & under_way(mark).keys(), "its decoders end with it")
        again = until(lambda: hosts(mark), f"it is started again: {log.read_text(errors='replace')}")
        assert victim not in [pid for pid, _ in again]
        assert process.poll() is None, "the run goes on"
        process.kill()
        process.wait()
        until(lambda: not under_way(mark), "all end with the process that started them")
