"""One case of the crash matrix: a daemon in a fork, with a fault or without."""

import asyncio
import mmap
import os
import signal
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.engines.echo import EchoCaptioner
from pipeline import studio as studios
from pipeline.errors import ScenescribeError
from pipeline.host import Host
from pipeline.options.watch import WatchSettings
from pipeline.watch import daemon as daemons
from pipeline.watch.timings import Timings
from scripts.soaks.faults import Injector
from scripts.soaks.madeup import MadeUp

HURRY = Timings(
    grace=0.2, tick=0.05, retry=(0.02, 0.02, 0.02), probe_first=0.02, probe_longest=0.1, deliveries_pause=0.02,
    deliveries_retry=(0.02,), deliveries_last=5.0, folder_gone=0.05,
)  # fmt: skip
"""waits of seconds become waits of milliseconds"""
LIMIT = 30.0
"""seconds that one daemon may take before it is held to hang"""


class Asked:
    """A count that forks share."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 8)

    @property
    def value(self) -> int:
        return int(struct.unpack("q", self._shared[:8])[0])

    @value.setter
    def value(self, value: int) -> None:
        self._shared[:8] = struct.pack("q", value)


@dataclass
class Case:
    """One case: its folder, and what is common to all."""

    folder: Path
    real: bool
    moved: bool
    asked: Asked

    def settings(self) -> WatchSettings:
        return WatchSettings(
            engine="echo", model="shapes", output_dir=self.folder / "out", state_dir=self.folder / "state", settle=0.0, poll=60.0, once=True,
            max_attempts=3, mux=self.real, done_dir=self.folder / "done" if self.moved else None, format="srt",
            include=() if self.real else ("*.txt",), decode_workers=1,
        )  # fmt: skip

    def run(self, injector: Injector | None) -> int:
        """One daemon in a fork: its exit code, negative for a signal, -1000 where it hung."""
        child = os.fork()
        if child == 0:
            code = 99
            try:
                code = self._daemon(injector)
            finally:
                sys.stderr.flush()
                os._exit(code)
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.002)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return -1000

    def _daemon(self, injector: Injector | None) -> int:
        os.setpgid(0, 0)
        log = os.open(self.folder.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 2)
        faulty = injector is not None
        if injector is not None:
            injector.arm()
        asked = self.asked

        class Counted(EchoCaptioner):
            async def caption(self, request: Any) -> Any:
                asked.value += 1
                return await super().caption(request)

        def studio(settings: WatchSettings, host: Host | None) -> studios.Studio:
            kind = studios.Studio if self.real else MadeUp
            return kind(settings, captioner=Counted(), host=host)

        try:
            return asyncio.run(daemons.Daemon(self.folder / "in", self.settings(), make_studio=studio, timings=HURRY).run())
        except ScenescribeError as error:
            print(f"ended by {error}", file=sys.stderr)
            return error.exit_code
        except RuntimeError as error:
            if faulty and "injected" in str(error):
                return 98
            raise
