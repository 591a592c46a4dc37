"""What an exception that nobody foresaw is told as: what the system refused is no fault of ours, wherever it was met."""

import errno
import os
from pathlib import Path

import pytest

from pipeline.accident import failure, refused
from pipeline.errors import InputError, OutputError

FILM = Path("/films/a.mp4")


def of(number: int, *names: str) -> OSError:
    return OSError(number, os.strerror(number), *names)


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (of(errno.ENOSPC), "no_space", "a disk is full; make room"),
        (of(errno.ENOSPC, "/out/a.srt"), "no_space", "a disk is full (/out/a.srt)"),
        (of(errno.EDQUOT), "no_space", "quota"),
        (of(errno.EFBIG), "no_space", "ulimit -f"),
        (of(errno.EROFS, "/out/a.srt"), "unwritable", "/out/a.srt can't be written: the file system is read-only"),
        (of(errno.EACCES, "/out/a.srt"), "unwritable", "/out/a.srt can't be written: permission denied"),
        (of(errno.EACCES), "unwritable", "permission denied"),
        (of(errno.EIO), "unwritable", "the disk, or the share, failed"),
        (of(errno.EIO, str(FILM)), "unreadable", "/films/a.mp4 can't be read: the disk, or the share, failed"),
        (of(errno.ENAMETOOLONG, "/out/" + "a" * 300), "unwritable", "longer than this file system takes"),
        (of(errno.EMFILE), "system_limit", "ulimit -n"),
        (of(errno.ENOMEM), "system_limit", "memory"),
        (MemoryError(), "system_limit", "memory"),
        (RuntimeError("can't start new thread"), "system_limit", "ulimit -u"),
        (RuntimeError("cannot schedule new futures after shutdown"), "internal_error", "a fault of ours (RuntimeError"),
        (of(errno.EAGAIN), "system_limit", "the limit of processes of the container (pids)"),
        (ExceptionGroup("of a task", [of(errno.ENOSPC)]), "no_space", "a disk is full"),
        (of(errno.EINVAL), "internal_error", "a fault of ours (OSError: [Errno 22]"),
        (OSError("no number"), "internal_error", "a fault of ours (OSError: no number)"),
        (FileNotFoundError(errno.ENOENT, "none", "/x"), "internal_error", "FileNotFoundError"),
        (ValueError("a bug"), "internal_error", "a fault of ours (ValueError: a bug)"),
    ],
)
def test_what_the_system_refused_is_told_by_its_name(error: Exception, code: str, says: str) -> None:
    wrong = failure(FILM, error)
    assert (wrong.code, says in wrong.message) == (code, True), wrong.message
    assert isinstance(wrong, OutputError if code in ("no_space", "unwritable") else InputError)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("{}")
    path.chmod(0)
    with pytest.raises(PermissionError) as denied:
        path.read_bytes()
    wrong = refused(denied.value)
    assert wrong is not None
    assert wrong.code == "unreadable"
