"""An exception that nobody foresaw, as the failure of the one input that it met: what the system refused by its own name, all else as a
fault of ours."""

import errno
import os
import threading
from pathlib import Path

from pipeline import log as logs
from pipeline.errors import InputError, OutputError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""no room on a disk: it is full, a quota is used up, the file became larger than it may be"""
_FULL_BECAUSE = {
    errno.ENOSPC: "a disk is full",
    errno.EDQUOT: "the quota of a disk is used up",
    errno.EFBIG: "a file became larger than the file system, or a limit (ulimit -f), allows",
}
_DISK_FAILED = "the disk, or the share, failed; the system's log (dmesg) says more"
_REFUSED = {
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EIO: _DISK_FAILED,
    errno.ESTALE: _DISK_FAILED,
    errno.EREMOTEIO: _DISK_FAILED,
    errno.ENAMETOOLONG: "the name, or the whole path, is longer than this file system takes",
}
NO_MORE = "raise ulimit -u, or the limit of processes of the container (pids), or do less at once"
_LIMITS = {
    errno.EMFILE: "too many files are open in this process; raise ulimit -n, or do less at once",
    errno.ENFILE: "too many files are open on this machine",
    errno.ENOMEM: "there is no memory left; do less at once",
    errno.EAGAIN: f"no further process or thread may be started; {NO_MORE}",
}
_NO_THREAD = "can't start new thread"
"""all that Python says where the system refuses one: it has no number"""
STARVED = (_NO_THREAD, "Resource temporarily unavailable", "Cannot allocate memory", "MemoryError")
"""how a process's last words say that it had no thread, process or memory"""
log = logs.get(__name__)


def failure(path: Path, error: Exception) -> InputError | OutputError:
    """An accident of one film, with its traceback in the log: whatever it was, it is that film's alone."""
    return logged(error, path=path)


def logged(error: BaseException, **about: object) -> InputError | OutputError:
    """What went wrong, as an error of ours; the accident with its traceback is in the log, under what it was ``about``."""
    path = about.get("path")
    wrong = refused(error, path if isinstance(path, Path) else None)
    if wrong is None:
        log.error("internal error", **about, exc_info=error)
        return ours(error, "please report it with the traceback, which -v or --log-file shows")
    log.error("refused by the system", **about, reason=wrong.code, exc_info=error)
    return wrong


def ours(error: BaseException, report: str = "please report it") -> InputError:
    """A fault of ours; ``report``: what is to be done with it."""
    return InputError("internal_error", f"a fault of ours ({type(error).__name__}: {error}); {report}")


def no_thread() -> InputError | None:
    """``system_limit`` where the system gives this process no further thread now: libraries that meet this call it something else."""
    try:
        threading.Thread(target=int).start()
    except RuntimeError as error:
        wrong = refused(error)
        return wrong if isinstance(wrong, InputError) else None
    return None


def refused(error: BaseException, path: Path | None = None) -> InputError | OutputError | None:
    """What the system refused: OutputError ``no_space``, ``unwritable``, InputError ``unreadable``, ``system_limit``. None of another error,
    which is a fault of ours. ``path``: the film that was read.
    """
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, (InputError, OutputError)):
        return error
    if isinstance(error, MemoryError):
        return InputError("system_limit", _LIMITS[errno.ENOMEM])
    if isinstance(error, RuntimeError) and str(error) == _NO_THREAD:
        return InputError("system_limit", _LIMITS[errno.EAGAIN])
    if not isinstance(error, OSError) or error.errno is None:
        return None
    where = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes, os.PathLike)) else ""
    if error.errno in FULL:
        at = f" ({where})" if where else ""
        return OutputError("no_space", f"{_FULL_BECAUSE[error.errno]}{at}; make room and run it again")
    if error.errno in _LIMITS:
        return InputError("system_limit", _LIMITS[error.errno])
    if (reason := _REFUSED.get(error.errno)) is None:
        return None
    if where and ((path is not None and where == os.fspath(path)) or (os.path.exists(where) and not os.access(where, os.R_OK))):
        return InputError("unreadable", f"{where} can't be read: {reason}")
    return OutputError(
        "unwritable", f"{where} can't be written: {reason}" if where else f"a file can't be read or written: {reason}"
    )
