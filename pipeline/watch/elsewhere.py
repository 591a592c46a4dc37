"""A watched storage, and descriptions that go to one: a film lies in the folder that stands for it (``pipeline.store.stand_in``)
while it is read, and its outputs until they are put where they belong."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pipeline.errors import EnvironmentFault, InputError, ScenescribeError
from pipeline.storage import Storage, is_address, open_storage
from pipeline.storage.spool import GIB, Remote, Spool, stamp
from pipeline.storage.staging import Staging
from pipeline.store.job_row import Job
from pipeline.store.stand_in import FOLDER, stand_in
from pipeline.watch.shares import Share

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What of a daemon's work is in storages; nothing where both are None."""

    films: Storage | None = None
    spool: Spool | None = None
    staging: Staging | None = None
    """of the outputs"""

    @classmethod
    def of(
        cls,
        root: Path,
        address: str | None,
        output: Path | str | None,
        options: Mapping[str, str],
        *,
        state: Path,
        spool_gb: float,
    ) -> "Elsewhere":
        """``address``: what ``root`` stands for; ``output``: where descriptions go, None: beside the films.

        Raises UsageError ``bad_storage``, ``bad_storage_option``; EnvironmentFault ``data_missing``."""
        films = open_storage(address, options) if address is not None else None
        staging = None
        if isinstance(output, str):
            staging = Staging(open_storage(output, options), stand_in(state, output))
        elif films is not None and output is None:
            staging = Staging(films, root)
        return cls(films=films, spool=Spool(int(spool_gb * GIB)) if films is not None else None, staging=staging)

    @contextlib.asynccontextmanager
    async def film(self, job: Job) -> AsyncIterator[None]:
        """While the block runs, the job's film lies at its path. Raises what ``Spool.here`` raises; ``source_changed``, ``not_found``."""
        if self.films is None or self.spool is None:
            yield
            return
        entry = await asyncio.to_thread(self.films.head, job.path.relative_to(job.root).as_posix())
        if stamp(entry) != job.stamp:
            raise InputError("source_changed", "it was written anew; it is taken again as it is now")
        async with self.spool.here(Remote(storage=self.films, entry=entry), job.path):
            yield

    async def outputs(self, paths: Sequence[Path], work: Callable[[], Awaitable[T]], *, overwrite: bool) -> T:
        """Do the work that makes these files, and put them where they belong. Raises as ``Staging.around``."""
        return await work() if self.staging is None else await self.staging.around(paths, work, overwrite=overwrite)


class FarShare(Share):
    """A storage in place of a folder: it is asked where a film failed, and not before each."""

    def __init__(self, storage: Storage, code: str) -> None:
        self.storage, self.code = storage, code

    def check(self) -> None:
        """Nothing: what is in the way is found when something is asked of it."""

    def look(self) -> None:
        try:
            next(iter(self.storage.list()), None)
        except ScenescribeError as error:
            raise EnvironmentFault(self.code, error.message, path=self.storage.url) from error

    def check_writing(self) -> None:
        try:
            self.storage.creates()
        except ScenescribeError as error:
            raise EnvironmentFault(self.code, error.message, path=self.storage.url) from error


def sweep(state_folder: Path) -> None:
    """Remove what a daemon that was killed left of storages' films in its state folder; captions in journals stay."""
    for path in (state_folder / FOLDER).rglob("*"):
        if path.is_file() and path.suffix != ".journal":
            with contextlib.suppress(OSError):
                path.unlink()


def watched(folder: str, state_folder: Path) -> tuple[Path, str | None]:
    """The folder to watch, and the address that it stands for where that is one."""
    return (stand_in(state_folder, folder), folder.rstrip("/")) if is_address(folder) else (Path(folder), None)
