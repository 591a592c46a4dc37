"""Pictures to rows: every item ends in one row, whatever it is; the same bytes are asked once; what runs is bounded."""

import asyncio
from pathlib import Path

import picture_files
import picture_sets
import pytest
from annotated import PICTURES, Annotate
from patience import PATIENCE
from PIL import Image

from models.base import Reply, Request
from models.engines.echo import EchoCaptioner
from models.errors import EngineDead, RequestRefused
from pipeline.datasets import results
from pipeline.errors import EnvironmentFault, InputError, UsageError
from pipeline.types import Outcome


class Keen(EchoCaptioner):
    """Counts what is asked at once; nobody is answered before ``together`` are."""

    def __init__(self, *, together: int, **more: object) -> None:
        super().__init__(**more)  # type: ignore[arg-type]
        self.at_once = self.most = 0
        self._together, self._there = together, asyncio.Event()

    async def caption(self, request: Request) -> Reply:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        if self.most >= self._together:
            self._there.set()
        try:
            await asyncio.wait_for(self._there.wait(), PATIENCE)
            return await super().caption(request)
        finally:
            self.at_once -= 1


async def test_good_and_bad_pictures_each_end_in_a_row(annotate: Annotate, tmp_path: Path) -> None:
    bad = {f"bad/{name}": data for name, (data, _) in picture_files.bad().items()}
    good = {f"good/{name}": data for name, data in picture_files.good().items()}
    run = await annotate(picture_sets.as_folder({**bad, **good}, tmp_path / "in"), unit=7)
    rows = {row.key: row for row in results.rows(run.ledger)}
    assert rows.keys() == {*bad, *good} == run.told.keys()
    for name, (_, code) in picture_files.bad().items():
        row = rows[f"bad/{name}"]
        assert (row.outcome, row.reason, row.caption, row.width) == (Outcome.FAILED, code, "", None)
    for name in good:
        row = rows[name]
        assert (row.outcome, row.reason) == (Outcome.OK, "")
        assert row.caption.startswith("1 image of 196x196")
        assert (row.width, row.height) == (96, 64)
        assert row.content is not None
        assert len(row.content) == 16
        assert row.model == "shapes"
    found = results.status(run.ledger)
    assert (found.items, found.failed, found.finished) == (len(rows), len(bad), True)


async def test_the_same_bytes_are_asked_once(annotate: Annotate, tmp_path: Path) -> None:
    one, other = PICTURES["000.png"], PICTURES["001.png"]
    pictures = {f"{number:02}.png": other if number == 13 else one for number in range(40)}
    run = await annotate(picture_sets.as_folder(pictures, tmp_path / "in"), unit=10)
    assert run.captioner.asked == 2  # type: ignore[attr-defined]
    rows = list(results.rows(run.ledger))
    assert len(rows) == 40
    assert len({row.caption for row in rows}) == 2
    assert sum(row.completion_tokens > 0 for row in rows) == 2


async def test_many_are_asked_at_once_across_units_and_never_more_than_fit(annotate: Annotate, tmp_path: Path) -> None:
    captioner = Keen(together=20, delay=0.01, capacity=20)
    await annotate(picture_sets.as_folder(PICTURES, tmp_path / "in"), captioner=captioner, unit=4)
    assert captioner.asked == 30
    assert captioner.most == 20


async def test_a_picture_that_the_model_refuses_is_its_own_row(annotate: Annotate, tmp_path: Path) -> None:
    def fault(request: Request) -> Exception | None:
        return RequestRefused("no") if len(seen) == 3 and not seen.append(1) else seen.append(1)  # type: ignore[func-returns-value]

    seen: list[int] = []
    run = await annotate(picture_sets.as_folder(PICTURES, tmp_path / "in"), captioner=EchoCaptioner(fault=fault))
    assert results.status(run.ledger).by_reason == {"request_refused": 1}


async def test_an_empty_answer_is_asked_again_once(annotate: Annotate, tmp_path: Path) -> None:
    class Silent(EchoCaptioner):
        async def caption(self, request: Request) -> Reply:
            reply = await super().caption(request)
            return Reply(
                text="" if request.sampling.temperature == 0 else reply.text, finish="stop", prompt_tokens=3, completion_tokens=0
            )

    run = await annotate(picture_sets.as_folder({"a.png": PICTURES["000.png"]}, tmp_path / "in"), captioner=Silent())
    (row,) = results.rows(run.ledger)
    assert row.outcome is Outcome.OK
    assert row.prompt_tokens == 6


