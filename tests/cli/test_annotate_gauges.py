"""What hosts on other machines do is seen while they do it: how far, how much that weighs, and which host."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import made_sets as made
import pytest
from patience import PATIENCE

from pipeline.cli import annotate_screen
from pipeline.cli.annotate_gauges import Gauge, Others, OwnEngine
from pipeline.cli.annotate_screen import AnnotateScreen
from pipeline.cli.screen import Screen
from pipeline.datasets.ledger import Ledger
from pipeline.errors import InputError
from pipeline.storage import open_storage

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine


async def test_units_of_others_are_told_by_host_and_weight(tmp_path: Path) -> None:
    ledger = made.ledger(open_storage(tmp_path / "out"), 40)
    screen = AnnotateScreen(Screen(live=False, quiet=True, verbose=False), as_json=False)
    screen.begin(ledger, (), who="engine echo")

    def do(count: int, host: str) -> None:
        for unit in [unit for number, unit in sorted(ledger.frozen.units.items()) if number not in ledger.done()][:count]:
            items = ledger.frozen.items(unit)
            assert ledger.commit(unit, items, made.rows_of(items), host=host)

    do(1, "earlier")
    assert not screen.all_done(ledger)
    others = Others(ledger, screen)
    async with others.followed():
        assert not others.ready
        do(1, "a")
        do(2, "b")
    assert others.ready
    assert dict(screen.progress.hosts) == {"a": 10, "b": 20}
    assert (screen.progress.done, screen.progress.weight_left) == (40, 0.0)


async def test_a_storage_that_fails_for_a_while_ends_no_run(tmp_path: Path) -> None:
    class Failing(Ledger):
        def done(self) -> set[int]:
            raise InputError("storage_failed", "try later")

    made.ledger(open_storage(tmp_path / "out"), 10)
    screen = AnnotateScreen(Screen(live=False, quiet=True, verbose=False), as_json=False)
    others = Others(Failing.existing(open_storage(tmp_path / "out")), screen)
    async with others.followed():
        pass
    assert (others.ready, screen.progress.done) == (False, 0)


async def test_a_model_loads_only_where_one_does_and_from_its_own_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pictures are read, or hosts elsewhere are at work; an engine that died after an hour is not loaded for an hour."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(annotate_screen, "time", SimpleNamespace(monotonic=lambda: clock.now))
    screen = AnnotateScreen(Screen(live=False, quiet=True, verbose=False), as_json=False)
    gauge = SimpleNamespace(ready=False, waits_for="reading pictures", held_back_by="")
    shown, changed = list[str](), asyncio.Event()

    def update(_: object, *, done: float, state: str) -> None:
        shown.append(state)
        changed.set()

    async def until(beginning: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while not shown or not shown[-1].startswith(beginning):
                changed.clear()
                await changed.wait()

    monkeypatch.setattr(screen.screen, "update", update)
    with screen:
        async with screen.shown(cast(Gauge, gauge)):
            await until("reading pictures")
            gauge.waits_for = ""
            await until("loading the model: 0:00")
            clock.now += 12
            await until("loading the model: 0:12")
            gauge.ready = True
            await until("0.0/s")
            clock.now += 3600
            shown.clear()
            await until("0.0/s")
            gauge.ready = False
            await until("loading the model: 0:00")


def test_an_engine_that_nobody_has_asked_for_is_not_loading() -> None:
    engine = SimpleNamespace(ready=False, on_ready=[], starts=[], loading_seconds=0.0)
    own = OwnEngine(cast("Engine", engine), lambda _: None)
    assert own.waits_for == "reading pictures"
    engine.loading_seconds = 7.0
    assert own.waits_for == ""
    engine.starts.append((5.0, 12.0))
    engine.loading_seconds = 0.0
    assert own.waits_for == "", "it died, and is started again in a moment"
