"""What the daemon works with: built once, when it runs, and handed to all its parts."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.errors import EnvironmentFault, UsageError
from pipeline.options.watch import WatchSettings
from pipeline.scheduler import Scheduler
from pipeline.storage import parse_options
from pipeline.store.documents import DocumentStore
from pipeline.store.outbox import Outbox
from pipeline.store.queue import Queue
from pipeline.store.stand_in import called, stand_in
from pipeline.watch.breaker import Breaker
from pipeline.watch.bucket import Bucket
from pipeline.watch.elsewhere import Elsewhere, FarShare, sweep
from pipeline.watch.folder import Folder
from pipeline.watch.lock import StateLock
from pipeline.watch.metrics import Counters
from pipeline.watch.rules import Rules
from pipeline.watch.shares import Share
from pipeline.watch.timings import Timings

if TYPE_CHECKING:
    from pipeline.host import Host
    from pipeline.studio import Studio

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class State:
    """The parts of a daemon. ``settings``, ``setup`` and ``studio`` are replaced where a SIGHUP asks for it, the rest stays."""

    root: Path
    """the watched folder, or the one that stands for a watched storage"""
    settings: WatchSettings
    setup: "Setup"
    studio: "Studio"
    lock: StateLock
    queue: Queue
    documents: DocumentStore
    outbox: Outbox
    running: Scheduler
    stopping: asyncio.Event
    timings: Timings
    breaker: Breaker
    counters: Counters = field(default_factory=Counters)

    def called(self, path: Path) -> Path | str:
        """What people are told of a film or an output: its address where it is in a storage."""
        return called(path, self.settings.state_folder)

    async def surely(self, write: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Write to the store, as often as it takes. Raises EnvironmentFault where no waiting mends it."""
        while True:
            try:
                return write(*args, **kwargs)
            except EnvironmentFault as fault:
                self.breaker.trip(fault)
                await asyncio.sleep(max(0.1, min(self.breaker.until - time.monotonic(), 60.0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What follows from the settings and costs no model: the folders that must be there, and what is taken from the watched one."""

    source: Share
    output: Share
    output_dir: Path | None
    folder: Folder
    elsewhere: Elsewhere

    @classmethod
    def of(
        cls,
        root: Path,
        settings: WatchSettings,
        queue: Queue,
        timings: Timings,
        address: str | None = None,
        *,
        before: "Setup | None" = None,
    ) -> "Setup":
        """``before``: what these settings take the place of; a folder of both is still the one that was mounted then. ``address``:
        of the storage that ``root`` stands for.

        Raises EnvironmentFault ``unwritable`` where the output folder can't be made, ``data_missing``; UsageError ``bad_storage``,
        ``bad_storage_option``, ``bad_value``."""
        if address is not None and (settings.done_dir or settings.failed_dir):
            raise UsageError(
                "bad_value", f"--done-dir and --failed-dir move films of this machine; those of {address} stay where they are"
            )
        state, place = settings.state_folder, settings.output_dir
        if before is None:
            sweep(state)
        options = parse_options(settings.storage_option)
        elsewhere = Elsewhere.of(root, address, place, options, state=state, spool_gb=settings.spool_gb)
        output = stand_in(state, place) if isinstance(place, str) else place.absolute() if place is not None else None
        if output is not None:
            try:
                output.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise EnvironmentFault("unwritable", f"the folder {output} can't be made: {error.strerror}") from error
        rules, known = Rules.of(root, settings, output), queue.known(root)
        folder: Folder
        if elsewhere.films is not None:
            folder = Bucket(elsewhere.films, rules, poll=settings.poll, known=known, gone=timings.folder_gone)
            source: Share = FarShare(elsewhere.films, "source_gone")
        else:
            folder = Folder(rules, settle=settings.settle, poll=settings.poll, known=known, gone=timings.folder_gone)
            source = before.source if before is not None else Share(root, "source_gone")
        if elsewhere.staging is not None:
            there: Share = FarShare(elsewhere.staging.storage, "output_gone")
        elif before is not None and before.output_dir == output:
            there = before.output
        else:
            there = Share(output or root, "output_gone" if output is not None else "source_gone")
        return cls(source=source, output=there, output_dir=output, folder=folder, elsewhere=elsewhere)


def open_studio(settings: WatchSettings, host: "Host | None" = None) -> "Studio":
    """What is wished, on a host of its own or on one that runs.

    Raises UsageError ``model_not_named`` too: nobody looks on while a watched folder is described; ``one_model`` for a summary's
    model that would need an engine of its own beside.
    """
    from pipeline.engine.opening import refuse_unnamed_embedded
    from pipeline.studio import Studio
    from pipeline.summarizer import needs_its_own_engine

    if settings.wants_summary and needs_its_own_engine(settings):
        raise UsageError(
            "one_model",
            "watch keeps one model loaded: leave out --summary-model, or name another of a server's with --engine openai; "
            "scenescribe summarize takes another afterwards",
        )
    studio = Studio(settings, host=host)
    refuse_unnamed_embedded(settings, studio.preset)
    return studio
