"""Each item gets one row, whoever works on it and whenever; a run goes on only with its own settings."""

import asyncio
import json
import os
from collections import Counter
from pathlib import Path

import made_sets as made
import pytest
from buckets import S3, nanio
from patience import PATIENCE

from pipeline.datasets import results
from pipeline.datasets.grants import Grants
from pipeline.datasets.items import Item, Row
from pipeline.datasets.ledger import Ledger
from pipeline.datasets.sole import SoleStorage
from pipeline.errors import EnvironmentFault, InputError, UsageError
from pipeline.storage import Storage, open_storage
from pipeline.types import Outcome


async def test_every_item_has_its_row_in_the_order_of_the_listing(storage: Storage) -> None:
    ledger = made.ledger(storage)
    await made.work(ledger)
    assert [row.key for row in results.rows(ledger)] == [item.key for item in made.items(100)]
    assert results.status(ledger).finished


async def test_hosts_that_work_at_once_do_each_unit_once(storage: Storage) -> None:
    made.ledger(storage, 120)
    told = await asyncio.gather(*(made.work(Ledger.open(storage, made.SETTINGS), f"h{n}") for n in range(4)))
    assert Counter(key for one in told for key in one.keys) == Counter(item.key for item in made.items(120))
    assert sum(one.won for one in told) == 12
    status = results.status(Ledger.existing(storage))
    assert sum(host["units"] for host in status.hosts.values()) == 12


@pytest.mark.parametrize("storage", ["folder", "bucket"], indirect=True)
async def test_of_sixteen_that_did_the_same_unit_one_is_kept(storage: Storage) -> None:
    ledger = made.ledger(storage, 10)
    (unit,) = ledger.frozen.units.values()
    items = ledger.frozen.items(unit)

    def commit(number: int) -> bool:
        return ledger.commit(unit, items, [made.row(item, f"by {number}") for item in items], host=str(number))

    won = await asyncio.gather(*(asyncio.to_thread(commit, number) for number in range(16)))
    assert sum(won) == 1
    assert {row.caption for row in results.rows(ledger)} == {f"by {won.index(True)}"}
    assert len(list(storage.list("data/"))) == 1, "the others removed their parts"


async def test_a_shard_begins_with_its_own_part_and_then_helps(storage: Storage) -> None:
    made.ledger(storage, 60)
    told = made.Told()
    async with Grants(Ledger.existing(storage), host="2", shard=(2, 3), poll=(0.01, 0.02)) as grants:
        async for grant in grants:
            told.keys.append(str(grant.unit.number))
            await grant.commit(made.rows_of(grant.items))
    assert told.keys == ["1", "4", "0", "2", "3", "5"]


async def test_other_settings_are_refused_by_name(storage: Storage) -> None:
    made.ledger(storage)
    with pytest.raises(UsageError, match=r"settings_differ.*another prompt"):
        Ledger.open(storage, {**made.SETTINGS, "prompt": "Count."})
    with pytest.raises(UsageError, match="kept columns"):
        Ledger.open(storage, made.SETTINGS, kept={"license": "string"})
    Ledger.open(storage, made.SETTINGS)


def test_a_source_may_be_written_in_other_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def begun(*names: str) -> None:
        Ledger.open(open_storage(tmp_path / "out"), {**made.SETTINGS, "sources": list(names)})

    begun("photos", "s3://bucket/more")
    for names in (("photos/", "s3://bucket/more/"), ("./photos", "s3://bucket/more"), (f"{tmp_path}/photos", "s3://bucket/more")):
        begun(*names)
    for names in (("photo", "s3://bucket/more"), ("photos", "s3://bucket"), ("photos",)):
        with pytest.raises(UsageError, match=r"settings_differ.*other sources"):
            begun(*names)


async def test_what_is_given_back_is_done_later(storage: Storage) -> None:
    ledger = made.ledger(storage, 30)
    async with Grants(ledger, host="h", poll=(0.01, 0.02)) as grants:
        await (await anext(grants)).give_back()
        taken = await anext(grants)
        assert taken.unit.number == 1
    told = await made.work(ledger, lease=1000.0)
    assert len(told.keys) == 30, "also what was out when the host ended in order"


async def test_a_unit_that_always_comes_back_ends_the_run_undone(storage: Storage) -> None:
    ledger = made.ledger(storage, 30)
    given = 0
    async with Grants(ledger, host="h", poll=(0.01, 0.02)) as grants:
        async for grant in grants:
            if grant.unit.number == 1:
                given += 1
                await grant.give_back()
            else:
                await grant.commit(made.rows_of(grant.items))
        assert (given, grants.done) == (3, {0, 2})
    assert results.status(ledger).units == {"all": 3, "done": 2, "claimed": 1, "working": 0}


