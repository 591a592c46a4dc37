"""A watched folder of made-up films, and the daemon over it in this process."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from patience import PATIENCE

from models.base import Reply, Request
from models.engines.echo import EchoCaptioner
from pipeline.options.watch import WatchSettings
from pipeline.store.database import Database
from pipeline.store.job_row import Job
from pipeline.store.queue import Queue
from pipeline.watch.daemon import Daemon
from pipeline.watch.timings import Timings
from scripts.soaks.madeup import MadeUp

HURRY = Timings(grace=0.2, tick=0.05, retry=(0.02,), probe_first=0.05, probe_longest=0.2, deliveries_pause=0.02, folder_gone=0.05)


class Echo(EchoCaptioner):
    """Counts what it is asked; ``trouble`` may raise."""

    def __init__(self) -> None:
        super().__init__(capacity=4)
        self.total = self.starts = 0
        self.trouble: Callable[[int], Exception | None] = lambda _: None

    async def start(self) -> None:
        self.starts += 1
        await super().start()

    async def caption(self, request: Request) -> Reply:
        self.total += 1
        if (error := self.trouble(self.total)) is not None:
            raise error
        return await super().caption(request)


class Runs:
    """Who has a daemon in this process, and runs it to its end or for a while."""

    def daemon(self, **changed: Any) -> Daemon:
        raise NotImplementedError

    async def once(self, **changed: Any) -> int:
        return await asyncio.wait_for(self.daemon(**changed).run(), PATIENCE)

    @asynccontextmanager
    async def running(self, **changed: Any) -> AsyncIterator[Daemon]:
        daemon = self.daemon(once=False, **changed)
        task = asyncio.create_task(daemon.run())
        try:
            await until(lambda: daemon.looks or task.done())
            yield daemon
        finally:
            daemon.stop()
            assert await asyncio.wait_for(task, PATIENCE) == 0


class House(Runs):
    """A watched folder and all that belongs to it."""

    def __init__(self, base: Path) -> None:
        self.base, self.inbox, self.out = base, base / "in", base / "out"
        self.inbox.mkdir()
        self.echo = Echo()
        self.settings = WatchSettings(
            engine="echo", model="shapes", output_dir=self.out, state_dir=base / "state", settle=0.0, poll=0.05, once=True,
            include=("*.txt",), format="srt", decode_workers=2,
        )  # fmt: skip

    def film(self, name: str, text: str = "film") -> Path:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def daemon(self, **changed: Any) -> Daemon:
        return Daemon(
            self.inbox,
            self.settings.changed(**changed),
            make_studio=lambda s, host: MadeUp(s, captioner=self.echo, host=host),
            timings=HURRY,
        )

    def jobs(self) -> dict[str, Job]:
        database = Database(self.base / "state")
        try:
            return {job.path.name: job for job in Queue(database).jobs()}
        finally:
            database.close()

    def states(self) -> dict[str, str]:
        return {name: job.state for name, job in self.jobs().items()}

    def document(self, stem: str) -> dict[str, Any]:
        found = json.loads((self.out / f"{stem}.descriptions.json").read_text())
        found.pop("stats")
        assert re.fullmatch("[0-9a-f]{12}-[0-9a-f]{12}", found["source"].pop("place")), (
            "its folder, which is another in each house"
        )
        return dict(found)

    def left(self) -> list[str]:
        """What should not be there."""
        return [path.name for path in self.out.rglob(".*")]


async def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> None:
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise TimeoutError
