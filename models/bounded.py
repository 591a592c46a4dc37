"""Reading files that others may have put there: a model's folder, a preset, a film's context.

Whatever is read is a regular file, opened without waiting (``O_NONBLOCK``: a FIFO without a writer would hang for ever), and
read up to a bound. What goes wrong is an OSError whose ``strerror`` says it, so callers that expect one are told.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

MEGABYTE = 1024 * 1024
APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT


def read_bytes(path: Path, most: int, *, follow: bool = True) -> bytes:
    """All bytes of a regular file of at most ``most`` bytes. ``follow=False`` refuses a symbolic link.

    Raises OSError: EINVAL where it is no regular file, EFBIG where it is larger, ELOOP for a link, and the usual ones.
    """
    with opened(path, os.O_RDONLY, follow) as file:
        data = file.read(most + 1)
    if len(data) > most:
        size = f"{most // MEGABYTE} MB" if most >= MEGABYTE else f"{most // 1024} KB"
        raise OSError(errno.EFBIG, f"the file is larger than {size}", str(path))
    return data


def read_text(path: Path, most: int, *, follow: bool = True, errors: str = "strict") -> str:
    """The same as UTF-8. Raises UnicodeDecodeError too."""
    return read_bytes(path, most, follow=follow).decode("utf-8", errors)


def opened(path: Path, flags: int, follow: bool) -> BinaryIO:
    """A regular file, by ``os.open``'s flags. Raises OSError as ``read_bytes`` does."""
    flags |= os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags, 0o666)
    except ValueError:
        raise OSError(errno.ENOENT, "a file name can't hold a NUL character", str(path)) from None
    except OSError as error:
        if error.errno == errno.ENXIO:  # a pipe that nobody reads, a socket
            raise OSError(errno.EINVAL, "it is no regular file", str(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    if flags & os.O_APPEND and os.fstat(descriptor).st_nlink > 1:
        os.close(descriptor)
        raise OSError(errno.EMLINK, "the file has a second name (a hard link): what is added would stand there too", str(path))
    return os.fdopen(descriptor, "ab" if flags & os.O_WRONLY else "rb")
