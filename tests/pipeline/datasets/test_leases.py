"""Claims that are renewed while work is on: one that can't be keeps no other from it, and ends nothing."""

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from accidents import ACCIDENTS

from pipeline.datasets.claims import Claims, Held, name_of
from pipeline.datasets.grants import Grants
from pipeline.datasets.items import Item
from pipeline.datasets.ledger import Ledger
from pipeline.datasets.sole import NAME, SoleStorage
from pipeline.errors import OutputError
from pipeline.storage import open_storage


@pytest.mark.parametrize(
    "accident", [*ACCIDENTS, OutputError("storage_failed", "no answer")], ids=lambda error: type(error).__name__
)
async def test_a_claim_that_can_not_be_renewed_is_its_own_and_ends_no_run(
    tmp_path: Path, accident: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger.open(open_storage(tmp_path / "out"), {})
    ledger.plan([Item(key=f"{n}", source="in", locator={"path": f"{n}"}) for n in range(2)], 1)
    loop, both, real, renewed = asyncio.get_running_loop(), asyncio.Event(), Held.renew, list[int]()

    def renew(held: Held, alone: tuple[int, int] | None = None) -> None:
        renewed.append(held.unit)
        if {0, 1} <= set(renewed[2:]):
            loop.call_soon_threadsafe(both.set)
        if len(renewed) == 1:
            raise accident
        real(held, alone)

    monkeypatch.setattr(Held, "renew", renew)
    async with Grants(ledger, host="a", lease=0.03) as grants:
        for _ in range(2):
            await anext(grants)
        async with asyncio.timeout(30):
            await both.wait()


def test_a_claim_that_is_given_back_while_it_is_renewed_stays_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would be taken for that of a process that died."""
    storage = open_storage(tmp_path / "out")
    held = Claims(storage, "a").take(7)
    assert held is not None
    real: Callable[[str, bytes], None] = storage.put
    giving = threading.Thread(target=held.release)

    def put(name: str, data: bytes) -> None:
        if not json.loads(data)["released"]:
            giving.start()
            giving.join(0.2)  # it comes to its end here where nothing keeps it from that
        real(name, data)

    monkeypatch.setattr(storage, "put", put)
    held.renew()
    giving.join()
    assert json.loads(storage.get(name_of(7, 0)))["released"] is True


@pytest.mark.parametrize("written", [[], "x", {"until": "soon"}, {"until": 1e300, "pid": "x"}, {"until": [], "place": 7}])
def test_a_lease_that_is_none_keeps_nobody_out(written: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.datasets.sole.SETTLE", 0)
    storage = open_storage(tmp_path / "out")
    storage.put(NAME, json.dumps(written).encode())
    SoleStorage(storage)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("until", "x"),
        ("since", None),
        ("pid", "1"),
        ("place", 7),
        ("alone", [1]),
        ("alone", ["a", "b"]),
        ("dead", 5),
        ("owner", []),
    ],
)
def test_a_claim_that_says_what_can_not_be_is_nobodys(field: str, value: Any, tmp_path: Path) -> None:
    storage = open_storage(tmp_path / "out")
    Claims(storage, "a").take(7)
    raw = json.loads(storage.get(name_of(7, 0)))
    storage.put(name_of(7, 0), json.dumps({**raw, field: value}).encode())
    other = Claims(storage, "b")
    other.listed()
    held = other.take(7)
    assert held is not None
    assert held.past == []
