"""A host of ``annotate`` as a process of its own: ``python -m pipeline.fleet.annotator --number 1 --cores 0-15 --gpus 0``.

``annotate_messages`` lists what it is told and says.

Which units it does stands in the data set alone (``datasets.grants``): hosts are told nothing of each other.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress

from pipeline.annotating import flow
from pipeline.annotating.answer import Answer
from pipeline.annotating.recipe import PictureRecipe
from pipeline.datasets.items import Item
from pipeline.datasets.ledger import Ledger
from pipeline.engine.gate import Clock
from pipeline.errors import ScenescribeError
from pipeline.fleet.annotate_messages import Begin, Counted, Failed, Fault, Ready, Said, Stopped, begin, line
from pipeline.fleet.cores import parse_cores
from pipeline.options.annotate import AnnotateSettings
from pipeline.types import Outcome

PULSE = 0.5
"""seconds between two messages"""
PATIENCE = 8.0
"""seconds from the end of the input to the end of the process, whatever hangs"""
_OUT = os.dup(1)
"""what we say alone goes there: libraries print too"""


class Counts:
    """What ended since it was last said."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.ended, self.weight, self.tokens, self.last = 0, 0.0, [0, 0], ""
        self.failed: list[Failed] = []

    def told(self, item: Item, answer: Answer) -> None:
        self.ended += 1
        self.weight += item.weight
        self.tokens[0] += answer.prompt_tokens
        self.tokens[1] += answer.completion_tokens
        if answer.outcome is Outcome.FAILED:
            self.failed.append(Failed(key=item.key, reason=answer.reason, message=answer.message))
        else:
            self.last = answer.text

    def taken(self, clock: Clock) -> Counted:
        prompts, answers = self.tokens
        found = Counted(
            ended=self.ended, weight=self.weight, tokens=(prompts, answers), last=self.last[:200], failed=tuple(self.failed), hungry=clock.hungry,
            fed=clock.fed,
        )  # fmt: skip
        self._begin()
        return found


async def main(number: int, asked: Begin) -> None:
    """Do units until none is left, or the input ends."""
    settings = AnnotateSettings(**json.loads(asked.settings))
    loop, counts = asyncio.get_running_loop(), Counts()
    work = asyncio.current_task()
    assert work is not None
    threading.Thread(target=_until_end, args=(loop, work), name="input", daemon=True).start()
    ledger = await asyncio.to_thread(Ledger.existing, flow.storage_of(settings))
    host = flow.host_of(settings, ledger, verbose=asked.verbose, sharing=asked.sharing)
    recipe = PictureRecipe.of(settings, host.preset)

    def say() -> None:
        _say(counts.taken(host.engine.clock))

    async def pulse() -> None:
        while True:
            await asyncio.sleep(PULSE)
            say()

    async with host:
        host.engine.on_ready.append(lambda: _say(Ready(seconds=host.engine.last_start)))
        await host.engine.warm()
        beat = asyncio.create_task(pulse())
        try:
            await flow.work(
                host, ledger, recipe, flow.wishes_of(settings), told=counts.told, name=flow.host_name(number), shard=settings.part,
                spool_gb=settings.spool_gb,
            )  # fmt: skip
        finally:
            beat.cancel()
            say()
    _say(Stopped())


def _say(message: Said) -> None:
    with suppress(BrokenPipeError):
        os.write(_OUT, line(message))


def _until_end(loop: asyncio.AbstractEventLoop, work: "asyncio.Task[None]") -> None:
    """Who started us is gone, or wants no more: give back what is under way, and end."""
    while os.read(0, 1 << 16):  # not by sys.stdin: its lock, held by a thread that reads, aborts a process that ends
        pass
    loop.call_soon_threadsafe(work.cancel)
    time.sleep(PATIENCE)
    os._exit(1)


def run() -> None:
    parser = argparse.ArgumentParser(prog="python -m pipeline.fleet.annotator")
    parser.add_argument("--number", type=int, required=True, help="which host of its run it is")
    parser.add_argument("--cores", default="", help="cores that it and all its children may use, such as 0-15")
    parser.add_argument("--gpus", default="", help="GPUs that it has, as CUDA_VISIBLE_DEVICES names them")
    asked = parser.parse_args()
    os.dup2(2, 1)
    if asked.cores:
        with suppress(OSError):  # a container may have been given fewer meanwhile
            os.sched_setaffinity(0, parse_cores(asked.cores))
    for number in (signal.SIGINT, signal.SIGTERM):  # who started us follows them, and ends us
        signal.signal(number, signal.SIG_IGN)
    try:
        asyncio.run(main(asked.number, begin(sys.stdin.buffer.readline())))
    except asyncio.CancelledError:
        pass
    except ScenescribeError as error:
        _say(Fault(kind=type(error).__name__, code=error.code, message=error.message))
        sys.exit(error.exit_code)


if __name__ == "__main__":
    run()
