"""What is done after jobs, beside them and never in their way: moves, then webhooks and commands, each kind in its order."""

import asyncio
import os
import re
import shlex
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pipeline import log as logs
from pipeline.environment import child_environment
from pipeline.errors import EnvironmentFault, ScenescribeError
from pipeline.options.watch import WatchSettings
from pipeline.store.outbox import Errand, Outbox
from pipeline.watch.move import move
from pipeline.watch.webhook import Webhook, body_of

LATER = (10.0, 60.0, 300.0, 900.0, 3500.0)
"""seconds between tries; the last one again and again"""
TRIES = 30
"""about a day: then it is let go, with a line in the log"""
COMMAND_SECONDS = 600.0
PAUSE = 1.0
LAST = 30.0
"""seconds that --once waits for webhooks and commands"""

_PLACE = re.compile(r"\{(?:path|state|json)\}")

log = logs.get(__name__)


class Errands:
    """Runs the outbox. ``settings`` may be replaced while it does."""

    def __init__(self, outbox: Outbox, settings: WatchSettings) -> None:
        self.outbox, self.settings = outbox, settings
        self._webhook = Webhook()
        self._patient_until = 0.0

    async def run(self) -> None:
        """For ever. A webhook that hangs delays other webhooks, nothing else."""
        ways: dict[str, Callable[[Errand], Awaitable[str]]] = {"move": self._move, "webhook": self._post, "exec": self._exec}
        try:
            await asyncio.gather(*(self._lane(kind, way) for kind, way in ways.items()))
        finally:
            await self._webhook.close()

    def all_told(self) -> bool:
        """Whether nothing is left to do, or was waited for long enough since this was first asked."""
        if not self.outbox.left():
            return True
        self._patient_until = self._patient_until or time.monotonic() + LAST
        return time.monotonic() > self._patient_until

    async def _lane(self, kind: str, way: Callable[[Errand], Awaitable[str]]) -> None:
        while True:
            try:
                due = self.outbox.due(kind)
                for errand in due:
                    await self._do(errand, way)
            except EnvironmentFault:  # the state folder: the daemon says so; errands wait as jobs do
                due = []
                await asyncio.sleep(10 * PAUSE)
            if not due:
                await asyncio.sleep(PAUSE)

    async def _do(self, errand: Errand, way: Callable[[Errand], Awaitable[str]]) -> None:
        trouble = await way(errand)
        if not trouble:
            self.outbox.done(errand.id)
        elif errand.tries + 1 >= TRIES or trouble.startswith("refused"):
            log.error("given up", errand=errand.kind, path=errand.body["path"], message=trouble, tries=errand.tries + 1)
            self.outbox.done(errand.id)
        else:
            after = LATER[min(errand.tries, len(LATER) - 1)]
            log.warning("later", errand=errand.kind, path=errand.body["path"], message=trouble, in_seconds=after)
            self.outbox.later(errand, after)

    async def _move(self, errand: Errand) -> str:
        try:
            await asyncio.to_thread(move, Path(errand.body["path"]), Path(errand.body["target"]), errand.body["size"])
        except (OSError, ScenescribeError) as error:
            return str(error)
        return ""

    async def _post(self, errand: Errand) -> str:
        if not self.settings.webhook:
            return "refused: there is no --webhook any more"
        return await self._webhook.post(self.settings.webhook, self.settings.webhook_secret, str(errand.id), _event(errand))

    async def _exec(self, errand: Errand) -> str:
        if not self.settings.exec:
            return "refused: there is no --exec any more"
        return await run(arguments(self.settings.exec, errand.body), body_of(_event(errand)))


def _event(errand: Errand) -> dict[str, Any]:
    return {"id": errand.id, **errand.body}


def arguments(command: str, event: dict[str, Any]) -> list[str]:
    """``--exec``'s words with the film's values in the places of ``{path}``, ``{state}`` and ``{json}``: one word stays one.

    Each word is gone through once: what a film is called is never looked through for places itself.
    """
    values = {
        "{path}": event["path"],
        "{state}": event["event"],
        "{json}": next((path for path in event["outputs"] if path.endswith(".json")), ""),
    }
    return [_PLACE.sub(lambda found: values[found[0]], word) for word in shlex.split(command)]


async def run(words: list[str], stdin: bytes) -> str:
    """Run a command; an empty text, or why it did not end well."""
    try:
        process = await asyncio.create_subprocess_exec(
            *(os.fsencode(word) for word in words),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env=child_environment(),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return f"{words[0]} can't be run: {error}"
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            await process.communicate(stdin)
    except TimeoutError:
        return f"{words[0]} did not end within {COMMAND_SECONDS:.0f} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return "" if process.returncode == 0 else f"{words[0]} ended with {process.returncode}"
