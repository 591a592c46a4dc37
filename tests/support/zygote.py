"""``scenescribe`` without the second that its imports take: a process that has them already is forked for each command.

    test ─── words, folder, environment, three files ──▶ zygote ─ fork ─▶ keeper ─ fork ─▶ main() of pipeline.cli
         ◀── process id, exit code ─────────────────────────────────────────┘

The command is a process of its own with its own streams, folder, environment and exit code, and ends as Python ends. It is no
stand-in where the start of the process itself is the point: what is imported when, signals, a terminal.
"""

import array
import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = (
    "numpy", "asyncio.subprocess", "PIL.Image", "rich.console", "rich.live", "rich.panel", "rich.progress", "rich.table", "rich.markdown",
    "pipeline.describe", "pipeline.run", "pipeline.studio", "models.engines.echo",
)  # fmt: skip
"""what commands import; nothing of it starts a thread or asks the environment"""
LOOK = 10.0
"""seconds between two looks whether the tests' process is still there"""
OURS = ("SCENESCRIBE_", "XDG_", "OPENAI_", "HOME", "COLUMNS")
"""variables that a command reads when it runs; any other may change the process itself, and is for a real one"""
CLIENT = """#!{python} -IS
import json, os, signal, socket, sys
line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
line.connect({address!r})
asked = [["scenescribe", *sys.argv[1:]], os.getcwd(), dict(os.environ)]
socket.send_fds(line, [json.dumps(asked).encode("utf-8")], [0, 1, 2])
child = int(line.recv(100))
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, frame: os.kill(child, number))
code = int(line.recv(100) or 255)
os._exit(code if code >= 0 else 128 - code)
"""


class Zygote:
    """The process, and the ways to ask it. ``bin`` holds a ``scenescribe`` for PATH."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="zygote"))
        self.bin = self._folder / "bin"
        self.bin.mkdir()
        self._address = str(self._folder / "socket")
        environment = {name: value for name, value in os.environ.items() if not name.startswith((*OURS, "PYTEST_"))}
        self._process = subprocess.Popen(
            [sys.executable, __file__, self._address], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            env=environment | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert self._process.stdout
        assert self._process.stdout.readline() == b"ready\n"
        client = self.bin / "scenescribe"
        client.write_text(CLIENT.format(python=sys.executable, address=self._address))
        client.chmod(0o755)
        atexit.register(self.close)

    def run(
        self, words: Sequence[str | bytes], *, cwd: Path, env: Mapping[str, str], timeout: float
    ) -> "subprocess.CompletedProcess[str]":
        """``subprocess.run`` of ``scenescribe`` with its text captured."""
        client: list[str | bytes] = [str(self.bin / "scenescribe"), *words]
        return subprocess.run(
            client,
            cwd=cwd,
            env=dict(env),
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=timeout,
            check=False,
        )

    def close(self) -> None:
        assert self._process.stdout
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)


@cache
def zygote() -> Zygote:
    """This process's one."""
    return Zygote()


def serve(address: str) -> tuple[list[str], str, dict[str, str], list[int]]:
    """Fork for each who asks; comes back in a child that is to be the command."""
    import importlib

    from pipeline.cli.app import COMMANDS

    for name in (*MODULES, *(f"pipeline.cli.{command}" for command in COMMANDS)):
        importlib.import_module(name)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    door.bind(address)
    door.listen(64)
    door.settimeout(LOOK)
    parent = os.getppid()
    print("ready", flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        try:
            line, _ = door.accept()
        except TimeoutError:
            if os.getppid() != parent:  # killed, before it could say so
                shutil.rmtree(Path(address).parent, ignore_errors=True)
                os._exit(0)
            continue
        if os.fork():
            line.close()
            continue
        door.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        said, files = _received(line)
        child = os.fork()
        if not child:
            line.close()
            words, folder, environment = json.loads(said)
            return words, folder, environment, files
        for file in files:
            os.close(file)
        _keep(line, child)


def _received(line: socket.socket) -> tuple[bytes, list[int]]:
    said, files, _, _ = socket.recv_fds(line, 1 << 20, 3)
    return said, list(array.array("i", files))


def _keep(line: socket.socket, child: int) -> None:
    """Tell of the command and its end; who asked may be gone by then."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        line.send(str(child).encode())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        line.send(str(code).encode())
    finally:
        os._exit(0)


def become(words: list[str], folder: str, environment: dict[str, str], files: list[int]) -> Callable[[], None]:
    """Take the command's files (those below sys.stdout and its like), folder, environment and words; returns its function."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = words
    from pipeline.cli.app import main

    return main


if __name__ == "__main__":
    become(*serve(sys.argv[1]))()
