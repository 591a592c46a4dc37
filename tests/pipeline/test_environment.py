"""Secrets of our environment reach no child: no decoder, no ffmpeg, no command of --exec."""

import ast
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.temporary import temporary_folder
from pipeline.environment import child_environment
from pipeline.media import binary
from pipeline.video.children.child import Child
from pipeline.video.limits import Limits
from pipeline.watch.deliveries import run

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = ROOT / "pipeline"
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


def test_each_child_that_reads_what_others_made_is_told_a_list() -> None:
    seen = 0
    for room in ("media", "speech", "video", "live", "watch"):
        for path in sorted((PIPELINE / room).rglob("*.py")):
            tree = ast.parse(path.read_text())
            named = {ast.unparse(one.targets[0]): ast.unparse(one.value) for one in ast.walk(tree) if isinstance(one, ast.Assign)}
            for call in _starts(tree):
                told = [ast.unparse(word.value) for word in call.keywords if word.arg == "env"]
                assert len(told) == 1, f"{path}:{call.lineno} hands on all of our environment"
                assert "os.environ" not in told[0], f"{path}:{call.lineno}: {told[0]}"
                assert named.get(told[0], told[0]).startswith("child_environment("), f"{path}:{call.lineno}: {told[0]}"
                seen += 1
    assert seen > 10


def _starts(tree: ast.Module) -> Iterator[ast.Call]:
    """Calls that start a process."""
    modules = {"subprocess": {"Popen", "run", "call", "check_call", "check_output"}, "asyncio": {"create_subprocess_exec"}}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=name)) if name in modules.get(module, ()):
                yield node


def test_temporary_folders_are_of_the_kind_that_is_removed_after_a_kill() -> None:
    """``serve``'s lies in its own folder, which it empties when it starts."""
    files = [path for top in ("models", "pipeline") for path in (ROOT / top).rglob("*.py")]
    makers = {path.relative_to(ROOT).as_posix() for path in files if "TemporaryDirectory(" in path.read_text()}
    assert makers == {"models/temporary.py", "pipeline/serve/routes/films.py"}
