"""Several processes make one data set: by shards, and as hosts told all they need as plain data."""

import asyncio
import json
from pathlib import Path

import pytest
from annotated import PICTURES
from picture_sets import as_folder

from pipeline.annotating import flow, member
from pipeline.annotating.recipe import PictureRecipe
from pipeline.datasets import results
from pipeline.datasets.ledger import Ledger
from pipeline.datasets.sole import SoleStorage
from pipeline.errors import UsageError
from pipeline.fleet import annotate_ray
from pipeline.fleet.need import Need, need_of
from pipeline.host import Host
from pipeline.options.annotate import AnnotateSettings
from pipeline.storage import open_storage


def begun(folder: Path, **options: object) -> tuple[AnnotateSettings, Ledger]:
    """A data set that is listed and of which nothing is done."""
    as_folder(PICTURES, folder / "in")
    settings = AnnotateSettings(
        engine="echo",
        model="shapes",
        output_dir=str(folder / "out"),
        decode_workers=1,
        unit=5,
        **options,  # type: ignore[arg-type]
    )
    recipe = PictureRecipe.of(settings, Host(settings.describing(), pictures=settings.detail).preset)
    ledger, problems = flow.prepared(flow.storage_of(settings), [str(folder / "in")], settings, recipe)
    assert not problems
    return settings, ledger


async def test_hosts_that_are_told_by_plain_data_do_each_picture_once(tmp_path: Path) -> None:
    settings, ledger = begun(tmp_path)
    told = [json.loads(json.dumps({**member.arguments(settings, ledger, model="shapes"), "number": n})) for n in (1, 2)]
    heard: list[str] = []
    await asyncio.gather(*(member.work(one, asyncio.Event(), heard=lambda item, _: heard.append(item.key)) for one in told))
    assert sorted(heard) == sorted(PICTURES)
    assert sorted(row.key for row in results.rows(ledger)) == sorted(PICTURES)
    assert len(results.status(ledger).hosts) == 2


async def test_a_host_that_is_told_to_stop_ends_with_what_it_has(tmp_path: Path) -> None:
    settings, ledger = begun(tmp_path)
    stopping = asyncio.Event()
    stopping.set()
    await member.work(member.arguments(settings, ledger, model="shapes"), stopping)
    status = results.status(ledger)
    assert status.units["claimed"] == 0
    assert status.done < 30


@pytest.mark.parametrize("text", ["3", "0/2", "3/2", "a/b", "1/0", "-1/2"])
def test_a_shard_is_one_of_many(text: str) -> None:
    with pytest.raises(ValueError, match="I/N"):
        AnnotateSettings(shard=text)
    assert AnnotateSettings(shard="2/3").part == (2, 3)


@pytest.mark.parametrize(
    ("engine", "nodes", "need"),
    [
        ("vllm", [{"CPU": 16.0}, {"CPU": 64.0, "GPU": 4.0}, {"CPU": 96.0, "GPU": 8.0}], Need(gpus=1, cpus=12)),
        ("vllm", [{"CPU": 4.0}, {"CPU": 8.0}], Need(cpus=4)),
        ("echo", [{"CPU": 64.0, "GPU": 4.0}], Need(cpus=64)),
        ("vllm", [{"CPU": 2.0, "GPU": 4.0}], Need(gpus=1, cpus=1)),
        ("vllm", [{}], Need(cpus=1)),
    ],
)
def test_what_one_host_takes_of_a_node(engine: str, nodes: list[dict[str, float]], need: Need) -> None:
    assert need_of(nodes, AnnotateSettings(engine=engine).describing()) == need


def test_a_group_of_gpus_is_one_host() -> None:
    assert need_of([{"CPU": 64.0, "GPU": 4.0}], AnnotateSettings(tensor_parallel_size=2).describing()) == Need(gpus=2, cpus=32)


async def test_a_storage_that_can_not_tell_writers_apart_takes_no_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.datasets.sole.SETTLE", 0.0)
    settings, ledger = begun(tmp_path, cluster="auto")
    ledger.storage = SoleStorage(open_storage(tmp_path / "out"))
    with pytest.raises(UsageError, match="no_conditional_put"):
        await annotate_ray.run(settings, ledger, model="shapes", say=print)
