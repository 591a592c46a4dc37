"""The contract of a data set's format: it is handed what was committed and writes its files, whole or not at all.

    class Layout:  def write(self, data: DataSet) -> Written

Rows come as pairs with their items, unit after unit in the order of the listing, as often as they are asked for, never all in memory.
Writing twice gives the same files; what others wrote is never touched.
"""

import contextlib
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO, ClassVar, Protocol

from models.temporary import temporary_folder
from pipeline.datasets.items import Item, Row
from pipeline.errors import InputError
from pipeline.filenames import NAME_MAX, cut
from pipeline.folders import DEEPEST
from pipeline.storage import Storage
from pipeline.types import Outcome

Pair = tuple[Item, Row]
SIGNS = (
    (b"\xff\xd8\xff", ".jpg"), (b"\x89PNG", ".png"), (b"GIF8", ".gif"), (b"BM", ".bmp"), (b"II*\0", ".tif"), (b"MM\0*", ".tif"),
    (b"\0\0\0\x0cjP", ".jp2"),
)  # fmt: skip
"""what a picture's file begins with -> what it is called"""
HEAD = 1 << 16
LONGEST = 1000
"""bytes of a file's name with the folders that it brings; systems take 4,096 with those that it lies in"""


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """What a format is made from."""

    storage: Storage
    """where it goes"""
    pairs: Callable[[], Iterator[Pair]]
    """all items with their rows; a film has several"""
    read: Callable[[Sequence[Item]], Iterator[bytes | InputError]]
    """the bytes of items, in order"""
    folder: Callable[[str], Storage]
    """a source's folder, opened"""
    file: Callable[[str], BinaryIO]
    """a source's file, opened"""
    settings: Mapping[str, object] = field(default_factory=dict)
    extension: str = ".txt"
    """of texts that lie beside pictures"""
    overwrite: bool = False
    """replace files of others that are in the way"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of one format."""

    place: str
    """where it lies, for people"""
    items: int
    """that have a caption there"""
    refused: tuple[tuple[str, str, str], ...] = ()
    """(name, reason code, sentence) of what could not be written"""


class Layout(Protocol):
    """A dataclass; its fields are its options."""

    settled: ClassVar[str]
    """one line for ``--help`` and the docs: what it writes"""

    def write(self, data: DataSet) -> Written:
        """Write all files. Blocks. Raises OutputError where the storage refuses."""


def captioned(row: Row) -> bool:
    """Whether it has a text."""
    return row.outcome is not Outcome.FAILED and bool(row.caption)


def pictured(row: Row) -> bool:
    """Whether it is a picture with a text, and no window of a film: what those take who train on pictures."""
    return captioned(row) and row.start is None


@contextlib.contextmanager
def spooled(storage: Storage, name: str) -> Iterator[Path]:
    """A file of this machine to write to, which becomes the storage's when the block ends well."""
    with temporary_folder() as folder:
        path = folder / "file"
        yield path
        storage.put_file(name, path)


def in_the_way(data: DataSet, name: str, ours: Callable[[bytes], bool]) -> Written | None:
    """What is told where a file of another lies where ours goes; ``ours`` is asked by its first HEAD bytes. An empty one is nobody's."""
    if data.overwrite:
        return None
    try:
        head = data.storage.get_range(name, 0, HEAD)
    except InputError:
        return None
    if not head or ours(head):
        return None
    says = f"{name} is there already and was not written by Scenescribe; --overwrite replaces it"
    return Written(place=f"{data.storage.url}/{name}", items=0, refused=((name, "output_exists", says),))


def suffix_of(data: bytes, name: str = "") -> str:
    """What a picture's file is called by its bytes, else by its name."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return ".avif"
    said = f".{name.rpartition('.')[2].lower()}" if "." in name.rpartition("/")[2] else ".jpg"
    return next((suffix for sign, suffix in SIGNS if data.startswith(sign)), said)


def batched(pairs: Iterable[Pair], count: int) -> Iterator[list[Pair]]:
    """Some at a time."""
    batch: list[Pair] = []
    for pair in pairs:
        batch.append(pair)
        if len(batch) == count:
            yield batch
            batch = []
    if batch:
        yield batch


def inside(name: str) -> str:
    """A name that stays below the folder that it is unpacked into, whoever chose it: no ``..``, no root, nothing that steers a
    terminal."""
    plain = "".join(letter if letter.isprintable() else "_" for letter in name.replace("\\", "_"))
    return "/".join(part for part in plain.split("/") if part not in ("", ".", "..")) or "_"


def file_below(key: str, room: int) -> str:
    """The same as the name of a file that a disk takes, ``room`` bytes kept free at its end: of too many folders the outermost go."""
    parts = [cut(part, NAME_MAX - room) for part in inside(key).split("/")[-DEEPEST:]]
    while len(parts) > 1 and len("/".join(parts).encode()) > LONGEST:
        parts.pop(0)
    return "/".join(parts)


def add_member(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    """One file of a tar, the same bytes whenever it is written; wherever it is unpacked, it stays below that folder."""
    import io

    copy_member(tar, name, len(data), io.BytesIO(data))


def copy_member(tar: tarfile.TarFile, name: str, size: int, content: IO[bytes]) -> None:
    """The same of ``size`` bytes of an open file, a piece at a time."""
    head = tarfile.TarInfo(inside(name))
    head.size, head.mode, head.mtime = size, 0o444, 0
    tar.addfile(head, content)
