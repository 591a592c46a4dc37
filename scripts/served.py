"""``scenescribe serve`` in a process of its own, as a user starts it, for benches and soaks: its address, its key, its memory."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

HOUSE = Path(__file__).resolve().parents[1]


class Served:
    """A context manager. The service may be killed and started again on its state folder."""

    def __init__(self, state: Path, words: Sequence[str]) -> None:
        self.state, self._words, self.log = state, tuple(words), state.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None
        self.url = self.key = ""
        self.alive_after = 0.0
        """seconds from its start to the first answer of /healthz"""

    def start(self) -> None:
        """Start it and wait until it answers. Raises RuntimeError with the end of its log."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            listen = f"127.0.0.1:{free.getsockname()[1]}"
        command = [sys.executable, "-m", "pipeline.cli", "serve", "--listen", listen, "--state-dir", str(self.state)]
        began = time.monotonic()
        self.alive_after = 0.0
        said = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self._words], cwd=HOUSE, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        while time.monotonic() < began + 120:
            if self.process.poll() is not None:
                break
            if not self.alive_after:
                with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(f"http://{listen}/healthz", timeout=5):
                    self.alive_after = time.monotonic() - began
            elif found := re.search(rb"(http://[\w.:]+)/#key=(\S+)", self.log.read_bytes()[said:]):
                self.url, self.key = found[1].decode(), found[2].decode()
                return
            time.sleep(0.01)
        raise RuntimeError(f"the service did not start:\n{self.log.read_text(errors='replace')[-4000:]}")

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    @property
    def rss(self) -> int:
        """Bytes of memory of the service's own process, without those of the engine and of its readers."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024  # type: ignore[index]

    @property
    def descriptors(self) -> int:
        """Open files and sockets."""
        assert self.process is not None
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def kill(self) -> None:
        """SIGKILL to it alone, as the kernel does it where memory ends."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
