"""Killed anywhere, nothing is lost and nothing is there twice: at every side effect, in any order, and as real processes."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from pathlib import Path

import made_sets as made
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from nursery import nursery

from pipeline.datasets import results
from pipeline.datasets.grant import Grant
from pipeline.datasets.grants import Grants
from pipeline.datasets.ledger import Ledger
from pipeline.storage import Storage, open_storage

KEYS = [item.key for item in made.items(12)]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_every_side_effect(storage: Storage, after: bool) -> None:
    """Each time by a run that gets one further, all on one data set; then one that lives."""
    survived = life = 0
    while not survived:
        mortal = made.Mortal(storage, life, after=after)
        with contextlib.suppress(made.Killed):
            await made.work(made.ledger(mortal, 12, 4), clock=lambda: time.time() + 1000.0 * life)  # noqa: B023
            survived = life
        life += 1
    assert survived < 20
    ledger = Ledger.existing(storage)
    assert [row.key for row in results.rows(ledger)] == KEYS
    results.sweep(ledger)
    assert len(list(storage.list("data/"))) == 3


async def test_killed_at_one_side_effect_on_a_fresh_data_set() -> None:
    """So that also the first steps are those at which a run is killed."""
    for after in (False, True):
        for life in range(18):
            storage = made.MemoryStorage()
            with contextlib.suppress(made.Killed):
                await made.work(made.ledger(made.Mortal(storage, life, after=after), 12, 4))
            ledger = made.ledger(storage, 12, 4)
            told = await made.work(ledger, clock=lambda: time.time() + 1000.0)
            assert [row.key for row in results.rows(ledger)] == KEYS
            assert not told.lost


class Hosts(RuleBasedStateMachine):
    """Hosts that come, work, dawdle, are killed and held up, in any order; the clock is ours."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.storage = made.MemoryStorage()
        self.now = 1000.0
        self.hosts: list[tuple[Grants, list[Grant]]] = []
        self.committed: dict[int, set[str]] = {}
        made.ledger(self.storage, 30, 5)

    def run(self, work: object) -> object:
        return self.loop.run_until_complete(work)  # type: ignore[arg-type]

    @precondition(lambda self: len(self.hosts) < 4)
    @rule()
    def begin(self) -> None:
        grants = Grants(
            Ledger.existing(self.storage), host=f"h{len(self.hosts)}", poll=(0.0, 0.0), slow=20.0, clock=lambda: self.now
        )
        grants._look()
        self.hosts.append((grants, []))

    @precondition(lambda self: self.hosts)
    @rule(which=st.integers(0, 3))
    def take(self, which: int) -> None:
        grants, out = self.hosts[which % len(self.hosts)]
        if grants._lane is None or not grants._out:
            grant = grants._next()
            if grant is not None:
                grants._out.add(grant)
                out.append(grant)
                assert not grant.alone or len(out) == 1, "what is examined is alone"

    @precondition(lambda self: any(out for _, out in self.hosts))
    @rule(which=st.integers(0, 3))
    def commit(self, which: int) -> None:
        _, out = [one for one in self.hosts if one[1]][which % sum(bool(out) for _, out in self.hosts)]
        grant = out.pop(0)
        self.run(grant.commit([made.row(item) for item in grant.items]))

    @precondition(lambda self: any(out for _, out in self.hosts))
    @rule(which=st.integers(0, 3))
    def give_back(self, which: int) -> None:
        _, out = [one for one in self.hosts if one[1]][which % sum(bool(out) for _, out in self.hosts)]
        self.run(out.pop(0).give_back())

    @precondition(lambda self: self.hosts)
    @rule(which=st.integers(0, 3))
    def die(self, which: int) -> None:
        self.hosts.pop(which % len(self.hosts))

    @rule(seconds=st.sampled_from([1.0, 25.0, 100.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def nothing_is_kept_twice(self) -> None:
        found = Counter(row.key for row in results.rows(Ledger.existing(self.storage)))
        assert all(count == 1 for count in found.values())

    def teardown(self) -> None:
        self.now += 1000.0
        ledger = Ledger.existing(self.storage)
        self.run(made.work(ledger, clock=lambda: self.now))
        assert [row.key for row in results.rows(ledger)] == [item.key for item in made.items(30)]
        results.sweep(ledger)
        assert len(list(self.storage.list("data/"))) == 6
        self.loop.close()


Hosts.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestHosts = Hosts.TestCase


def test_one_of_three_processes_is_killed_and_its_machine_knows_at_once(tmp_path: Path) -> None:
    made.ledger(open_storage(tmp_path), 120, 5)
    script = """
    victim, told = born("h0", 1000.0)
    os.read(told, 1)
    others = [born(f"h{number}")[0] for number in (1, 2)]
    os.kill(victim, signal.SIGKILL)
    for process in (victim, *others):
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
    """
    assert nursery(tmp_path, script) == ["-9", "0", "0"]
    ledger = Ledger.existing(open_storage(tmp_path))
    assert [row.key for row in results.rows(ledger)] == [item.key for item in made.items(120)]
    claims = {
        entry.name: json.loads(ledger.storage.get(entry.name))["host"] for entry in ledger.storage.list("_scenescribe/claims/")
    }
    again = {name for name in claims if not name.endswith(".0")}
    assert again == {f"{name[:-2]}.1" for name, host in claims.items() if name.endswith(".0") and host == "h0"}
    assert len(claims) == len(ledger.frozen.units) + len(again)


async def test_status_tells_what_is_worked_on_from_what_a_killed_process_left(tmp_path: Path) -> None:
    ledger = made.ledger(open_storage(tmp_path), 30, 10)
    assert nursery(tmp_path, "print(os.waitstatus_to_exitcode(os.waitpid(born('h', turns=3)[0], 0)[1]))") == ["-9"]
    units = dict(results.status(ledger).units)
    left = units.pop("claimed")
    assert left > 0
    assert units == {"all": 3, "done": 0, "working": 0}
    async with Grants(ledger, host="h2") as grants:
        await anext(grants)
        assert results.status(ledger).units["working"] == 1
