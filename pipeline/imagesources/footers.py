"""Footers of Parquet files are looked at by another process first: of some, Arrow ends the process that asks for a column's place.

footer --stdin--> footer_child, which asks all that we ask --stdout--> it lives: so shall we

That are columns whose place is encrypted, numbers that do not fit their column, and whatever else nobody caught below Python. One child
serves all tables of a process: its start costs 0.4 s. A footer that it outlived is not sent again.
"""

import atexit
import os
import subprocess
import sys
import threading
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from pipeline.environment import child_environment
from pipeline.errors import EnvironmentFault
from pipeline.imagesources.ranged import RangedFile

_ROOT = str(Path(__file__).resolve().parents[2])
END = 64 << 10
"""bytes that Arrow reads of a file's end"""
LONGEST = 1 << 30
"""bytes of a footer: Arrow, and who looks at it before, have it in memory"""
SIGNED = 28
"""bytes of a signature behind a footer: columns are encrypted, and the footer is not"""
TRIES = 2
"""deaths before a footer is called deadly: one may be the kernel's, short of memory"""
REMEMBERED = 10_000
"""footers that are known to be harmless"""


def footer_of(file: RangedFile) -> bytes:
    """The footer, with a signature that stands behind it; nothing where the file's end tells of none. Raises ValueError where it is longer
    than any, and what reading raises."""
    end = _tail(file, END)
    length = int.from_bytes(end[-8:-4], "little")
    if len(end) < 12 or not end.endswith(b"PAR1") or length > file.size() - 12:
        return b""
    if length > LONGEST:
        raise ValueError(f"a footer of {length:,} bytes")
    return (end if length + 8 <= len(end) else _tail(file, length + 8))[-length - 8 : -8]


def _tail(file: RangedFile, size: int) -> bytes:
    """The last bytes; Arrow, which asks for as many, gets what was kept of them."""
    file.seek(max(0, file.size() - size))
    return file.read(size)


class Looker:
    """The child, from our side; it is started when it is needed. Threads may share it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._harmless = set[bytes]()

    def look(self, footer: bytes) -> bool:
        """Whether a process that reads this footer survives it. Raises EnvironmentFault ``reader_broken``."""
        digest = blake2b(footer, digest_size=32).digest()
        with self._lock:
            if digest in self._harmless:
                return True
            if not any(self._survived(footer) for _ in range(TRIES)):
                return False
            if len(self._harmless) >= REMEMBERED:
                self._harmless.clear()
            self._harmless.add(digest)
            return True

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            for end in (process.stdin, process.stdout):
                with suppress(OSError):
                    if end is not None:
                        end.close()
            process.wait()  # it ends with its stdin

    def _survived(self, footer: bytes) -> bool:
        process = self._process = self._process or _started()
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):
            process.stdin.write(len(footer).to_bytes(8, "little") + footer)
            process.stdin.flush()
            if process.stdout.read(1):
                return True
        self.close()
        return False


def _started() -> "subprocess.Popen[bytes]":
    """A child that has said that it is there. Raises EnvironmentFault."""
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "pipeline.imagesources.footer_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what Arrow says as it dies is for nobody
            env=child_environment(PYTHONPATH=os.pathsep.join(filter(None, [_ROOT, os.environ.get("PYTHONPATH")]))),
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:  # no memory, no further process: no table's fault
        raise _does_not_start(f": {error}") from None
    assert process.stdin is not None
    assert process.stdout is not None
    if not process.stdout.read(1):
        process.stdin.close()
        process.stdout.close()
        process.wait()
        raise _does_not_start()
    return process


def _does_not_start(why: str = "") -> EnvironmentFault:
    return EnvironmentFault(
        "reader_broken", f"the process that looks at tables does not start{why}; see what scenescribe doctor says"
    )


looker = Looker()
"""this process's"""
atexit.register(looker.close)
