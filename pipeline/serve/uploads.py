"""Files that are sent: straight to the disk of the state folder, hashed and counted on the way, under a name of chance until they are whole."""

import asyncio
import os
import secrets
import shutil
import unicodedata
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.filenames import cut
from pipeline.files import explained
from pipeline.serve.faults import HttpError

TOGETHER = 1 << 20
"""bytes that are written at once, on a thread"""
SHARE_FREE = 0.05
"""of the disk that stays free, whatever is sent"""
LONGEST_NAME = 120


def clean_name(name: str) -> str:
    """A sent name as a name of ours: its last part, without what no name needs; ``film`` where nothing is left."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(letter for letter in unicodedata.normalize("NFC", last) if letter.isprintable())
    return cut(kept.strip(" ."), LONGEST_NAME) or "film"


@dataclass(frozen=True, slots=True)
class Received:
    """A file that came whole: in a folder of its own, which moves with it."""

    folder: Path
    name: str
    digest: str
    size: int

    @property
    def path(self) -> Path:
        return self.folder / self.name

    def discard(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class Incoming:
    """One file on its way in. A context manager: what is not taken by ``finish`` is gone at its end."""

    def __init__(self, place: Path, name: str, *, most: int) -> None:
        """Raises HttpError 507 ``no_space``, OutputError."""
        self.name, self._most = clean_name(name), most
        self.folder = place / secrets.token_hex(8)
        self.size = 0
        self._hash, self._waiting, self._waits = blake2b(digest_size=32), list[bytes](), 0
        self._taken = False
        check_room(place)
        try:
            self.folder.mkdir(parents=True)
            self._fd = os.open(
                self.folder / self.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise explained(self.folder, error) from error

    async def write(self, data: bytes) -> None:
        """Raises HttpError 413, 507."""
        self.size += len(data)
        if self.size > self._most:
            raise HttpError(413, "too_large", f"more than the {self._most:,} bytes of --max-upload")
        self._waiting.append(data)
        self._waits += len(data)
        if self._waits >= TOGETHER:
            await self._on_thread()

    async def finish(self) -> Received:
        """All is there: synced to the disk. Raises HttpError 400 ``empty_file``."""
        if not self.size:
            raise HttpError(400, "empty_file", "the file is empty", param="file")
        await self._on_thread(sync=True)
        self._taken = True
        return Received(self.folder, self.name, self._hash.hexdigest(), self.size)

    async def _on_thread(self, *, sync: bool = False) -> None:
        """``_flush``, to its end: whoever is cancelled closes the file, and its number may be another's by the time it is written."""
        task = asyncio.create_task(asyncio.to_thread(self._flush, sync))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.gather(task, return_exceptions=True)
            raise

    def _flush(self, sync: bool = False) -> None:
        data, self._waiting, self._waits = b"".join(self._waiting), [], 0
        self._hash.update(data)
        if len(data) >= TOGETHER:
            check_room(self.folder)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._fd, view) :]
            if sync:
                os.fsync(self._fd)
        except OSError as error:
            raise explained(self.folder / self.name, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with suppress(OSError):
            os.close(self._fd)
        if not self._taken:
            shutil.rmtree(self.folder, ignore_errors=True)


def check_room(place: Path) -> None:
    """Raise HttpError 507 ``no_space`` where less than SHARE_FREE of the disk is free."""
    there = place
    while not there.exists():
        there = there.parent
    usage = shutil.disk_usage(there)
    if usage.free < usage.total * SHARE_FREE:
        raise HttpError(
            507, "no_space", f"the disk of the state folder has {usage.free / 1e9:.1f} GB left, and 5 % of it stay free"
        )


async def receive_raw(body: AsyncIterator[bytes], place: Path, name: str, *, most: int) -> Received:
    """The body of a request as a file (``curl -T``). Raises HttpError, OutputError."""
    with Incoming(place, name, most=most) as incoming:
        async for piece in body:
            await incoming.write(piece)
        return await incoming.finish()