async def test_an_engine_that_is_gone_for_good_ends_the_run_and_the_next_goes_on(
    annotate: Annotate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.engine.supervisor.BACK_OFF", (0.0, 0.0, 0.0))
    count = 0

    def fault(request: Request) -> Exception | None:
        nonlocal count
        count += 1
        return EngineDead("gone") if count > 12 else None

    folder = picture_sets.as_folder(PICTURES, tmp_path / "in")
    with pytest.raises(EnvironmentFault):
        await annotate(folder, captioner=EchoCaptioner(fault=fault, capacity=2), unit=5)
    run = await annotate(folder, unit=5)
    rows = list(results.rows(run.ledger))
    assert sorted(row.key for row in rows) == sorted(PICTURES)
    assert run.captioner.asked <= 30  # type: ignore[attr-defined]


async def test_a_picture_that_kills_the_engine_is_left_out_alone(
    annotate: Annotate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.engine.supervisor.BACK_OFF", (0.0, 0.0, 0.0))

    class Dies(EchoCaptioner):
        """Of the picture that is not black, with all that is in it."""

        starts = 0

        async def start(self) -> None:
            self.starts, self.death = self.starts + 1, asyncio.Event()
            await super().start()

        async def caption(self, request: Request) -> Reply:
            death, picture = self.death, request.images[0]
            if deadly := picture.max() > 100:
                await asyncio.sleep(0.02)
                death.set()
            await asyncio.sleep(0.05)
            if deadly or death.is_set():
                raise EngineDead("gone")
            return await super().caption(request)

    deadly = picture_files.encoded(Image.new("RGB", (32, 32), (200, 200, 200)))
    black = {f"{n:03}.png": picture_files.encoded(Image.new("RGB", (32 + n, 32), (0, 0, 0))) for n in range(29)}
    run = await annotate(
        picture_sets.as_folder({**black, "deadly.png": deadly}, tmp_path / "in"),
        captioner=(captioner := Dies(capacity=64)),
        unit=10,
    )
    assert {row.key: row.reason for row in results.rows(run.ledger) if row.reason} == {"deadly.png": "killed_engine"}
    assert results.status(run.ledger).done == 30
    assert captioner.starts - 1 <= 4, "restarts"


async def test_a_run_that_is_stopped_goes_on_and_asks_no_finished_unit_again(annotate: Annotate, tmp_path: Path) -> None:
    folder = picture_sets.as_folder(PICTURES, tmp_path / "in")
    enough = asyncio.Event()

    class Watched(EchoCaptioner):
        async def caption(self, request: Request) -> Reply:
            if self.asked >= 18:
                enough.set()
            return await super().caption(request)

    task = asyncio.ensure_future(annotate(folder, captioner=Watched(delay=0.05, capacity=3), unit=5))
    await enough.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    run = await annotate(folder, unit=5)
    assert sorted(row.key for row in results.rows(run.ledger)) == sorted(PICTURES)
    assert 0 < run.captioner.asked <= 25  # type: ignore[attr-defined]
    again = await annotate(folder, unit=5)
    assert again.captioner.asked == 0  # type: ignore[attr-defined]


async def test_another_prompt_or_source_is_refused_what_failed_is_asked_again(annotate: Annotate, tmp_path: Path) -> None:
    folder = picture_sets.as_folder({**PICTURES, "late.png": b""}, tmp_path / "in")
    run = await annotate(folder)
    assert results.status(run.ledger).by_reason == {"empty_picture": 1}
    for options in ({"prompt": "What is it?"}, {"language": "de"}, {"limit": 3}, {"max_tokens": 5}):
        with pytest.raises(UsageError) as caught:
            await annotate(folder, **options)
        assert caught.value.code == "settings_differ"
    with pytest.raises(UsageError):
        await annotate(tmp_path)
    (folder / "late.png").write_bytes(PICTURES["000.png"])
    assert (await annotate(folder)).captioner.asked == 0  # type: ignore[attr-defined]
    run = await annotate(folder, retry_failed=True)
    assert run.captioner.asked == 1  # type: ignore[attr-defined]
    assert results.status(run.ledger).failed == 0
    assert (await annotate(folder, retry_failed=True)).captioner.asked == 0  # type: ignore[attr-defined]


async def test_a_limit_takes_the_first(annotate: Annotate, tmp_path: Path) -> None:
    run = await annotate(picture_sets.as_folder(PICTURES, tmp_path / "in"), limit=7)
    assert sorted(run.told) == sorted(PICTURES)[:7]


async def test_kept_columns_keep_their_types(annotate: Annotate, tmp_path: Path) -> None:
    import pyarrow.parquet

    run = await annotate(picture_sets.as_parquet(PICTURES, tmp_path / "t.parquet"), keep_columns="label, key")
    table = pyarrow.parquet.read_table(tmp_path / "out" / "data")
    assert sorted(table.column("label").to_pylist()) == list(range(30))
    assert table.schema.field("label").type == "int64"
    assert table.column("key_kept").to_pylist() == table.column("key").to_pylist()
    assert (await annotate(tmp_path / "t.parquet", keep_columns="label,key")).captioner.asked == 0  # type: ignore[attr-defined]
    assert run.told.keys() == PICTURES.keys()


async def test_what_can_not_be_listed_is_told_and_nothing_at_all_is_an_error(annotate: Annotate, tmp_path: Path) -> None:
    folder = picture_sets.as_folder({"a.png": PICTURES["000.png"]}, tmp_path / "in")
    run = await annotate(folder, tmp_path / "lost")
    assert [problem.error.code for problem in run.problems] == ["not_found"]
    with pytest.raises(InputError, match="not_found") as caught:
        await annotate(*(tmp_path / f"lost-{number}" for number in range(5)), out=tmp_path / "other")
    assert [f"lost-{number}" in str(caught.value) for number in range(5)] == [True] * 3 + [False] * 2
    assert str(caught.value).endswith("; and 2 more")


async def test_a_mistyped_wish_binds_nobody(annotate: Annotate, tmp_path: Path) -> None:
    """A column or a folder that is not there ends the run; the same OUT takes the right one then."""
    table = picture_sets.as_parquet(dict(list(PICTURES.items())[:3]), tmp_path / "table.parquet")
    with pytest.raises(UsageError, match="unknown_column"):
        await annotate(table, image_column="picture")
    with pytest.raises(InputError, match="not_found"):
        await annotate(tmp_path / "tabel.parquet")
    run = await annotate(table)
    assert results.status(run.ledger).done == 3


async def test_what_failed_when_it_was_listed_is_told_too(annotate: Annotate, tmp_path: Path) -> None:
    pictures = dict(list(PICTURES.items())[:6])
    picture_sets.as_tar(pictures, tmp_path / "in/a.tar")
    whole = (tmp_path / "in/a.tar").read_bytes()
    picture_sets.as_tar(pictures, tmp_path / "in/b.tar")
    (tmp_path / "in/b.tar").write_bytes(whole[:1700])
    run = await annotate(tmp_path / "in/a.tar", tmp_path / "in/b.tar", tmp_path / "in/a.tar")
    failed = {row.key: row.reason for row in results.rows(run.ledger) if row.outcome is Outcome.FAILED}
    told = {key: answer.reason for key, answer in run.told.items() if answer.outcome is Outcome.FAILED}
    assert told
    assert set(told.values()) == {"truncated_shard"}
    assert told == {key: reason for key, reason in failed.items() if reason != "key_twice"}
    assert sorted(run.twice) == sorted(key for key, reason in failed.items() if reason == "key_twice")


async def test_what_the_listing_could_not_find_is_asked_again_once_it_is_there(annotate: Annotate, tmp_path: Path) -> None:
    folder = picture_sets.as_imagefolder({"a.png": PICTURES["000.png"]}, tmp_path / "in")
    (folder / "train" / "metadata.jsonl").write_text('{"file_name": "a.png"}\n{"file_name": "late.png"}\n')
    whole = picture_sets.as_tar({f"{number}.png": PICTURES["001.png"] for number in range(3)}, tmp_path / "s.tar").read_bytes()
    (tmp_path / "s.tar").write_bytes(whole[:600])
    run = await annotate(folder, tmp_path / "s.tar")
    failed = {row.key: row.reason for row in results.rows(run.ledger) if row.outcome is Outcome.FAILED}
    assert failed == {"in/train/late.png": "not_found", "s/0": "truncated_shard", "s.tar": "truncated_shard"}
    (folder / "train" / "late.png").write_bytes(PICTURES["002.png"])
    (tmp_path / "s.tar").write_bytes(whole)
    run = await annotate(folder, tmp_path / "s.tar", retry_failed=True)
    left = {row.key: row.reason for row in results.rows(run.ledger) if row.outcome is Outcome.FAILED}
    assert left == {"s.tar": "truncated_shard"}  # what lay behind the cut was never listed
