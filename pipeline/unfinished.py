"""Films that are being written: their names are theirs when they are done, and what will not be done leaves nothing behind.

A second signal is the kernel's and ends the process at once, whatever hangs: what must not lie there then is removed at the first one. Its
file stays open for those that write to it and read it until they hear of the end too.
"""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from models.temporary import alive, stale
from pipeline.errors import OutputError
from pipeline.filenames import cut
from pipeline.files import MARK, STAND_IN, whole

_now: set[Path] = set()
"""temporary files of films that this process writes"""
_OWNER = re.compile(re.escape(MARK) + r"(\d+)-[0-9a-f]{8}\.tmp")
_QUIET = 600.0
"""seconds in which a film that is being written does grow; the number of a process that was killed may be another's after that"""


_FILMS = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm"})


def done(path: Path) -> bool:
    """Whether an output is there. A film without a byte is none: on a disk without hard links its name is taken by an empty file first
    (``files.whole``), and who is killed then leaves that. One that stands for a film of a storage (``STAND_IN``) is."""
    if path.suffix.lower() not in _FILMS or not path.exists():
        return path.exists()
    found = path.stat()
    return found.st_size > 0 or found.st_mtime == STAND_IN


@contextlib.contextmanager
def film(out: Path) -> Iterator[Path]:
    """``files.whole`` of a film: of two that write one name at once, the second is refused. Raises as that does, OutputError ``cancelled``
    where it was given up."""
    with whole(out, fresh=True) as temporary:
        _now.add(temporary)
        try:
            yield temporary
            if temporary not in _now:
                raise OutputError("cancelled", "stopped before it was done; nothing was written")
        finally:
            _now.discard(temporary)


def give_up() -> None:
    """None of the films that are being written will be: remove what there is of them. Takes no time."""
    while _now:
        with contextlib.suppress(KeyError, OSError):
            _now.pop().unlink(missing_ok=True)


def writer_of(path: Path) -> int | None:
    """Another process of this machine that writes a film of this name now."""
    mine = f".{cut(path.name, 120)}{MARK}"
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if not entry.name.startswith(mine) or (owner := _OWNER.search(entry.name)) is None:
                continue
            number = int(owner[1])
            with contextlib.suppress(OSError):
                if number != os.getpid() and alive(number) and not stale(entry.stat().st_mtime, _QUIET):
                    return number
    return None
