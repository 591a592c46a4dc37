"""Members of a tar that somebody else wrote, one after the other and each further on than the one before.

tarfile trusts what a head says of sizes: with one below nothing it goes back and reads the same members for ever, the list of a sparse
file may have no end, and a name may claim the rest of the file. Pictures need none of these.

A file with two names is written once, and by the second name as a hard link: GNU tar does so by itself. It is the file again.
"""

import io
import sys
import tarfile
from collections.abc import Iterator
from typing import Any, Self

NAMES = 1 << 20
"""bytes of what stands before a member to tell its name, at most"""
RECORDS = 1000
"""of pax, that hold for all members behind them: tarfile copies them for each"""
_TELLING = frozenset(
    {tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE}
)
"""types of heads that do"""
ROOM = 64 << 20
"""bytes of memory for the names that links may name"""
PADDING = 1 << 20
"""bytes behind the end of a tar that are looked at: it is filled up with empty ones, to 10,240 as a rule"""
TIMES, SPARE = 64, 1 << 30
"""bytes that links of a tar stand for, at most: so many for each of a file in it, and these"""


class _Head(tarfile.TarInfo):
    """A head that says what can be."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        head = super().frombuf(buf, encoding, errors)
        if head.size < 0 or (head.type in _TELLING and head.size > NAMES) or head.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.ReadError(f"a member of {head.size} bytes, type {head.type!r}")
        return head

    def _sparse(self, *_: object) -> None:
        raise tarfile.ReadError("a sparse file")

    _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _sparse


def opened(file: Any) -> tarfile.TarFile:
    """A plain tar in an open file. Raises tarfile.TarError."""
    try:
        return tarfile.open(fileobj=file, mode="r:", tarinfo=_Head)
    except (ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise tarfile.ReadError(f"no head that can be read: {error}") from None


def members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Each member; none is kept. Raises tarfile.TarError where the rest can't be read, and what reading the file raises."""
    reached = 0
    while True:
        try:
            member = tar.next()
        except (ValueError, ArithmeticError, LookupError, RecursionError) as error:
            raise tarfile.ReadError(f"no head that can be read: {error}") from None
        tar.members = []  # type: ignore[attr-defined]  # it would keep them all
        if len(tar.pax_headers) > RECORDS:
            raise tarfile.ReadError(f"more than {RECORDS} records that hold for all members")
        if member is None:
            return
        if member.size < 0 or tar.offset <= reached:
            raise tarfile.ReadError("a member that ends before it begins")
        reached = tar.offset
        yield member


def linked(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Each member, where a hard link to a file before it is that file, by its own name; ``linkname`` is the one that stands before its
    bytes. Other links are told as they are. Raises as ``members``."""
    places = dict[str, tuple[int, int, int, str]]()
    room, left = ROOM, SPARE
    for member in members(tar):
        name = member.name.removeprefix("./")
        if member.islnk() and (place := places.get(member.linkname.removeprefix("./"))) is not None and place[2] <= left:
            member.type = tarfile.REGTYPE
            member.offset, member.offset_data, member.size, member.linkname = place
            left -= member.size
        elif member.isreg():
            member.linkname = member.name
            left += TIMES * member.size
        if not member.isreg():
            places.pop(name, None)
        elif name in places:
            places[name] = member.offset, member.offset_data, member.size, member.linkname
        elif room > 0:
            room -= sys.getsizeof(name) + 200  # and what stands beside it
            places[name] = member.offset, member.offset_data, member.size, member.linkname
        yield member


def goes_on(file: Any, size: int) -> bool:
    """Whether another member stands behind the empty blocks at which ``file`` is: of tars that were joined end to end each has its own,
    and whoever reads them stops at the first. What is behind them of other kinds is no matter of ours."""
    rest = file.read(min(size - file.tell(), PADDING))
    block = next((rest[at : at + 512] for at in range(0, len(rest), 512) if rest[at : at + 512].strip(b"\0")), b"")
    try:
        tarfile.TarInfo.frombuf(block, tarfile.ENCODING, "surrogateescape")
    except (tarfile.TarError, ValueError, ArithmeticError, LookupError):
        return False
    return True


def stands(head: bytes, name: str, size: int) -> bool:
    """Whether these bytes, from ``offset`` to ``offset_data``, are all that stands before a file of this name and size."""
    try:
        with opened(io.BytesIO(head)) as tar:
            member = next(members(tar), None)
    except tarfile.TarError:
        return False
    return member is not None and (member.name, member.size, member.offset_data) == (name, size, len(head)) and member.isreg()
