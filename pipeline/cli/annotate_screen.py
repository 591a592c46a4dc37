"""What a person sees of an annotate run: how far it is, how fast, how much longer, what failed and why."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pipeline.annotating.metrics import Progress, exposition
from pipeline.annotating.pace import Pace
from pipeline.cli import console
from pipeline.cli.screen import Screen
from pipeline.cli.sentences import nothing_there
from pipeline.cli.signs_of_life import loaded, loading
from pipeline.errors import OutputError
from pipeline.files import write_whole
from pipeline.types import Outcome

if TYPE_CHECKING:
    from pipeline.annotating.answer import Answer
    from pipeline.annotating.flow import Problem
    from pipeline.cli.annotate_gauges import Gauge
    from pipeline.datasets.items import Item
    from pipeline.datasets.layouts.base import Written
    from pipeline.datasets.ledger import Ledger
    from pipeline.fleet.annotate_messages import Said

PLAIN = 10.0
"""seconds between two lines where there is no live display"""
TOLD = 20
"""failures that are told one by one"""


class AnnotateScreen:
    """A context manager around the live part."""

    def __init__(self, screen: Screen, *, as_json: bool, metrics: Path | None = None, engine: str = "vllm") -> None:
        """``metrics``: a file for Prometheus, written anew while the run goes on; ``engine``: as ``--engine`` calls it."""
        self.screen, self.as_json, self._metrics, self._engine = screen, as_json, metrics, engine
        self.progress = Progress()
        self._measured = time.monotonic()
        self._pace = Pace()
        self.done_before: set[int] = set()
        """units that were done before this run"""
        self._said = time.monotonic()
        self._last = ""
        self._thing = "picture"
        self._gauge: Gauge | None = None

    def __enter__(self) -> Self:
        self.screen.__enter__()
        self._row = self.screen.add_row("pictures", max(1, self.progress.items), "")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.screen.__exit__(kind, error, trace)

    # ---- before

    def listed(self, count: int) -> None:
        """From a thread: so many items were found."""
        if time.monotonic() - self._said >= PLAIN:
            self._said = time.monotonic()
            self.screen.say(f"listing: {count:,} pictures")

    def begin(self, ledger: "Ledger", problems: "Sequence[Problem]", *, who: str) -> None:
        for one in problems:
            self.screen.fail(f"{console.name_of(one.name)}: {one.error.code}: {console.one_line(one.error.message)}")
        plan = ledger.frozen
        self.progress.items = plan.items_in_all
        self.progress.weight = sum(unit.weight for unit in plan.units.values() if unit.round == 0)
        if ledger.films:
            self._thing = "item"  # a film is no picture; its rows are its windows
        sizes = f"{_many(self.progress.items, self._thing)} in {_many(len(plan.units), 'unit')}"
        self.screen.say(f"{sizes}; {who}; writing to {ledger.storage}")

    def all_done(self, ledger: "Ledger") -> bool:
        """Whether nothing is left; blocks."""
        units = ledger.frozen.units
        done = self.done_before = ledger.done() & units.keys()
        first = [units[number] for number in done if units[number].round == 0]
        self.progress.before, self.progress.weight_before = sum(unit.items for unit in first), sum(unit.weight for unit in first)
        if self.progress.before:
            self.screen.say(f"{self.progress.before:,} are done already")
        return len(done) == len(units)

    # ---- while it runs

    def told(self, item: "Item", answer: "Answer") -> None:
        """One item has ended in this process."""
        failed = [(item.key, answer.reason, answer.message)] if answer.outcome is Outcome.FAILED else []
        self._counted("0", 1, item.weight, failed, (answer.prompt_tokens, answer.completion_tokens), answer.text)

    def heard(self, number: int, message: "Said") -> None:
        """What a host of another process says."""
        from pipeline.fleet.annotate_messages import Counted, Ready

        match message:
            case Ready(seconds=seconds):
                self.screen.say(f"host {number}: {loaded(seconds)}")
            case Counted(ended=ended) if ended:
                failed = [(one.key, one.reason, one.message) for one in message.failed]
                self._counted(str(number), ended, message.weight, failed, message.tokens, message.last)

    def _counted(
        self, host: str, ended: int, weight: float, failed: "Sequence[Sequence[str]]", tokens: "Sequence[int]", last: str
    ) -> None:
        self.progress.ended += ended
        self.progress.weight_ended += weight
        self.progress.hosts[host] += ended
        self.progress.tokens = (self.progress.tokens[0] + tokens[0], self.progress.tokens[1] + tokens[1])
        self._last = last or self._last
        for key, reason, message in failed:
            self.progress.reasons[reason] += 1
            if self.progress.reasons.total() <= TOLD:
                self.screen.fail(f"{console.name_of(key)}: {reason}: {console.one_line(message)}")
            elif self.progress.reasons.total() == TOLD + 1:
                self.screen.fail("more pictures fail; their rows say why")

    @contextlib.asynccontextmanager
    async def shown(self, gauge: "Gauge") -> AsyncIterator[None]:
        """While the block runs, it is told how far it is."""
        self._gauge = gauge
        showing = asyncio.create_task(self._show(gauge))
        try:
            yield
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)

    def reached(self, ended: int, weight: float, by: "Mapping[str, int]") -> None:
        """So many items of this run have ended on other machines; ``by``: host -> those that are new."""
        self.progress.ended = max(self.progress.ended, ended)
        self.progress.weight_ended = max(self.progress.weight_ended, weight)
        self.progress.hosts.update(by)

    async def _show(self, gauge: "Gauge") -> None:
        since = time.monotonic()
        while True:
            await asyncio.sleep(0.5)
            now = time.monotonic()
            self._pace.mark(now, self.progress.ended, self.progress.weight_ended)
            since = now if gauge.ready or gauge.waits_for else since  # one that died is loaded anew
            state = self._state() if gauge.ready else gauge.waits_for or loading(now - since, self._engine)
            self.screen.update(self._row, done=self.progress.done, state=f"{state} · {self._last}" if self._last else state)
            if not self.screen.live and now - self._said >= PLAIN:
                self._said = now
                self.screen.say(f"{self.progress.done:,} of {self.progress.items:,} {self._thing}s · {state}")
            if now - self._measured >= PLAIN:
                self._measured = now
                with contextlib.suppress(OutputError):  # a disk that is full for a while ends no run
                    await asyncio.to_thread(self.measure)

    def measure(self) -> None:
        """Write the file for Prometheus, where there is to be one. Blocks. Raises OutputError."""
        if self._metrics is not None:
            self.progress.speed, self.progress.left = self._pace.speed, self._pace.left(self.progress.weight_left)
            write_whole(self._metrics, exposition(self.progress), durable=False)

    def _state(self) -> str:
        now, hosts = self.progress, sorted(self.progress.hosts.items(), key=_natural)
        seconds = self._pace.left(now.weight_left)
        left = f" · about {_time(seconds)} left" if seconds is not None else ""
        failed = f" · {now.reasons.total():,} failed" if now.reasons else ""
        each = " · hosts " + ", ".join(f"{name}: {count:,}" for name, count in hosts) if len(hosts) > 1 else ""
        return f"{self._pace.speed:.1f}/s{failed}{left}{each}"

    # ---- after

    def writing(self, names: Iterable[str]) -> None:
        if others := [name for name in names if name != "parquet"]:
            self.screen.say(f"writing {', '.join(others)}")

    def end(self, ledger: "Ledger", written: "Mapping[str, Written]", problems: "Sequence[Problem]", *, seconds: float) -> int:
        """The last words; the exit code. Blocks."""
        from pipeline.datasets.results import status

        found = status(ledger)
        self.progress.before, self.progress.ended = max(0, found.done - self.progress.ended), min(self.progress.ended, found.done)
        self.progress.finished = found.finished
        self.measure()
        refused = sum(len(one.refused) for one in written.values())
        for one in written.values():
            for name, code, message in one.refused[:TOLD]:
                self.screen.fail(f"{console.name_of(name)}: {code}: {console.one_line(message)}")
        why = ", ".join(f"{count:,} {code}" for code, count in sorted(found.by_reason.items(), key=lambda pair: -pair[1]))
        failed = f"; {found.failed:,} failed ({why})" if found.failed else ""
        speed = (
            f" · {self.progress.ended / max(seconds, 1e-6):.1f} {self._thing}s/s · {self._held_back()}"
            if self.progress.ended
            else ""
        )
        rows = sum(found.by_outcome.values())  # a picture is one, a film has one for each window
        how_many = (
            f"{rows - found.failed:,} of {rows:,} rows described, of {found.done:,} of {found.items:,} {self._thing}s"
            if found.failed and rows != found.done
            else f"{found.done - found.failed:,} of {found.items:,} {self._thing}s described"
        )
        self.screen.say(f"{how_many}{failed} · {_time(seconds)}{speed}")
        if len(found.hosts) > 1:
            for name, host in found.hosts.items():
                self.screen.say(f"  host {name}: {_many(host['items'], self._thing)} in {_many(host['units'], 'unit')}")
        for name, one in written.items():
            self.screen.say(
                f"  {name}: {one.items:,} captions -> {one.place}"
                if one.items
                else f"  {name}: {nothing_there(films=ledger.films, refused=len(one.refused))}"
            )
        if self.as_json:
            console.data(
                {
                    "items": found.items, "done": found.done, "failed": found.failed, "by_outcome": dict(found.by_outcome),
                    "by_reason": dict(found.by_reason), "asked": self.progress.ended, "seconds": round(seconds, 3),
                    "prompt_tokens": self.progress.tokens[0], "completion_tokens": self.progress.tokens[1],
                    "written": {name: {"place": one.place, "items": one.items, "refused": len(one.refused)} for name, one in written.items()},
                    "problems": [{"name": one.name, "code": one.error.code, "message": one.error.message} for one in problems],
                }
            )  # fmt: skip
        return 1 if found.failed or refused or problems or not found.finished else 0

    @property
    def held_back_by(self) -> str:
        """What the run waited for most; empty where nothing was done."""
        return self._gauge.held_back_by if self._gauge is not None else ""

    def _held_back(self) -> str:
        return f"held back by {self._gauge.held_back_by}" if self._gauge is not None else ""


def _natural(host: tuple[str, int]) -> tuple[int, str]:
    """Numbers of hosts by their size, names of those elsewhere by their letters."""
    return (int(host[0]) if host[0].isdecimal() else 0, host[0])


def _time(seconds: float) -> str:
    """``45 s``, ``3 min``, ``2.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _many(count: float, what: str) -> str:
    """``1 unit``, ``2,000 units``."""
    return f"{count:,.0f} {what}{'s' * (count != 1)}"
