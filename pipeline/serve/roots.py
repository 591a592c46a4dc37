"""Files below the roots: named by a relative path, opened step by step beneath their root, no link followed on the way.

Between a look at a path and its use somebody may put a link in its place. So nothing is looked at by its path: each folder is opened
relative to the one before it, without following links, and what is used from then on is the open descriptor (``Held.path`` is a
name for it).
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.errors import UsageError
from pipeline.file_version import FileVersion
from pipeline.inputs import VIDEO_SUFFIXES, is_described
from pipeline.serve.faults import HttpError

MOST_ENTRIES = 5000
"""of a folder, that are listed"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One folder or film of a listing; ``path`` as it is given back to us."""

    name: str
    path: str
    folder: bool
    size: int


class Roots:
    """The folders of ``--root``, by the names that they are called by: their own, and a number where two have one name."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Raises UsageError ``not_found``."""
        self.folders: dict[str, Path] = {}
        for folder in folders:
            if not folder.is_dir():
                raise UsageError("not_found", f"--root {folder}: there is no such folder")
            real = folder.resolve()
            name = wanted = real.name or "root"
            number = 2
            while name in self.folders:
                name, number = f"{wanted}-{number}", number + 1
            self.folders[name] = real

    def place(self, path: str) -> tuple[Path, Path]:
        """``films/a/b.mp4`` -> the root called ``films``, and ``a/b.mp4``. Raises HttpError 404, 400."""
        if "\0" in path or "\\" in path or path.startswith("/") or not _is_text(path):
            raise HttpError(400, "bad_path", "give a path below a root, such as films/a.mp4", param="path")
        parts = PurePosixPath(path).parts
        if not parts or ".." in parts:
            raise HttpError(400, "bad_path", "a path goes down from its root, without ..", param="path")
        if (root := self.folders.get(parts[0])) is None:
            known = ", ".join(self.folders) or "none; start the service with --root FOLDER"
            raise HttpError(404, "no_root", f"there is no root {parts[0][:80]!r}; there are: {known}", param="path")
        return root, Path(*parts[1:])

    def within(self, path: Path) -> tuple[Path, Path] | None:
        """The root that an absolute path of this machine is below, and the rest; None where it is below none."""
        for root in self.folders.values():
            if path.is_relative_to(root) and ".." not in path.parts and "\0" not in str(path) and _is_text(str(path)):
                return root, path.relative_to(root)
        return None

    def name_of(self, root: Path, relative: Path) -> str:
        """The path that ``place`` takes."""
        name = next((name for name, folder in self.folders.items() if folder == root), root.name)
        return str(PurePosixPath(name, relative))

    def listing(self, path: str) -> list[Entry]:
        """Folders, then films, of a folder below a root; the roots themselves for an empty path. Raises HttpError."""
        if not path.strip("/"):
            return [Entry(name, name, True, 0) for name in self.folders]
        root, relative = self.place(path.strip("/"))
        descriptor = open_beneath(root, relative, folder=True)
        try:
            found = list(self._entries(descriptor, root / relative, path.strip("/")))
        finally:
            os.close(descriptor)
        return sorted(found, key=lambda entry: (not entry.folder, entry.name.casefold()))

    def _entries(self, descriptor: int, folder: Path, path: str) -> Iterator[Entry]:
        with os.scandir(descriptor) as entries:
            for entry, _ in zip(entries, range(MOST_ENTRIES), strict=False):
                if entry.name.startswith(".") or not entry.name.isprintable():  # a name that is no text can't be given back to us
                    continue
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode):
                        yield Entry(entry.name, f"{path}/{entry.name}", True, 0)
                    elif (
                        stat.S_ISREG(status.st_mode)
                        and Path(entry.name).suffix.lower() in VIDEO_SUFFIXES
                        and not is_described(folder / entry.name)
                    ):
                        yield Entry(entry.name, f"{path}/{entry.name}", False, status.st_size)


def _is_text(path: str) -> bool:
    """Whether it can be written as bytes: JSON can say halves of characters."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def open_beneath(root: Path, relative: Path, *, folder: bool = False) -> int:
    """A descriptor of a file below a root, or of a folder. No link is followed, in no step.

    Raises HttpError 404 ``not_found``, 403 ``outside_root`` (a link on the way), 400 ``not_a_regular_file``.
    """
    steps = relative.parts
    if ".." in steps or relative.is_absolute():
        raise HttpError(400, "bad_path", "a path goes down from its root, without ..", param="path")
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for number, name in enumerate(steps, 1):
            last = number == len(steps) and not folder
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_NONBLOCK if last else os.O_DIRECTORY)
            below = os.open(name, flags, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        if not folder and not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise HttpError(400, "not_a_regular_file", "this is a folder, a pipe or a device; give a video file", param="path")
    except OSError as error:
        os.close(descriptor)
        raise _refusal(error) from None
    except HttpError:
        os.close(descriptor)
        raise
    return descriptor


def _refusal(error: OSError) -> HttpError:
    if error.errno in (errno.ELOOP, errno.EMLINK):
        return HttpError(
            403, "outside_root", "there is a link in this path, and links below a root are not followed", param="path"
        )
    if error.errno == errno.ENXIO:
        return HttpError(400, "not_a_regular_file", "this is a pipe or a socket; give a video file", param="path")
    if error.errno in (errno.EACCES, errno.EPERM):
        return HttpError(403, "unreadable", "the service may not read this file", param="path")
    return HttpError(404, "not_found", "there is no such file below this root", param="path")


@dataclass(frozen=True, slots=True)
class Held:
    """A film that is open: ``path`` leads to the open file whatever becomes of its name."""

    path: Path
    descriptor: int
    version: FileVersion


@contextlib.contextmanager
def held(root: Path, relative: Path, links: Path) -> Iterator[Held]:
    """A file below a root, held open. ``links``: a folder of ours, for the name that it has meanwhile: its own, so that what is
    written about it names it so."""
    descriptor = open_beneath(root, relative)
    folder = links / f"{os.getpid()}-{descriptor}"
    name = folder / relative.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        name.unlink(missing_ok=True)
        name.symlink_to(f"/proc/{os.getpid()}/fd/{descriptor}")
        yield Held(name, descriptor, FileVersion.of(os.fstat(descriptor)))
    finally:
        try:
            with contextlib.suppress(OSError):
                name.unlink()
                folder.rmdir()
        finally:
            os.close(descriptor)  # last: its number names the folder, and whoever opens the film next may be given it