@pytest.mark.parametrize("turns", range(5))
async def test_who_waits_for_a_unit_can_be_cancelled_also_in_the_moment_that_something_changes(
    storage: Storage, turns: int
) -> None:
    """``asyncio.wait_for`` of Python 3.11 loses the cancellation then, and the run of a bucket that refuses waits for ever."""
    ledger = made.ledger(storage, 10)
    async with Grants(ledger, host="h", poll=(9e9, 9e9)) as grants:
        await anext(grants)
        waiting = asyncio.ensure_future(anext(grants))
        while not grants._changed._waiters:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.001)
        grants._changed.set()
        for _ in range(turns):  # of the loop
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting}, timeout=PATIENCE / 20)
        assert waiting.cancelled()


async def test_stopping_hands_out_nothing_more_and_lets_the_rest_be_committed(storage: Storage) -> None:
    ledger = made.ledger(storage, 30)
    async with Grants(ledger, host="h") as grants:
        grant = await anext(grants)
        grants.stop()
        assert await grant.commit(made.rows_of(grant.items))
        with pytest.raises(StopAsyncIteration):
            await anext(grants)
    assert ledger.done() == {0}


async def test_what_the_listing_refused_is_not_asked_and_has_its_row(storage: Storage) -> None:
    given = made.items(20)
    given[3] = Item(key="cut", source="made", locator={}, reason="shard_damaged")
    given[7] = Item(key=given[2].key, source="made", locator={})
    ledger = Ledger.open(storage, made.SETTINGS)
    ledger.plan(given, 10)
    told = await made.work(ledger)
    assert len(told.keys) == 18
    found = list(results.rows(ledger))
    assert [row.key for row in found] == [item.key for item in given]
    assert {(row.key, row.reason) for row in found if row.outcome is Outcome.FAILED} == {
        ("cut", "shard_damaged"),
        ("k000002", "key_twice"),
    }


async def test_an_item_without_a_row_is_a_fault_of_ours(storage: Storage) -> None:
    ledger = made.ledger(storage, 10)
    async with Grants(ledger, host="h") as grants:
        grant = await anext(grants)
        rows = made.rows_of(grant.items)
        with pytest.raises(ValueError, match="1 items have no row"):
            await grant.commit(list(rows)[1:])
        with pytest.raises(ValueError, match="no item of the unit"):
            await grant.commit([*rows, made.row(Item(key="other", source="", locator={}))])
        assert await grant.commit(rows)


# ---- asked again


