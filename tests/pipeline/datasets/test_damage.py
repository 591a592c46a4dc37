"""Files of a data set that somebody else changed are told as damaged, each by its name."""

import json
from pathlib import Path

import pytest

from pipeline.datasets.items import Item, Row
from pipeline.datasets.ledger import Ledger
from pipeline.datasets.results import status
from pipeline.errors import InputError
from pipeline.storage import open_storage


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("plan/index-0000.json", b'{"files": {"a.parquet": 9}, "units": [[0, 0, 2, 1.0, 7]]}', "bad_plan"),
        ("plan/index-0000.json", b'{"files": {"a.parquet": 9}, "units": [[-1, 0, 2, 1.0]]}', "bad_plan"),
        ("plan/index-0000.json", b'{"files": {"a.parquet": 9}, "units": [[0, 0, 2, NaN]]}', "bad_plan"),
        ("plan/index-0000.json", b"[" * 100_000, "bad_plan"),
        ("run.json", b"[" * 100_000, "no_dataset"),
        ("done/0000000.json", b"[" * 100_000, "bad_done"),
        ("done/0000000.json", b'{"by_outcome": null}', "bad_done"),
    ],
)
def test_what_somebody_else_wrote_into_it_is_damage_and_no_traceback(name: str, data: bytes, code: str, tmp_path: Path) -> None:
    storage = open_storage(str(tmp_path), {})
    ledger = Ledger.open(storage, {"model": "m"})
    items = [Item(key=str(n), source="s", locator={"path": str(n)}) for n in range(2)]
    unit = ledger.plan(items).units[0]
    rows = [Row.failed(item, "gone") for item in items]
    assert ledger.commit(unit, items, rows)
    (tmp_path / "_scenescribe" / name).write_bytes(data)
    with pytest.raises(InputError) as caught:
        status(Ledger.existing(storage))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("field", "value"), [("part", "../../x"), ("items", -1), ("seconds", "x"), ("by_outcome", {"ok": 1.5}), ("host", 3)]
)
def test_an_ending_says_what_can_be(field: str, value: object, tmp_path: Path) -> None:
    storage = open_storage(str(tmp_path), {})
    ledger = Ledger.open(storage, {"model": "m"})
    items = [Item(key="a", source="s", locator={"path": "a"})]
    ledger.commit(ledger.plan(items).units[0], items, [Row.failed(items[0], "gone")])
    path = tmp_path / "_scenescribe/done/0000000.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(InputError) as caught:
        status(Ledger.existing(storage))
    assert caught.value.code == "bad_done"


def test_items_that_were_damaged_on_the_disk_are_told(tmp_path: Path) -> None:
    plan = Ledger.open(open_storage(str(tmp_path), {}), {}).plan([Item(key="a", source="s", locator={"path": "a"})])
    (path,) = (tmp_path / "_scenescribe/plan").glob("items-*")
    data = path.read_bytes()
    path.write_bytes(b"PAR1" + bytes(len(data) // 2) + data[4 + len(data) // 2 :])
    with pytest.raises(InputError) as caught:
        plan.items(plan.units[0])
    assert caught.value.code == "bad_plan"
