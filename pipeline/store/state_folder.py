"""The state folder: its owner's alone (folder 0700, files 0600). It holds paths, captions, what webhooks are told, and engines' logs."""

import contextlib
import os
import re
import stat
from pathlib import Path

from pipeline.errors import EnvironmentFault

DATABASE, LOCK = "jobs.sqlite3", "daemon.lock"
OURS = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal", LOCK)
"""what ``watch`` makes in it"""
_OTHERS = re.compile(r"(search|service)\.sqlite3.*|past\.json|engine(-\d+)?\.log.*|serve", re.DOTALL)
"""what other commands make in the user's own: indexes, how long runs took, the engines' logs, the folder of ``serve``"""


def make_private(folder: Path) -> None:
    """Make the folder where there is none, and take others' rights away from what an older version made. Raises OSError.

    A folder that holds other things too is somebody's who chose its rights: only our files in it become private.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        names = set(os.listdir(folder))  # NotADirectoryError where it is none
        ours = {name for name in names if name in OURS or _OTHERS.fullmatch(name)}
        if names and names == ours:
            _tighten(folder, 0o700)
        for name in ours:
            if not (folder / name).is_dir():  # that of ``serve`` sees to itself
                _tighten(folder / name, 0o600)


def ensure_private(path: Path) -> None:
    """Make one of the folder's files where there is none. One that is there is not opened: to close it again would let go of all locks
    that this process has on it (fcntl(2)), those of SQLite too. Raises as ``open_private`` does."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if not path.is_file():  # a link to where nothing is yet, or no file at all
            os.close(open_private(path))


def open_private(path: Path) -> int:
    """A descriptor of one of the folder's files, made where there is none.

    Raises OSError, and EnvironmentFault ``state_damaged`` where something else than a file has its name.
    """
    # without blocking: a pipe in its place would be waited for
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise damaged(path, "it is no regular file")
    return descriptor


def damaged(path: Path, why: object) -> EnvironmentFault:
    """What to say where the state folder's content can't be right."""
    return EnvironmentFault(
        "state_damaged",
        f"{path} is damaged ({why}); move it away and start again: films whose descriptions are there are not asked about anew",
        path=str(path),
    )


def _tighten(path: Path, mode: int) -> None:
    with contextlib.suppress(OSError):  # somebody else's: its rights are theirs
        if stat.S_IMODE(path.stat().st_mode) & ~mode:
            path.chmod(mode)
