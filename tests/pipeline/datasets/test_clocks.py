"""Clocks that are wrong, and are set right while a data set is written: nobody waits for a time that does not come."""

import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from pipeline.datasets import claims, sole
from pipeline.datasets.claims import LEASE, Claim, Claims, Held, name_of
from pipeline.datasets.sole import NAME, SoleStorage
from pipeline.errors import EnvironmentFault
from pipeline.storage import Storage, open_storage

DAY = 86_400.0


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return open_storage(tmp_path / "out")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(storage: Storage, clock: Clock, *, elsewhere: bool) -> Held:
    """A unit's claim by another host, of this machine or of another one."""
    held = Claims(storage, "a", clock=clock).take(7)
    assert held is not None
    if elsewhere:
        held.claim = replace(held.claim, place="another machine")
        storage.put(name_of(7, 0), json.dumps(asdict(held.claim)).encode())
    return held


def others(storage: Storage, clock: Clock) -> Claims:
    other = Claims(storage, "b", clock=clock)
    other.listed()
    return other


def test_a_claim_of_a_clock_that_was_ahead_is_not_waited_for(storage: Storage, clock: Clock) -> None:
    clock.now += DAY
    taken(storage, clock, elsewhere=True)
    clock.now -= DAY
    held = others(storage, clock).take(7)
    assert held is not None
    assert held.deaths == 1


@pytest.mark.parametrize("ahead", [-LEASE / 2, 0.0, LEASE / 2, LEASE])
def test_clocks_that_differ_by_less_than_a_lease_are_right_enough(storage: Storage, clock: Clock, ahead: float) -> None:
    clock.now += ahead
    taken(storage, clock, elsewhere=True)
    clock.now -= ahead
    assert others(storage, clock).take(7) is None


def test_a_process_of_this_machine_is_there_whatever_its_clock_said(
    storage: Storage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.now += DAY
    taken(storage, clock, elsewhere=False)
    clock.now -= DAY
    assert others(storage, clock).take(7) is None
    monkeypatch.setattr(claims, "born", lambda _: "another process of this number")
    assert others(storage, clock).take(7) is not None


def test_one_that_goes_on_under_the_right_clock_began_then(storage: Storage, clock: Clock) -> None:
    clock.now += DAY
    held = taken(storage, clock, elsewhere=True)
    clock.now -= DAY
    held.renew()
    other = others(storage, clock)
    assert other.take(7, beside=300.0) is None, "it is not slow for that"
    clock.now += 301.0
    held.renew()
    assert other.take(7) is None
    assert other.take(7, beside=300.0) is not None


def test_one_that_says_that_it_begins_tomorrow_is_slow(clock: Clock) -> None:
    late = Claim(owner="a", host="a", place="x", pid=1, born="1", since=clock.now + DAY, until=clock.now + 1)
    assert late.held_for(clock.now) == float("inf")
    assert replace(late, since=clock.now - 5).held_for(clock.now) == 5


@pytest.mark.parametrize(("until", "refused"), [(-1.0, False), (50.0, True), (DAY, False)])
def test_the_sole_writers_lease_too(storage: Storage, monkeypatch: pytest.MonkeyPatch, until: float, refused: bool) -> None:
    monkeypatch.setattr(sole, "SETTLE", 0.0)
    lease = {
        "holder": "another",
        "pid": 1,
        "host": "elsewhere",
        "place": "another machine",
        "born": "1",
        "until": time.time() + until,
    }
    storage.put(NAME, json.dumps(lease).encode())
    if refused:
        with pytest.raises(EnvironmentFault, match="already_running"):
            SoleStorage(storage)
    else:
        assert SoleStorage(storage).url == storage.url


def test_the_sole_writer_says_so_on_a_machine_that_has_just_started(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sole, "SETTLE", 0.0)
    monkeypatch.setattr(time, "monotonic", lambda: 1.0)
    SoleStorage(storage)
    assert storage.exists(NAME)
