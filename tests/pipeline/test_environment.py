"""Secrets of our environment reach no child: no decoder, no ffmpeg, no command of --exec."""

import json
import os
import sys
from pathlib import Path

import pytest

from pipeline.environment import child_environment
from pipeline.files import temporary_folder
from pipeline.media import binary
from pipeline.video.children.child import Child
from pipeline.video.limits import Limits
from pipeline.watch.deliveries import run

SECRETS = {"OPENAI_API_KEY": "sk-1", "HF_TOKEN": "hf_2", "SCENESCRIBE_WEBHOOK_SECRET": "s3", "AWS_SECRET_ACCESS_KEY": "a4"}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def test_what_a_child_is_told() -> None:
    told = child_environment({"PATH": "/bin", "LC_ALL": "C", "SECRET_KEY": "x", "PATH_TO_KEY": "y"}, PATH="/usr/bin", MORE="1")
    assert told == {"PATH": "/usr/bin", "LC_ALL": "C", "MORE": "1"}


def test_the_decoding_child(tmp_path: Path) -> None:
    child = Child(Limits())
    try:
        child.request({"op": "forget"})  # waits until it has said that it runs: its environment is its own by then
        told = Path(f"/proc/{child.pid}/environ").read_bytes().decode()
    finally:
        child.kill()
    assert "OPENCV_FFMPEG_LOGLEVEL=16" in told
    assert not [name for name in SECRETS if name in told]


def test_ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen, wrapper = binary.find_ffmpeg(), tmp_path / "seen", tmp_path / "ffmpeg"
    assert real is not None
    wrapper.write_text(f'#!/bin/sh\nenv >> {seen}\nexec {real.path} "$@"\n')
    wrapper.chmod(0o755)
    assert binary._ask(wrapper) is not None
    assert "PATH=" in seen.read_text()
    assert not [name for name in SECRETS if name in seen.read_text()]


async def test_a_command_of_exec(tmp_path: Path) -> None:
    seen = tmp_path / "seen.json"
    program = f"import json, os; json.dump(dict(os.environ), open({str(seen)!r}, 'w'))"
    assert await run([sys.executable, "-c", program], b"{}") == ""
    told = json.loads(seen.read_text())
    assert told["PATH"] == os.environ["PATH"]
    assert not set(SECRETS) & set(told)


def test_folders_of_killed_processes_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gone, alive, others = (
        tmp_path / "scenescribe-4194303-abc",
        tmp_path / f"scenescribe-{os.getpid()}-abc",
        tmp_path / "scenescribe-x",
    )
    link = tmp_path / "scenescribe-4194302-abc"
    for folder in (gone, alive, others):
        folder.mkdir()
        (folder / "film.mp4").write_bytes(b"x")
        os.utime(folder, (1, 1))
    link.symlink_to(others)
    young = tmp_path / "scenescribe-4194301-abc"
    young.mkdir()
    with temporary_folder() as mine:
        assert mine.stat().st_mode & 0o777 == 0o700
        assert sorted(tmp_path.iterdir()) == sorted([alive, others, link, young, mine])
    assert (others / "film.mp4").exists()
    assert not mine.exists()
