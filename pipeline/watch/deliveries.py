"""What is done after jobs, beside them and never in their way: moves, then webhooks and commands, each kind in its order."""

import asyncio
import contextlib
import os
import re
import shlex
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipeline import log as logs
from pipeline.accident import logged
from pipeline.environment import child_environment
from pipeline.errors import EnvironmentFault, ScenescribeError, UsageError
from pipeline.file_version import FileVersion
from pipeline.store.outbox import Delivery
from pipeline.watch.breaker import FATAL
from pipeline.watch.move import move
from pipeline.watch.state import State
from pipeline.watch.webhook import Webhook, body_of

TRIES = 30
"""about a day: then it is let go, with a line in the log"""
COMMAND_SECONDS = 600.0

_PLACE = re.compile(r"\{(?:path|state|json)\}")
_SHELLS = frozenset("sh bash dash zsh ksh mksh ash busybox fish csh tcsh python perl ruby node lua php".split())
"""their version left out"""
_PROGRAM = re.compile(r"-[A-Za-z]*[cer]|--command|--eval")
"""options behind which a program stands as text"""
_PLAIN = re.compile(r"[\w ./,:@%+=~-]*")
"""what means nothing to those programs but itself, or parts two words"""

log = logs.get(__name__)


class Deliveries:
    """Runs the outbox, under the settings as they are at each moment."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._webhook = Webhook()
        self._patient_until = 0.0

    async def run(self) -> None:
        """For ever. A webhook that hangs delays other webhooks, nothing else."""
        ways: dict[str, Callable[[Delivery], Awaitable[str]]] = {"move": self._move, "webhook": self._post, "exec": self._exec}
        try:
            await asyncio.gather(*(self._lane(kind, way) for kind, way in ways.items()))
        finally:
            await self._webhook.close()

    def all_told(self) -> bool:
        """Whether nothing is left to do, or was waited for long enough since this was first asked."""
        if not self._state.outbox.left():
            return True
        self._patient_until = self._patient_until or time.monotonic() + self._state.timings.deliveries_last
        return time.monotonic() > self._patient_until

    async def _lane(self, kind: str, way: Callable[[Delivery], Awaitable[str]]) -> None:
        pause = self._state.timings.deliveries_pause
        while True:
            try:
                due = self._state.outbox.due(kind)
                for delivery in due:
                    await self._do(delivery, way)
            except EnvironmentFault as fault:  # the state folder: the daemon says so; deliveries wait as jobs do
                if fault.code in FATAL:
                    raise
                due = []
                await asyncio.sleep(10 * pause)
            if not due:
                await asyncio.sleep(pause)

    async def _do(self, delivery: Delivery, way: Callable[[Delivery], Awaitable[str]]) -> None:
        later = self._state.timings.deliveries_retry
        try:
            trouble = await way(delivery)
        except Exception as error:  # one delivery's accident is its own: the others go on
            trouble = str(logged(error, errand=delivery.kind, path=delivery.body["path"]))
        if not trouble:
            self._state.outbox.done(delivery.id)
        elif delivery.tries + 1 >= TRIES or trouble.startswith("refused"):
            log.error("given up", errand=delivery.kind, path=delivery.body["path"], message=trouble, tries=delivery.tries + 1)
            self._state.outbox.done(delivery.id)
        else:
            after = later[min(delivery.tries, len(later) - 1)]
            log.warning("later", errand=delivery.kind, path=delivery.body["path"], message=trouble, in_seconds=after)
            self._state.outbox.later(delivery, after)

    async def _move(self, delivery: Delivery) -> str:
        source, target = Path(delivery.body["path"]), Path(delivery.body["target"])
        version = _version(source, delivery.body)
        try:
            moved = await asyncio.to_thread(move, source, target, version)
        except (OSError, ScenescribeError) as error:
            return str(error)
        if moved is None and version.change_at(source) == "changed":
            self._state.setup.folder.again(source)  # before this is done, so that --once waits for it
        return ""

    async def _post(self, delivery: Delivery) -> str:
        if not self._state.settings.webhook:
            return "refused: there is no --webhook any more"
        return await self._webhook.post(
            self._state.settings.webhook, self._state.settings.webhook_secret, str(delivery.id), _event(delivery)
        )

    async def _exec(self, delivery: Delivery) -> str:
        if not self._state.settings.exec:
            return "refused: there is no --exec any more"
        try:
            words = arguments(self._state.settings.exec, delivery.body)
        except UsageError as error:
            return f"refused: {error}"
        return await run(words, body_of(_event(delivery)))


def _version(source: Path, body: dict[str, Any]) -> FileVersion:
    """The version of a film that was described; what an older daemon left to be moved tells its size alone."""
    there = FileVersion.at(source)
    return FileVersion(body["size"], body.get("mtime_ns", there.mtime_ns if there is not None else 0))


def _event(delivery: Delivery) -> dict[str, Any]:
    return {"id": delivery.id, **delivery.body}


def words_of(command: str) -> list[str]:
    """``--exec``'s words. Raises UsageError ``bad_value``: there are none."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError("bad_value", f"--exec {command}: {error}") from None
    if not words:
        raise UsageError("bad_value", "--exec: there is no command in it")
    return words


def arguments(command: str, event: dict[str, Any]) -> list[str]:
    """``--exec``'s words with the film's values in the places of ``{path}``, ``{state}`` and ``{json}``: one word stays one.

    Each word is gone through once: what a film is called is never looked through for places itself. Raises UsageError ``bad_value``
    where a value would become part of a shell's program and holds a sign that could mean something there.
    """
    values = {
        "{path}": event["path"],
        "{state}": event["event"],
        "{json}": next((path for path in event["outputs"] if path.endswith(".json")), ""),
    }
    words = words_of(command)
    for shell, option, word in _programs(words):
        for place in _PLACE.findall(word):
            if not _PLAIN.fullmatch(values[place]):
                raise UsageError(
                    "bad_value",
                    f"--exec was not run: {place} stands inside the program that {shell} runs, which would take signs of this film's name "
                    f"for its own; give it as a word: {shell} {option} '... \"$1\" ...' {shell} {place}",
                )
    return [_PLACE.sub(lambda found: values[found[0]], word) for word in words]


def _programs(words: list[str]) -> Iterator[tuple[str, str, str]]:
    """(program, its option, text): words that a shell or the like runs. Behind a script, or ``python -m``, options are that one's own."""
    shell = ""
    for before, word in pairwise(words):
        name = os.path.basename(before)
        if name.rstrip("0123456789.") in _SHELLS:
            shell = name if word.startswith(("-", "+")) else ""
        elif before == "-m" and shell.startswith("python"):
            shell = ""
        if shell and _PROGRAM.fullmatch(before):
            yield shell, before, word


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
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what it started too: a shell's program is another process
            await process.wait()
    return "" if process.returncode == 0 else f"{words[0]} ended with {process.returncode}"
