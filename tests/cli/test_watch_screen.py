"""``watch`` before a person: on a terminal what ``caption`` shows, elsewhere lines for a journal."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from patience import PATIENCE

from models.presets import preset
from pipeline.engine import opening
from pipeline.engine.opening import refuse_unnamed_embedded
from pipeline.errors import UsageError
from pipeline.options.watch import WatchSettings
from pipeline.watch.state import open_studio
from scripts.soaks.clips import clip


class Terminal:
    """``scenescribe watch`` with a terminal of 100 columns as its stderr."""

    def __init__(self, base: Path, *words: str) -> None:
        self.inbox, self.said, self._raw = base / "in", "", b""
        self.inbox.mkdir()
        self._fd, child = pty.openpty()
        command = [
            sys.executable, "-m", "pipeline.cli", "watch", str(self.inbox), "-o", str(base / "out"), "--state-dir", str(base / "state"),
            "--engine", "echo", "--settle", "0.2", "--poll", "0.2", *words,
        ]  # fmt: skip
        clean = {name: value for name, value in os.environ.items() if name != "JOURNAL_STREAM"}
        self.process = subprocess.Popen(command, stderr=child, env={**clean, "TERM": "xterm", "COLUMNS": "100"})
        os.close(child)

    def read(self, until: Callable[[str], object], seconds: float = PATIENCE) -> str:
        """All that was said so far, without the codes that steer a terminal."""
        last = time.monotonic() + seconds
        while not until(self.said):
            assert time.monotonic() < last, self.said
            if not select.select([self._fd], [], [], 1.0)[0]:
                continue
            try:
                self._raw += os.read(self._fd, 65536)
            except OSError:  # the other side is closed
                break
            self.said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._raw.decode("utf-8", "replace"))
        return self.said

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._fd)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path, "--engine-arg", "delay=4")
    yield made
    made.close()


def test_a_person_sees_films_bars_and_how_to_end_it(terminal: Terminal) -> None:
    terminal.read(lambda said: "Ctrl-C ends it" in said)
    (terminal.inbox / "beach.mp4").write_bytes(clip("beach"))
    (terminal.inbox / "bad.mp4").write_text("no film at all, but text that goes on for a while")
    said = terminal.read(lambda said: re.search(r"beach.mp4: \d+ captions? ·", said) and "bad.mp4: unsupported" in said)
    assert "\u2501" in said, "a bar, drawn while the engine takes its time"
    assert '"event"' not in said
    assert "info     ]" not in said
    terminal.process.send_signal(signal.SIGINT)
    said = terminal.read(lambda said: "stopping; what is under way goes on" in said)
    terminal.read(lambda _: False)
    assert terminal.process.wait(PATIENCE) == 130
    assert "Traceback" not in terminal.said


def test_in_a_pipe_there_is_one_json_line_for_each_event(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "beach.mp4").write_bytes(clip("beach"))
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "watch", tmp_path / "in", "-o", tmp_path / "out", "--state-dir", tmp_path / "state",
         "--engine", "echo", "--settle", "0", "--once"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["watching", "queued", "done", "stopped"]
    assert lines[1]["path"] == lines[2]["path"] == str(tmp_path / "in" / "beach.mp4")


def test_the_embedded_model_is_taken_only_where_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "gpu_memory_gb", lambda: None)
    with pytest.raises(UsageError, match="model_not_named"):
        open_studio(WatchSettings())
    shapes = preset("shapes")
    refuse_unnamed_embedded(WatchSettings(model="shapes"), shapes)
    refuse_unnamed_embedded(WatchSettings(engine="echo"), shapes)
    refuse_unnamed_embedded(WatchSettings(), preset("llava-1.5-7b"))
