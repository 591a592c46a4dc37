"""One daemon a state folder, and the second one says whose it is."""

import json
import os
import socket
import time
from pathlib import Path

import pytest

from pipeline.errors import EnvironmentFault
from pipeline.watch.lock import StateLock


def test_the_second_says_whose_it_is(tmp_path: Path) -> None:
    with StateLock(tmp_path) as first, pytest.raises(EnvironmentFault, match="already_running") as caught, StateLock(tmp_path):
        pass
    assert str(os.getpid()) in caught.value.message
    assert socket.gethostname() in caught.value.message
    assert first.since in caught.value.message
    assert caught.value.exit_code == 3
    with StateLock(tmp_path):
        pass


def test_a_lease_of_another_host_is_respected_until_it_runs_out(tmp_path: Path) -> None:
    path = tmp_path / "daemon.lock"
    lease = {"pid": 1, "host": "elsewhere", "since": "yesterday", "until": time.time() + 50}
    path.write_text(json.dumps(lease))
    with pytest.raises(EnvironmentFault, match="elsewhere"), StateLock(tmp_path):
        pass
    for until in (time.time() - 1, time.time() + 86_400):  # it ran out, or its host's clock was ahead of a day
        path.write_text(json.dumps({**lease, "until": until}))
        with StateLock(tmp_path):
            assert json.loads(path.read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("found", ["", "{", "[1]", "\0\0\0", '{"host": null}'])
def test_what_a_crash_left_of_the_file_does_not_matter(tmp_path: Path, found: str) -> None:
    (tmp_path / "daemon.lock").write_text(found)
    with StateLock(tmp_path):
        pass
