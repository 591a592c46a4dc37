"""The hosts of ``annotate`` on this machine: one process for each placement, all of one data set, none knows of another.

    OFF -> started -> ready -> stopped          died: started again after a pause, RESTARTS times; its units go to others by the ledger

The first starts alone where nothing is compiled yet, and hosts of one GPU one after the other, since each measures what memory is left.
Once all is done, nobody waits for a host whose model still loads.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pipeline import errors
from pipeline.errors import EnvironmentFault, ScenescribeError
from pipeline.fleet import annotate_messages
from pipeline.fleet.annotate_messages import Begin, Counted, Fault, Ready, Said, Stopped
from pipeline.fleet.cores import written
from pipeline.fleet.fleet import compiled, host_log
from pipeline.fleet.local import ROOT
from pipeline.fleet.placement import Placement, share_of
from pipeline.options.annotate import AnnotateSettings

RESTARTS = 8
"""of one host: one more than it takes to find a picture that kills it where others die too"""
PAUSE = 5.0
"""seconds before a host that died is started again"""
PATIENCE = 10.0
"""seconds that hosts have to end in order"""
LONGEST = 1 << 24
"""bytes of a line"""


@dataclass(slots=True, eq=False)
class _Host:
    """One host, through its lives."""

    place: Placement
    deaths: int = 0
    loaded: asyncio.Event = field(default_factory=asyncio.Event)
    """its model is there, or it is out"""
    ready: bool = False
    stopped: bool = False
    task: "asyncio.Task[None] | None" = None
    """of its lives"""
    fault: ScenescribeError | None = None
    hungry: float = 0.0
    fed: float = 0.0


class Annotators:
    """``told`` hears each message of a host, with its number; ``say`` what people should know."""

    waits_for = ""
    """while none of them is ready, a model loads"""

    def __init__(
        self, settings: AnnotateSettings, places: Sequence[Placement], *, usual_share: float | None, verbose: bool,
        told: Callable[[int, Said], None], say: Callable[[str], None], finished: Callable[[], bool],
    ) -> None:  # fmt: skip
        """``usual_share``: of GPU memory, where the user says nothing; ``finished``: whether all units are done (asked in a thread)."""
        self._settings, self._verbose, self._told, self._say, self._finished = settings, verbose, told, say, finished
        self._usual_share = usual_share
        self._hosts = [_Host(place) for place in places]
        self._in_turn = not compiled(tuple(places))

    @property
    def ready(self) -> bool:
        """Whether one of them works."""
        return any(host.ready for host in self._hosts)

    @property
    def held_back_by(self) -> str:
        hungry, fed = (sum(getattr(host, name) for host in self._hosts) for name in ("hungry", "fed"))
        return "decode" if hungry > fed else "engine"

    async def run(self) -> None:
        """Until every host has stopped. Raises the last fault where none could work to the end."""
        async with asyncio.TaskGroup() as tasks:
            for number, host in enumerate(self._hosts):
                before = [other for other in self._hosts[:number] if other.place.gpus and other.place.gpus == host.place.gpus]
                if self._in_turn and number == 1:
                    before.append(self._hosts[0])
                host.task = tasks.create_task(self._lives(host, before))
        if not any(host.stopped for host in self._hosts):
            raise next((host.fault for host in self._hosts if host.fault is not None), None) or EnvironmentFault(
                "host_died", "all hosts died again and again; the engine's log (--log-file) says why"
            )

    async def _lives(self, host: _Host, before: Sequence[_Host]) -> None:
        for other in before:
            await other.loaded.wait()
        try:
            while not host.stopped:
                await self._life(host)
                if host.stopped:
                    await self._spare_others(host)
                    return
                host.ready = False
                host.deaths += 1
                number = host.place.number
                if host.fault is not None:
                    self._say(f"host {number}: {host.fault.code}: {host.fault.message}")
                    return
                if host.deaths > RESTARTS:
                    self._say(f"host {number} died {host.deaths} times; it is not started again")
                    return
                self._say(f"host {number} died; it is started again in {PAUSE:.0f} s, its work goes to others")
                await asyncio.sleep(PAUSE)
        finally:
            host.loaded.set()

    async def _spare_others(self, host: _Host) -> None:
        """A host that has stopped found nothing to do. Those without a model have nothing either, unless it gave units up."""
        if all(other.ready for other in self._hosts) or not await asyncio.to_thread(self._finished):
            return
        for other in self._hosts:
            if other is not host and not other.ready and other.task is not None and not other.task.done():
                self._say(f"host {other.place.number}: all was done before its model was loaded")
                other.task.cancel()

    async def _life(self, host: _Host) -> None:
        """One process, from its start to its end."""
        log = host_log(self._settings.log_file, host.place.number)
        with log.open("ab") as said:
            process = await asyncio.create_subprocess_exec(
                *self._command(host.place), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=None if self._verbose else said, env=self._environment(host.place), start_new_session=True, limit=LONGEST,
            )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            begin = Begin(settings=json.dumps(self._options(host.place)), verbose=self._verbose, sharing=host.place.sharing)
            process.stdin.write(annotate_messages.line(begin))
            while line := await process.stdout.readline():
                self._heard(host, line)
            await process.wait()
        finally:
            await self._end(process)

    def _heard(self, host: _Host, line: bytes) -> None:
        message = annotate_messages.said(line)
        match message:
            case None:
                return
            case Ready():
                host.ready = True
                host.loaded.set()
            case Counted(hungry=hungry, fed=fed):
                host.hungry, host.fed = hungry, fed
            case Stopped():
                host.stopped = True
            case Fault():
                kind = getattr(errors, message.kind, ScenescribeError)
                host.fault = kind(message.code, message.message)
        self._told(host.place.number, message)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """In order where it still runs: it gives back what it has under way."""
        if process.returncode is not None:
            return
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()
        waiting = asyncio.ensure_future(process.wait())
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await asyncio.shield(waiting)
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await waiting

    def _options(self, place: Placement) -> dict[str, Any]:
        """The settings of one host, as JSON has them."""
        values = self._settings.model_dump(mode="json") | {"gpus": "all", "hosts": None, "shard": self._shard(place)}
        if place.sharing > 1:
            values["gpu_memory_utilization"] = share_of(self._settings.gpu_memory_utilization, self._usual_share, place.sharing)
        if self._settings.log_file is not None:
            values["log_file"] = str(host_log(self._settings.log_file, place.number))
        return values

    def _shard(self, place: Placement) -> str:
        """The part of this run's part that a host does first."""
        part, of = self._settings.part
        return f"{(part - 1) * len(self._hosts) + place.number + 1}/{of * len(self._hosts)}"

    @staticmethod
    def _command(place: Placement) -> list[str]:
        command = [
            sys.executable,
            "-P",
            "-m",
            "pipeline.fleet.annotator",
            "--number",
            str(place.number),
            "--cores",
            written(place.cores),
        ]
        return command + (["--gpus", ",".join(place.gpus)] if place.gpus else [])

    @staticmethod
    def _environment(place: Placement) -> dict[str, str]:
        paths = os.pathsep.join(filter(None, [ROOT, os.environ.get("PYTHONPATH")]))
        return {**os.environ, "PYTHONPATH": paths, **place.environment}
