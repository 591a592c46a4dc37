"""Private temporary folders: gone when their work is done, and where their process was killed, by the next that makes one.

    TMPDIR=/tmp                       /tmp/scenescribe-4711-k3j9x_2a
    TMPDIR=/scratch/job/(90 letters)  the same, where sockets are to lie in it: a socket's path has 103 characters at most

A path of that length is what batch systems and test runners give; programs that put a socket below it fail as they start.
"""

import contextlib
import fcntl
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

STALE = 60.0
"""seconds; what a process that is gone left behind is removed when nobody wrote to it for this long"""
AHEAD = 86_400.0
"""seconds that another machine's clock may be ahead of ours"""

SOCKET = 103
"""characters of a socket's path at most: ``sun_path`` of sockaddr_un has room for 107 on Linux, for 103 on macOS (unix(7), unix(4))"""

_SHORT = ("/tmp", "/var/tmp", "/dev/shm")


@contextlib.contextmanager
def temporary_folder(longest: int | None = None) -> Iterator[Path]:
    """A private folder (mode 0700) in the system's temporary folder, gone when the block ends.

    ``longest``: characters that its path may have. Where it would be longer, it is made in XDG_RUNTIME_DIR, /tmp, /var/tmp or /dev/shm,
    the first that takes it; where none does, it is longer. A process that is killed leaves its own behind; the next that makes one
    there removes those whose owner is gone. Raises OSError where no folder can be made.
    """
    prefix = f"scenescribe-{os.getpid()}-"
    usual = tempfile.gettempdir()
    place = next((one for one in _places(usual, prefix, longest) if _takes(one)), usual)
    for left in _left_folders(Path(place)):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=place, ignore_cleanup_errors=True) as folder, _in_use(folder):
        yield Path(folder)


@contextlib.contextmanager
def _in_use(folder: str) -> Iterator[None]:
    """Hold a folder's lock: of a process in another container, with this folder shared between them, the number says nothing here."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):  # file systems without locks: there the number has to do
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _is_in_use(folder: str) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _places(usual: str, prefix: str, longest: int | None) -> Iterator[str]:
    """Folders below which a folder with a name of ours is short enough, the usual one first."""
    for place in (usual, os.environ.get("XDG_RUNTIME_DIR", ""), *_SHORT):
        if os.path.isabs(place) and (longest is None or len(os.fsencode(f"{place}/{prefix}")) + len("k3j9x_2a") <= longest):
            yield place


def _takes(place: str) -> bool:
    return os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK)


def _left_folders(place: Path) -> Iterator[Path]:
    """Folders of ``temporary_folder`` that are this user's, made STALE seconds ago or more, and whose process is gone."""
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            owner = re.fullmatch(r"scenescribe-(\d+)-\w+", entry.name)
            if owner is None or alive(int(owner[1])):
                continue
            with contextlib.suppress(OSError):
                found = entry.stat(follow_symlinks=False)
                ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
                if ours and stale(found.st_mtime, STALE) and not _is_in_use(entry.path):
                    yield Path(entry.path)


def stale(changed: float, seconds: float) -> bool:
    """Whether a file that changed then, in seconds since 1970, was left alone for so long. One that changes tomorrow was written under a
    clock that was ahead: it would be held to be new until then."""
    return not -AHEAD < time.time() - changed < seconds


def alive(process: int) -> bool:
    """Whether a process of this number runs on this machine, of whatever user."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
