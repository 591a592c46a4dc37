"""What a person sees of an annotate run: how far it is, how fast, how much longer, what failed and why."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pipeline.cli import console
from pipeline.cli.screen import Screen
from pipeline.cli.signs_of_life import loading
from pipeline.types import Outcome

if TYPE_CHECKING:
    from models.preset import Preset
    from pipeline.annotating.flow import Problem
    from pipeline.annotating.worker import Answer
    from pipeline.cli.annotate_gauges import Gauge
    from pipeline.datasets.items import Item
    from pipeline.datasets.layouts.base import Written
    from pipeline.datasets.ledger import Ledger
    from pipeline.fleet.annotate_messages import Said
    from pipeline.imagesources.base import Wishes
    from pipeline.options.annotate import AnnotateSettings

PLAIN = 10.0
"""seconds between two lines where there is no live display"""
SPEED = 30.0
"""seconds over which the speed is told"""
TOLD = 20
"""failures that are told one by one"""


class AnnotateScreen:
    """A context manager around the live part."""

    def __init__(self, screen: Screen, *, as_json: bool) -> None:
        self.screen, self._as_json = screen, as_json
        self._before = self._ended = self._all = self._failed = 0
        """items done by earlier runs and others; ended here; in the plan"""
        self._tokens = [0, 0]
        self._marks: list[tuple[float, int]] = []
        self._said = time.monotonic()
        self._last = ""
        self._gauge: Gauge | None = None

    def __enter__(self) -> Self:
        self.screen.__enter__()
        self._row = self.screen.add_row("pictures", max(1, self._all), "loading the model")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.screen.__exit__(kind, error, trace)

    # ---- before

    def listed(self, count: int) -> None:
        """From a thread: so many items were found."""
        if time.monotonic() - self._said >= PLAIN:
            self._said = time.monotonic()
            self.screen.say(f"listing: {count:,} pictures")

    def begin(self, ledger: "Ledger", problems: "Sequence[Problem]", *, model: str) -> None:
        for one in problems:
            self.screen.fail(f"{console.name_of(one.name)}: {one.error.code}: {console.one_line(one.error.message)}")
        plan = ledger.frozen
        self._all = plan.items_in_all
        units = len(plan.units)
        sizes = f"{self._all:,} picture{'s' * (self._all != 1)} in {units:,} unit{'s' * (units != 1)}"
        self.screen.say(f"{sizes}; model {model}; writing to {ledger.storage}")

    def all_done(self, ledger: "Ledger") -> bool:
        """Whether nothing is left; blocks."""
        units = ledger.frozen.units
        done = ledger.done() & units.keys()
        self._before = sum(units[number].items for number in done if units[number].round == 0)
        if self._before:
            self.screen.say(f"{self._before:,} are done already")
        return len(done) == len(units)

    # ---- while it runs

    def told(self, item: "Item", answer: "Answer") -> None:
        """One item has ended in this process."""
        failed = [(item.key, answer.reason, answer.message)] if answer.outcome is Outcome.FAILED else []
        self._counted(1, failed, (answer.prompt_tokens, answer.completion_tokens), answer.text)

    def heard(self, number: int, message: "Said") -> None:
        """What a host of another process says."""
        from pipeline.fleet.annotate_messages import Counted, Ready

        match message:
            case Ready(seconds=seconds):
                self.screen.say(f"host {number}: model loaded in {seconds:.0f} s")
            case Counted(ended=ended) if ended:
                failed = [(one.key, one.reason, one.message) for one in message.failed]
                self._counted(ended, failed, message.tokens, message.last)

    def _counted(self, ended: int, failed: "Sequence[Sequence[str]]", tokens: "Sequence[int]", last: str) -> None:
        self._ended += ended
        self._tokens = [sum(pair) for pair in zip(self._tokens, tokens, strict=True)]
        self._last = last or self._last
        for key, reason, message in failed:
            self._failed += 1
            if self._failed <= TOLD:
                self.screen.fail(f"{console.name_of(key)}: {reason}: {console.one_line(message)}")
            elif self._failed == TOLD + 1:
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

    @property
    def before(self) -> int:
        """Items that were done before this run."""
        return self._before

    def reached(self, ended: int) -> None:
        """So many items of this run have ended, on other machines."""
        self._ended = max(self._ended, ended)

    async def _show(self, gauge: "Gauge") -> None:
        began = time.monotonic()
        while True:
            await asyncio.sleep(0.5)
            now = time.monotonic()
            self._marks = [*(mark for mark in self._marks if now - mark[0] <= SPEED), (now, self._ended)]
            state = self._state() if gauge.ready else loading(now - began)
            self.screen.update(self._row, done=self._done, state=f"{state} · {self._last}" if self._last else state)
            if not self.screen.live and now - self._said >= PLAIN:
                self._said = now
                self.screen.say(f"{self._done:,} of {self._all:,} pictures · {state}")

    @property
    def _done(self) -> int:
        return min(self._all, self._before + self._ended)

    @property
    def _speed(self) -> float:
        """Items a second, lately."""
        if len(self._marks) < 2:
            return 0.0
        (since, before), (now, ended) = self._marks[0], self._marks[-1]
        return (ended - before) / max(now - since, 1e-6)

    def _state(self) -> str:
        speed = self._speed
        left = f" · about {_time((self._all - self._done) / speed)} left" if speed > 0 else ""
        failed = f" · {self._failed:,} failed" if self._failed else ""
        return f"{speed:.1f}/s{failed}{left}"

    # ---- after

    def writing(self, names: Iterable[str]) -> None:
        if others := [name for name in names if name != "parquet"]:
            self.screen.say(f"writing {', '.join(others)}")

    def end(self, ledger: "Ledger", written: "Mapping[str, Written]", problems: "Sequence[Problem]", *, seconds: float) -> int:
        """The last words; the exit code. Blocks."""
        from pipeline.datasets.results import status

        found = status(ledger)
        refused = sum(len(one.refused) for one in written.values())
        for one in written.values():
            for name, code, message in one.refused[:TOLD]:
                self.screen.fail(f"{console.name_of(name)}: {code}: {console.one_line(message)}")
        why = ", ".join(f"{count:,} {code}" for code, count in sorted(found.by_reason.items(), key=lambda pair: -pair[1]))
        failed = f"; {found.failed:,} failed ({why})" if found.failed else ""
        speed = f" · {self._ended / max(seconds, 1e-6):.1f} pictures/s · {self._held_back()}" if self._ended else ""
        self.screen.say(f"{found.done - found.failed:,} of {found.items:,} pictures described{failed} · {_time(seconds)}{speed}")
        if len(found.hosts) > 1:
            for name, host in found.hosts.items():
                self.screen.say(f"  host {name}: {host['items']:,.0f} pictures in {host['units']:.0f} units")
        for name, one in written.items():
            self.screen.say(f"  {name}: {one.items:,} captions -> {one.place}")
        if self._as_json:
            console.data(
                {
                    "items": found.items, "done": found.done, "failed": found.failed, "by_outcome": dict(found.by_outcome),
                    "by_reason": dict(found.by_reason), "asked": self._ended, "seconds": round(seconds, 3),
                    "prompt_tokens": self._tokens[0], "completion_tokens": self._tokens[1],
                    "written": {name: {"place": one.place, "items": one.items, "refused": len(one.refused)} for name, one in written.items()},
                    "problems": [{"name": one.name, "code": one.error.code, "message": one.error.message} for one in problems],
                }
            )  # fmt: skip
        return 1 if found.failed or refused or problems or not found.finished else 0

    def _held_back(self) -> str:
        return f"held back by {self._gauge.held_back_by}" if self._gauge is not None else ""

    def dry_run(self, names: Sequence[str], settings: "AnnotateSettings", wishes: "Wishes", preset: "Preset") -> int:
        """What a run would do; blocks."""
        import itertools

        from pipeline.annotating.flow import Problem
        from pipeline.imagesources.listing import Listing

        problems: list[Problem] = []
        listing = Listing(
            names, wishes, lambda name, error: problems.append(Problem(name=name, error=error)), without=settings.output_dir or ""
        )
        sources, reasons = Counter[str](), Counter[str]()
        for item in itertools.islice(listing, settings.limit):
            sources[item.source] += 1
            reasons[item.reason] += 1
        for one in problems:
            self.screen.fail(f"{console.name_of(one.name)}: {one.error.code}: {console.one_line(one.error.message)}")
        count = sum(sources.values())
        view = preset.pictures if settings.detail == "low" else preset.pictures.high
        tokens = view.tokens if view is not None else 0
        for name, pictures in sources.most_common(TOLD):
            self.screen.say(f"{console.name_of(name)}: {pictures:,} pictures")
        if len(sources) > TOLD:
            self.screen.say(f"and {len(sources) - TOLD:,} more sources")
        cost = f"; about {count * tokens:,} prompt tokens ({tokens:,} a picture)" if tokens else ""
        lost = sum(number for reason, number in reasons.items() if reason)
        self.screen.say(f"{count:,} pictures, {lost:,} of them can't be read{cost}; nothing was done")
        if self._as_json:
            console.data({"items": count, "unreadable": lost, "sources": dict(sources), "tokens_each": tokens})
        return 1 if problems or lost else 0


def _time(seconds: float) -> str:
    """``45 s``, ``3 min``, ``2.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
