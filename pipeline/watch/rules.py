"""Which files of the watched folder are films to describe. Pure but for one look at a link's target."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pipeline.inputs import VIDEO_SUFFIXES, is_described
from pipeline.options.watch import WatchSettings
from pipeline.shard import Shard, parsed, takes

PARTIAL = (".part", ".crdownload", ".tmp", ".partial", ".download", ".!qb", ".aria2")
"""what downloads are called until they are whole"""
SYSTEM_FOLDERS = frozenset({"@eaDir", ".stfolder", ".Trashes", "__MACOSX"})
SKIP_MARK = ".scenescribe-skip"
"""a folder that holds a file of this name is left out, with all that is below it"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Which names are taken, and which folders are looked into. ``include`` takes the place of the list of video suffixes, ``exclude`` wins over it.

    A glob is compared with the file's name and with its path below ``root``: ``*.mov`` and ``dailies/*`` both work.
    """

    root: Path
    recursive: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    outputs: tuple[Path, ...] = ()
    """folders that we write to: below the root they are not looked into"""
    shard: Shard = (1, 1)
    """which part of all films, by their paths below ``root``"""

    @classmethod
    def of(cls, root: Path, settings: WatchSettings, output: Path | None) -> "Rules":
        """The rules that the options make; ``output``: the folder that descriptions go to, where it is another."""
        written = (output, settings.done_dir, settings.failed_dir)
        return cls(
            root=root,
            recursive=settings.recursive,
            include=settings.include,
            exclude=settings.exclude,
            outputs=tuple(path.absolute() for path in written if path is not None and path.absolute() != root),
            shard=parsed(settings.shard),
        )

    def enters(self, folder: Path) -> bool:
        """Whether a folder below the root is looked into (that it holds SKIP_MARK is asked elsewhere)."""
        name = folder.name
        return (
            self.recursive
            and not name.startswith(".")
            and name not in SYSTEM_FOLDERS
            and folder not in self.outputs
            and not self._matches(folder, self.exclude)
        )

    def takes(self, path: Path, exists: Callable[[Path], bool] = os.path.lexists) -> bool:
        """Whether a file is a film to describe, by its name; ``exists`` tells what lies beside it."""
        return (
            self.may_take(path.name)
            and not is_described(path, exists)
            and not self._matches(path, self.exclude)
            and (not self.include or self._matches(path, self.include))
            and takes(path.relative_to(self.root), self.shard)
        )

    def may_take(self, name: str) -> bool:
        """Whether a file of this name can be such a film; asked of every file in the folder each minute, so it is quick."""
        low = name.casefold()
        if name.startswith(".") or low.endswith(PARTIAL):
            return False
        return bool(self.include) or os.path.splitext(low)[1] in VIDEO_SUFFIXES

    def reaches(self, path: Path) -> bool:
        """Whether the walk would come to this path at all: every folder between the root and it is entered."""
        try:
            between = path.relative_to(self.root).parent
        except ValueError:
            return False
        folder = self.root
        for part in between.parts:
            folder = folder / part
            if not self.enters(folder) or (folder / SKIP_MARK).exists() or folder.is_symlink():
                return False
        return not (self.root / SKIP_MARK).exists()

    def stays_inside(self, link: Path) -> bool:
        """Whether a link leads to a file below the root."""
        try:
            return link.resolve(strict=True).is_relative_to(self.root.resolve())
        except (OSError, RuntimeError):
            return False

    def _matches(self, path: Path, globs: tuple[str, ...]) -> bool:
        below = os.fspath(path.relative_to(self.root))
        return any(fnmatchcase(path.name, glob) or fnmatchcase(below, glob) for glob in globs)


def listed(folder: str) -> Sequence[os.DirEntry[str] | str]:
    """What lies in a folder, by name; nothing where SKIP_MARK does. Raises OSError."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    return [] if any(entry.name == SKIP_MARK for entry in entries) else entries