async def _with_failures(storage: Storage) -> Ledger:
    ledger = made.ledger(storage, 40)
    async with Grants(ledger, host="h") as grants:
        async for grant in grants:
            await grant.commit(
                Row.failed(item, ("url_dead", "bad_picture")[int(item.key[1:]) // 3 % 2])
                if int(item.key[1:]) % 3 == 0
                else made.row(item)
                for item in grant.items
            )
    return ledger


async def test_only_what_failed_is_asked_again(storage: Storage) -> None:
    ledger = await _with_failures(storage)
    before = results.status(ledger)
    assert (before.failed, before.by_reason) == (14, {"url_dead": 7, "bad_picture": 7})
    assert results.retry(ledger, {"url_dead"}) == 7
    assert not results.status(ledger).finished
    told = await made.work(Ledger.open(storage, made.SETTINGS))
    assert told.keys == [f"k{n:06}" for n in range(0, 40, 6)]
    after = results.status(ledger)
    assert (after.items, after.done, after.failed, after.by_reason) == (40, 40, 7, {"bad_picture": 7})
    assert after.by_outcome == {"ok": 33, "failed": 7}
    found = Counter(row.key for row in results.rows(ledger))
    assert (len(found), set(found.values())) == (40, {1}), "an item that is asked again has one row"
    assert results.retry(ledger) == 7
    with pytest.raises(InputError, match="nothing_failed"):
        results.retry(Ledger.existing(storage), {"url_dead"})


async def test_a_retry_that_was_not_run_leaves_the_old_rows(storage: Storage) -> None:
    ledger = await _with_failures(storage)
    results.retry(ledger)
    assert len(list(results.rows(ledger))) == 40
    assert results.status(ledger).failed == 14


# ---- what is left over, and damage


async def test_what_killed_processes_left_is_swept(storage: Storage) -> None:
    ledger = made.ledger(storage, 20)
    storage.put("data/part-0000000-dead.parquet", b"of one that was too late")
    async with Grants(ledger, host="h") as grants:
        grant = await anext(grants)
        await grant.commit(made.rows_of(grant.items))
        storage.put("data/part-0000001-live.parquet", b"of one that works on it now")
        assert results.sweep(ledger) == 2, "the part and the claim of what is done"
    assert storage.exists("data/part-0000001-live.parquet")
    await made.work(ledger)
    results.sweep(ledger)
    assert len(list(storage.list("data/"))) == 2
    assert list(storage.list("_scenescribe/claims/")) == []


async def test_half_files_of_killed_processes_are_swept(tmp_path: Path) -> None:
    ledger = made.ledger(open_storage(tmp_path), 20)
    await made.work(ledger)
    left = [tmp_path / name for name in ("_scenescribe/claims/.0000000.1.scenescribe-4194304-0a1b2c3d.tmp.1",
                                         "data/.part.scenescribe-4194304-0a1b2c3d.tmp.parquet")]  # fmt: skip
    for number, path in enumerate(left):
        path.write_bytes(b"half")
        os.utime(path, (0, 0) if number else None)
    results.sweep(ledger)
    assert [path.exists() for path in left] == [True, False], "one that was written just now may be somebody's"


async def test_a_damaged_record_is_told_and_done_again_once_removed(storage: Storage) -> None:
    ledger = made.ledger(storage, 20)
    await made.work(ledger)
    storage.put("_scenescribe/done/0000001.json", b'{"unit": 1')
    with pytest.raises(InputError, match="bad_done"):
        results.status(ledger)
    storage.delete("_scenescribe/done/0000001.json")
    await made.work(ledger, slow=0.0)
    assert len(list(results.rows(ledger))) == 20


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"settings": 1}'])
def test_what_is_no_data_set(storage: Storage, text: str) -> None:
    with pytest.raises(InputError, match="no_dataset"):
        Ledger.existing(storage)
    storage.put("_scenescribe/run.json", text.encode())
    with pytest.raises(InputError, match="no_dataset"):
        Ledger.existing(storage)


def test_the_record_of_a_unit_is_for_people_too(storage: Storage) -> None:
    ledger = made.ledger(storage, 10)
    (unit,) = ledger.frozen.units.values()
    items = ledger.frozen.items(unit)
    ledger.commit(
        unit, items, [made.row(items[0], outcome=Outcome.TRUNCATED), *map(made.row, items[1:])], host="gpu-1", seconds=1.5
    )
    record = json.loads(storage.get("_scenescribe/done/0000000.json"))
    assert len(record.pop("sha256")) == 64
    part = record.pop("part")
    assert storage.exists(part)
    assert record == {
        "unit": 0, "items": 10, "rows": 10, "by_outcome": {"truncated": 1, "ok": 9}, "by_reason": {}, "host": "gpu-1", "seconds": 1.5,
    }  # fmt: skip


# ---- a storage that can't tell two writers apart


async def test_one_process_alone_writes_where_no_create_is_to_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.datasets.sole.SETTLE", 0.0)
    with nanio(tmp_path) as server:
        storage = open_storage("s3://bucket/out", server.options)
        ledger = made.ledger(storage, 30)
        assert isinstance(ledger.storage, SoleStorage)
        with pytest.raises(EnvironmentFault, match="already_running"):
            Ledger.open(storage, made.SETTINGS)
        told = await made.work(ledger)
        assert (len(told.keys), told.lost) == (30, 0)
        assert len(list(results.rows(Ledger.existing(storage)))) == 30
        ledger.storage.release()
        Ledger.open(storage, made.SETTINGS)


def test_the_lease_of_a_process_that_is_gone_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.datasets.sole.SETTLE", 0.0)
    storage = made.MemoryStorage()
    SoleStorage(storage)
    with pytest.raises(EnvironmentFault, match="already_running"):
        SoleStorage(storage)
    lease = json.loads(storage.get("_scenescribe/writer.json"))
    storage.put("_scenescribe/writer.json", json.dumps({**lease, "born": "of another process with this number"}).encode())
    SoleStorage(storage)


# ---- how much is asked of a store


async def test_requests_are_few(s3: S3) -> None:
    storage = open_storage(f"{s3.bucket()}/out", s3.options)
    before = len(s3.asked)
    await made.work(made.ledger(storage, 1000, 20))
    assert len(s3.asked) - before <= 50 * 4 + 20, "claim, items, part, done"
    before = len(s3.asked)
    async with Grants(Ledger.open(storage, made.SETTINGS), host="h") as grants:
        with pytest.raises(StopAsyncIteration):
            await anext(grants)
    assert len(s3.asked) - before <= 15, "to find out that all is done"
