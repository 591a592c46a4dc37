"""What hosts on other machines do is seen while they do it: how far, how much that weighs, and which host."""

from pathlib import Path

import made_sets as made

from pipeline.cli.annotate_gauges import Others
from pipeline.cli.annotate_screen import AnnotateScreen
from pipeline.cli.screen import Screen
from pipeline.datasets.ledger import Ledger
from pipeline.errors import InputError
from pipeline.storage import open_storage


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
