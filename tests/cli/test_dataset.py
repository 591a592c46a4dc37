"""``scenescribe dataset``: how far a data set is, its formats, and what is asked again. In this process: it needs no model."""

import asyncio
import json
from pathlib import Path

import made_sets as made
import pyarrow.parquet
import pytest
import typer
from buckets import moto
from typer.testing import CliRunner

from pipeline.cli import app as application
from pipeline.cli.dataset import dataset as command
from pipeline.datasets import results
from pipeline.datasets.grants import Grants
from pipeline.datasets.items import Row
from pipeline.datasets.ledger import Ledger
from pipeline.errors import ScenescribeError
from pipeline.storage import Storage, open_storage

app = typer.Typer()
app.command()(command)


def told(*words: object) -> tuple[int, str, str]:
    """Exit code, stdout, stderr; an error of ours as its code on stderr."""
    found = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(found.exception, ScenescribeError):
        return found.exception.exit_code, found.stdout, str(found.exception)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.exit_code, found.stdout, found.stderr


def fill(storage: Storage, *, units: int = 3, failed: str = "") -> Ledger:
    """A data set of 30 items of which some units are done; every tenth item has failed."""
    ledger = made.ledger(storage, 30, 10)

    async def work() -> None:
        async with Grants(ledger, host="gpu-1") as grants:
            for _ in range(units):
                grant = await anext(grants)
                await grant.commit(
                    Row.failed(item, failed) if failed and item.key.endswith("0") else made.row(item) for item in grant.items
                )

    asyncio.run(work())
    return ledger


def test_status_is_told_to_programs_and_to_people(tmp_path: Path) -> None:
    fill(open_storage(tmp_path), units=2, failed="bad_picture")
    code, out, _ = told(tmp_path, "status", "--json")
    status = json.loads(out)
    assert code == 0
    assert list(status) == ["items", "done", "failed", "by_outcome", "by_reason", "units", "hosts"]
    assert (status["items"], status["done"], status["failed"]) == (30, 20, 2)
    assert (status["by_outcome"], status["by_reason"]) == ({"failed": 2, "ok": 18}, {"bad_picture": 2})
    assert status["units"] == {"all": 3, "done": 2, "claimed": 0, "working": 0}
    assert status["hosts"]["gpu-1"]["items"] == 20
    _, out, _ = told(tmp_path)
    assert "20 of 30 done (66.7 %); 2 failed" in out
    assert "bad_picture 2" in out
    assert "gpu-1: 2 units, 20 items" in out


def test_finish_waits_until_all_is_done_and_sweeps(tmp_path: Path) -> None:
    ledger = fill(open_storage(tmp_path), units=2)
    assert told(tmp_path, "finish")[2].startswith("not_finished: 1 of 3 units")
    assert told(tmp_path, "finish", "--partial", "--format", "jsonl")[0] == 0
    assert len((tmp_path / "captions.jsonl").read_text().splitlines()) == 20
    asyncio.run(made.work(ledger))
    (tmp_path / "data/part-0000001-dead.parquet").write_bytes(b"of one that was too late")
    code, out, _ = told(tmp_path, "finish", "--format", "jsonl,coco", "--json")
    written = json.loads(out)
    assert (code, written["formats"]["jsonl"]["items"], written["formats"]["coco"]["items"]) == (0, 30, 30)
    assert not (tmp_path / "data/part-0000001-dead.parquet").exists()
    assert not list((tmp_path / "_scenescribe/claims").iterdir())


def test_export_writes_elsewhere_without_what_was_asked_again(tmp_path: Path) -> None:
    out, there = tmp_path / "out", tmp_path / "there"
    ledger = fill(open_storage(out), failed="url_failed")
    results.retry(ledger)
    asyncio.run(made.work(ledger))
    assert told(out, "export")[2].startswith("no_output")
    assert told(out, "export", "-o", there, "--format", "parquet,jsonl")[0] == 0
    rows = pyarrow.parquet.read_table(there / "data").to_pylist()
    assert sorted(row["key"] for row in rows) == [item.key for item in made.items(30)]
    assert all(row["outcome"] == "ok" for row in rows)
    assert len((there / "captions.jsonl").read_text().splitlines()) == 30


def test_retry_asks_again_what_failed(tmp_path: Path) -> None:
    ledger = fill(open_storage(tmp_path), failed="url_failed")
    assert told(tmp_path, "retry", "--reason", "bad_picture")[2].startswith("nothing_failed")
    code, out, _ = told(tmp_path, "retry", "--reason", "url_failed", "--json")
    assert (code, json.loads(out)) == (0, {"retried": 3})
    assert not results.status(Ledger.existing(ledger.storage)).finished


def test_a_bucket_is_looked_at_with_its_options() -> None:
    with moto() as s3:
        url = f"{s3.bucket()}/out"
        fill(open_storage(url, s3.options))
        options = [word for name, value in s3.options.items() for word in ("--storage-option", f"{name}={value}")]
        assert json.loads(told(url, "status", "--json", *options)[1])["done"] == 30


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("burn",), "bad_value: there is no 'dataset OUT burn'"),
        (("status",), "no_dataset"),
        (("status", "--storage-option", "x"), "bad_storage_option"),
    ],
)
def test_what_can_not_be(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    assert told(tmp_path, *words)[2].startswith(says)


def test_it_is_a_command() -> None:
    assert "dataset" in application.COMMANDS


def test_retry_where_one_process_alone_can_write() -> None:
    """A storage that can't tell two writers apart, behind fsspec: the lease is taken for the moment, and given back."""
    storage = open_storage("memory://retried")
    fill(storage, failed="bad_picture").storage.release()  # type: ignore[attr-defined]
    assert told("memory://retried", "retry", "--json")[:2] == (0, '{"retried": 3}\n')
    code, _, err = told("memory://retried", "retry")
    assert (code, "nothing_failed" in err) == (1, True), "they wait already"
    assert not storage.exists("_scenescribe/writer.json")
