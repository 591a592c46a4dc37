"""What a person sees of an annotate run: how far it is, how fast, how much longer, what failed and why."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pipeline.cli import console
from pipeline.cli.screen import Screen
from pipeline.types import Outcome

if TYPE_CHECKING:
    from models.preset import Preset
    from pipeline.annotating.flow import Problem
    from pipeline.annotating.worker import Answer
    from pipeline.datasets.grants import Grants
    from pipeline.datasets.items import Item
    from pipeline.datasets.layouts.base import Written
    from pipeline.datasets.ledger import Ledger
    from pipeline.host import Host
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
        self._grants: Grants | None = None
        self._marks: list[tuple[float, int]] = []
        self._said = time.monotonic()
        self._last = ""
        self._host: Host | None = None

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
        self.screen.say(
            f"{self._all:,} pictures in {len(plan.units):,} unit{'s' * (len(plan.units) > 1)}; model {model}; writing to {ledger.storage}"
        )

    def all_done(self, ledger: "Ledger") -> bool:
        """Whether nothing is left; blocks."""
        units = ledger.frozen.units
        done = ledger.done() & units.keys()
        self._before = sum(units[number].items for number in done if units[number].round == 0)
        if self._before:
            self.screen.say(f"{self._before:,} are done already")
        return len(done) == len(units)

    # ---- while it runs

    def granted(self, grants: "Grants") -> None:
        self._grants = grants

    def told(self, item: "Item", answer: "Answer") -> None:
        """One item has ended."""
        self._ended += 1
        self._tokens[0] += answer.prompt_tokens
        self._tokens[1] += answer.completion_tokens
        if answer.outcome is Outcome.FAILED:
            self._failed += 1
            if self._failed <= TOLD:
                self.screen.fail(f"{console.name_of(item.key)}: {answer.reason}: {console.one_line(answer.message)}")
            elif self._failed == TOLD + 1:
                self.screen.fail("more pictures fail; their rows say why")
        else:
            self._last = answer.text

    async def show(self, host: "Host") -> None:
        """Until it is cancelled."""
        self._host = host
        host.engine.on_ready.append(lambda: self.screen.say(f"model loaded in {host.engine.last_start:.0f} s"))
        while True:
            await asyncio.sleep(0.5)
            now = time.monotonic()
            self._marks = [*(mark for mark in self._marks if now - mark[0] <= SPEED), (now, self._ended)]
            state = self._state() if host.engine.ready else "loading the model"
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
        return f"held back by {self._host.engine.clock.held_back_by}" if self._host is not None else ""

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
