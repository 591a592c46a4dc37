"""Files appear whole or not at all: a temporary name in the target's folder, fsync, rename.

.movie.mp4.scenescribe-4711-k3j9.tmp.mp4  ->  movie.mp4
a dot: no player lists it      process and chance: nobody else's      the extension last: ffmpeg goes by it
"""

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from models.temporary import STALE, alive, stale
from pipeline.accident import FULL
from pipeline.errors import OutputError
from pipeline.filenames import cut, elsewhere

STAND_IN = 0.0
"""when a file was changed that is empty because it stands for one of a storage (``storage.staging``)"""
MARK = ".scenescribe-"

_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}
_OWNER = re.compile(rb"\.scenescribe-(\d+)-[0-9a-f]{8}\.tmp")


def write_whole(path: Path, data: bytes, *, durable: bool = True, outdated: Iterable[Path] = (), fresh: bool = False) -> None:
    """Write a file under a temporary name, then give it its own. ``durable``: it is on the disk when this returns. ``outdated``: files that
    are removed between the two. ``fresh``: as of ``whole``. Raises OutputError ``no_space``, ``unwritable``, ``output_exists``; then no
    temporary file is left and an older one is as it was."""
    with whole(path, durable=durable, fresh=fresh) as temporary, _explain(path):
        with to_write(temporary) as file:
            file.write(data)
        for old in outdated:
            with _explain(old):
                old.unlink(missing_ok=True)


@contextlib.contextmanager
def to_write(temporary: Path) -> Iterator[BinaryIO]:
    """The temporary file of ``whole``, open and empty. Raises OSError where somebody put a link or something else at its name."""
    flags = os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(temporary, flags), "wb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(temporary))
        yield file


def copy_whole(source: BinaryIO, path: Path) -> None:
    """Copy an open file to ``path``, which appears whole. Raises OutputError ``no_space`` or ``unwritable``."""
    with whole(path) as temporary, _explain(path), to_write(temporary) as file:
        shutil.copyfileobj(source, file, 1 << 20)


def create_whole(path: Path, data: bytes, *, durable: bool = True) -> bool:
    """Write a file only where none has its name; False where one has. Of many that try at once, one does, and it appears whole.

    By a hard link, which is atomic on local disks and on NFS. ``durable``: it is on the disk when this returns.
    Raises OutputError ``no_space``, ``unwritable``; ``no_conditional_put`` where the file system has no hard links.
    """
    _tidy(path.parent)
    temporary = _temporary(path)
    try:
        with _explain(path):
            with open(temporary, "xb") as file:
                file.write(data)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            if not _linked(temporary, path):
                return False
            if durable:
                _sync(path.parent, folder=True)
        return True
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _linked(temporary: Path, path: Path) -> bool:
    """Whether the file got this name now; False where there is one of that name."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if temporary.stat().st_nlink == 2:  # NFS: done, and the answer was lost
            return True
        if error.errno in _NO_LINKS:
            text = f"the file system of {path.parent} has no hard links, so two programs can't write one data set there"
            raise OutputError("no_conditional_put", f"{text}; write to another disk", path=path) from error
        raise
    return True


@contextlib.contextmanager
def whole(path: Path, *, durable: bool = True, fresh: bool = False) -> Iterator[Path]:
    """A temporary path to write to; when the block ends well the file takes the name ``path``, otherwise it is removed. ``fresh``: a name
    that is free when the block begins must be free when it ends, else what somebody wrote there meanwhile stays.
    Raises OutputError ``no_space`` or ``unwritable``, ``output_exists``."""
    _tidy(path.parent)
    temporary, free = _temporary(path), fresh and not os.path.lexists(path)
    try:
        with _explain(path):  # says at once, and not after an hour of encoding, that the folder can't be written
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        yield temporary
        with _explain(path):
            if durable:
                _sync(temporary)
            _take(temporary, path) if free else temporary.replace(path)
            if durable:
                _sync(path.parent, folder=True)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _take(temporary: Path, path: Path) -> None:
    """Give the file this name where none has it; of several that do so at once, one does. Raises OSError, OutputError ``output_exists``."""
    try:
        if _linked(temporary, path):
            return
    except OutputError:  # no hard links here: the name is taken by an empty file, and that replaced
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            temporary.replace(path)
            return
    text = f"{path} was written by somebody else meanwhile and stays as it is; name another with -o, or --overwrite replaces it"
    raise OutputError("output_exists", text, path=path)


def remove_stale(path: Path, *, older: float = STALE) -> None:
    """Remove what killed processes left of this file, where nobody wrote to it for ``older`` seconds."""
    _remove_stale(path.parent, os.fsencode(f".{cut(path.name, 120)}{MARK}"), older)


def remove_all_stale(folder: Path) -> None:
    """Remove what killed processes left of any file in a folder."""
    _remove_stale(folder, b".", STALE)


def _tidy(folder: Path) -> None:
    """Remove what killed processes left in a folder; not looked for at every write, since a folder may hold 100,000 files."""
    now = time.monotonic()
    if now >= _tidied.get(folder, now):
        _tidied.clear()  # one folder after the other is the rule: more need not be remembered
        _tidied[folder] = now + STALE
        _remove_stale(folder, b".", STALE)


_tidied: dict[Path, float] = {}
"""folder -> when it is looked through again"""


def _remove_stale(folder: Path, prefix: bytes, older: float) -> None:
    with contextlib.suppress(OSError), os.scandir(os.fsencode(folder)) as entries:
        for entry in entries:
            owner = _OWNER.search(entry.name) if entry.name.startswith(prefix) else None
            if owner and not alive(int(owner.group(1))) and stale(entry.stat().st_mtime, older):
                os.unlink(entry.path)


def check_folder(folder: Path) -> None:
    """Make a folder where it is not there, and see that files can be made in it. Raises OutputError ``unwritable``, ``no_space``."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = _temporary(folder / "probe")
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        probe.unlink()
    except OSError as error:
        raise explained(folder, error) from error


def explained(path: Path, error: OSError) -> OutputError:
    """The reason why a file can't be written, as an OutputError."""
    if error.errno in FULL:
        return OutputError("no_space", f"the disk of {path.parent} is full; make room or {elsewhere(path)}", path=path)
    reason = (error.strerror or str(error)).lower()
    if error.errno == errno.ENAMETOOLONG:
        reason = "the name, or the whole path, is longer than this file system takes; write elsewhere with -o"
    if error.errno == errno.ELOOP:
        reason = "a link is in the way, and links are not followed where something is added"
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        reason = "a file has the name of this folder, or of one above it"
    return OutputError("unwritable", f"{path} can't be written: {reason}", path=path)


@contextlib.contextmanager
def _explain(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise explained(path, error) from error


def _temporary(path: Path) -> Path:
    return path.with_name(f".{cut(path.name, 120)}{MARK}{os.getpid()}-{secrets.token_hex(4)}.tmp{cut(path.suffix, 32)}")


def _sync(path: Path, *, folder: bool = False) -> None:
    """What is written of a file, or of a folder's names, is on the disk when this returns. Raises OSError of a link."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if folder else os.O_NOFOLLOW))
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):  # some network shares can't sync a folder
            raise
    finally:
        os.close(descriptor)
