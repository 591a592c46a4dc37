"""The daemon as a user runs it: ``scenescribe watch`` in a process of its own, and what can be asked of it from outside."""

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).resolve().parents[2]


class Service:
    """One folder, one state folder, one output folder; the daemon may be started and killed many times."""

    def __init__(self, base: Path, *words: str) -> None:
        self.base = base
        self.inbox, self.out, self.state = base / "in", base / "out", base / "state"
        for folder in (self.inbox, self.out):
            folder.mkdir(parents=True, exist_ok=True)
        self.words = words
        self.process: subprocess.Popen[bytes] | None = None
        self.log = base / "daemon.log"
        atexit.register(self._end)

    def start(self, *more: str, **environment: str) -> "subprocess.Popen[bytes]":
        command = [
            sys.executable, "-m", "pipeline.cli", "watch", str(self.inbox), "-o", str(self.out), "--state-dir", str(self.state),
            "--engine", "echo", "--model", "shapes", "--log-format", "json", *self.words, *more,
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stderr=log, cwd=HOUSE, start_new_session=True, env={**os.environ, **environment}
            )
        return self.process

    def _end(self) -> None:
        """A soak that fails on its way leaves no daemon behind."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self, number: int = signal.SIGTERM, patience: float = 20.0) -> tuple[int, float]:
        """Signal it and wait: exit code, seconds it took."""
        assert self.process is not None
        started = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(patience), time.monotonic() - started

    def jobs(self) -> list[dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", "jobs", "--state-dir", str(self.state), "--json"],
            cwd=HOUSE, capture_output=True, check=False,
        )  # fmt: skip
        return list(json.loads(done.stdout)) if done.returncode == 0 else []

    def lines(self) -> list[dict[str, Any]]:
        """The log so far."""
        found = []
        for line in self.log.read_text().splitlines() if self.log.exists() else ():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return found

    def events(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line.get("event") == event]

    def wait(self, what: str, condition: Any, patience: float) -> None:
        """Raises TimeoutError with the end of the log."""
        until = time.monotonic() + patience
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError(f"{what}: not within {patience:.0f} s\n" + self.log.read_text()[-3000:])
            if self.process is not None and self.process.poll() is not None:
                if condition():
                    return
                raise TimeoutError(f"{what}: the daemon ended with {self.process.returncode}\n" + self.log.read_text()[-3000:])
            time.sleep(0.05)

    def temporary(self) -> list[str]:
        """Files that should not be there when nothing runs."""
        return [str(path) for path in (*self.out.rglob(".*"), *self.inbox.rglob(".*")) if path.is_file()]

    def orphans(self) -> list[str]:
        """Processes of the daemon's session that outlived it: its readers."""
        assert self.process is not None
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == self.process.pid:
                    found.append(entry.name)
        return found
