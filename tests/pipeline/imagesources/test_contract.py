"""Every source gives the same pictures in the same order, whatever kind it is; what can't be had is told, and costs nobody else."""

from collections.abc import Iterator
from pathlib import Path

import picture_sets
import pytest

from pipeline import families
from pipeline.datasets.items import Item
from pipeline.errors import InputError, ScenescribeError, UsageError
from pipeline.imagesources import webdataset
from pipeline.imagesources.base import Wishes
from pipeline.imagesources.listing import Listing
from pipeline.imagesources.reading import Reader

PICTURES = {f"{number:04}.png": bytes([number]) * (100 + 37 * number) for number in range(40)}
KINDS = ("folder", "webdataset", "parquet", "hugging face", "urls", "imagefolder")
LOCAL = Wishes(allowed_hosts=frozenset({"127.0.0.1"}))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    root = tmp_path_factory.mktemp("kinds")
    with picture_sets.served(PICTURES) as base:
        yield {
            "folder": picture_sets.as_folder(PICTURES, root / "folder"),
            "webdataset": picture_sets.as_tar(PICTURES, root / "shards" / "0001.tar").parent,
            "parquet": picture_sets.as_parquet(PICTURES, root / "table.parquet"),
            "hugging face": picture_sets.as_parquet(PICTURES, root / "hf" / "train-00000.parquet", hugging_face=True).parent,
            "urls": picture_sets.as_urls(PICTURES, root / "urls.parquet", base),
            "imagefolder": picture_sets.as_imagefolder(PICTURES, root / "imagefolder"),
        }


def listed(*names: object, wishes: Wishes = LOCAL, without: str = "") -> tuple[list[Item], list[tuple[str, str]]]:
    problems: list[tuple[str, str]] = []

    def problem(name: str, error: ScenescribeError) -> None:
        problems.append((name, error.code))

    return list(Listing([str(name) for name in names], wishes, problem, without=without)), problems


def contents(items: list[Item], wishes: Wishes = LOCAL) -> list[bytes | str]:
    return [one.code if isinstance(one, InputError) else one for one in Reader(wishes).read(items)]


@pytest.mark.parametrize("kind", KINDS)
def test_all_pictures_once_in_order_with_keys_of_their_own(kind: str, places: dict[str, Path]) -> None:
    items, problems = listed(places[kind])
    assert not problems
    assert len({item.key for item in items}) == len(items) == 40
    assert all(item.reason == "" and item.weight == 1 for item in items)
    assert contents(items) == list(PICTURES.values())


@pytest.mark.parametrize("kind", KINDS)
def test_any_part_can_be_read_by_another_process_in_any_order(kind: str, places: dict[str, Path]) -> None:
    items, _ = listed(places[kind])
    values = list(PICTURES.values())
    for part in (slice(10, 20), slice(3, 5), slice(38, 40), slice(None, None, -7)):
        assert contents(items[part]) == values[part]


@pytest.mark.parametrize("kind", KINDS)
def test_listing_twice_finds_the_same(kind: str, places: dict[str, Path]) -> None:
    assert listed(places[kind]) == listed(places[kind])


def test_every_member_is_tried_here() -> None:
    assert set(families.members("imagesources")) == {"films", "folder", "webdataset", "parquet", "imagefolder"}
    words = [word for name in families.members("imagesources") for word in families.parse("imagesources", name).reads]
    assert len(words) == len(set(words))


def test_several_places_keep_their_keys_apart(tmp_path: Path) -> None:
    for name in ("cats", "dogs"):
        picture_sets.as_folder({"1.png": name.encode(), "more/2.png": b"2"}, tmp_path / name)
        picture_sets.as_tar({"a.png": name.encode()}, tmp_path / name / "s.tar")
    items, _ = listed(tmp_path / "cats", tmp_path / "dogs")
    assert [item.key for item in items] == [
        f"{name}/{key}" for name in ("cats", "dogs") for key in ("1.png", "more/2.png", "s/a")
    ]
    assert contents(items)[0] == b"cats"
    assert contents(items)[-1] == b"dogs"
    files, _ = listed(tmp_path / "*" / "1.png")
    assert len({item.key for item in files}) == 2


def test_columns_are_named_or_found_and_kept(tmp_path: Path, places: dict[str, Path]) -> None:
    items, _ = listed(places["parquet"], wishes=Wishes(keep_columns=("label",)))
    assert [item.kept["label"] for item in items] == list(range(40))
    items, _ = listed(places["imagefolder"], wishes=Wishes(keep_columns=("text",)))
    assert items[3].kept == {"text": "about 0003.png"}
    for wishes, code in ((Wishes(image_column="imge"), "unknown_column"), (Wishes(url_column="nothing"), "unknown_column"),
                         (Wishes(keep_columns=("labels",)), "unknown_column")):  # fmt: skip
        with pytest.raises(UsageError) as caught:
            listed(places["parquet"], wishes=wishes)
        assert caught.value.code == code
    assert "did you mean 'label'" in caught.value.message


def test_a_table_without_pictures_says_what_it_has(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table({"words": ["a"]}), tmp_path / "t.parquet")
    with pytest.raises(UsageError) as caught:
        listed(tmp_path / "t.parquet")
    assert caught.value.code == "no_image_column"
    assert "words" in caught.value.message


def table(path: Path, **columns: list[object]) -> Path:
    import pyarrow
    import pyarrow.parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def test_a_table_that_lacks_a_column_costs_nobody_else(tmp_path: Path) -> None:
    """Of a folder it is a row with its reason, named itself it is told; where no table has the column, it was mistyped."""
    table(tmp_path / "0.parquet", image=[b"a", b"b"], label=[1, 2])
    table(tmp_path / "1.parquet", words=["x"])
    table(tmp_path / "2.parquet", image=[b"c"])
    items, problems = listed(tmp_path)
    assert not problems
    assert [(item.key, item.reason) for item in items] == [
        ("0/0", ""), ("0/1", ""), ("2/0", ""), ("1.parquet", "no_image_column"),
    ]  # fmt: skip
    items, problems = listed(tmp_path, wishes=Wishes(image_column="image", keep_columns=("label",)))
    assert [(item.key, item.reason) for item in items if item.reason] == [
        ("1.parquet", "unknown_column"), ("2.parquet", "unknown_column"),
    ]  # fmt: skip
    items, problems = listed(tmp_path / "1.parquet", tmp_path / "2.parquet")
    assert [item.key for item in items] == ["2/0"]
    assert problems == [(str(tmp_path / "1.parquet"), "no_image_column")]
    picture_sets.as_folder({"p.png": b"p"}, tmp_path)
    with pytest.raises(UsageError, match="unknown_column"):
        listed(tmp_path, wishes=Wishes(image_column="picture"))


def test_a_column_of_something_else_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    path = table(tmp_path / "t.parquet", image=[b"a"], words=["x"], number=[1])
    for wishes, kind in ((Wishes(image_column="words"), "string"), (Wishes(url_column="number"), "int64")):
        with pytest.raises(UsageError, match=rf"no_image_column.*holds {kind}"):
            listed(path, wishes=wishes)
    assert listed(path, wishes=Wishes(url_column="words"))[0][0].locator == {"url": "x"}
    picture_sets.as_folder({"p.png": b"p"}, tmp_path / "pictures")
    for wishes in (Wishes(keep_columns=("label",)), Wishes(url_column="url")):
        with pytest.raises(UsageError, match=r"unknown_column.*no table"):
            listed(tmp_path / "pictures", wishes=wishes)


def test_bytes_of_any_kind_are_found_and_a_path_alone_is_told(tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    kinds = (
        pyarrow.binary(), pyarrow.large_binary(), pyarrow.binary_view(), pyarrow.binary(1), pyarrow.dictionary(pyarrow.int8(), pyarrow.binary()),
    )  # fmt: skip
    for number, kind in enumerate(kinds):
        pyarrow.parquet.write_table(pyarrow.table({"image": pyarrow.array([b"a", b"b"], kind)}), tmp_path / f"{number}.parquet")
    assert contents(listed(tmp_path)[0]) == [b"a", b"b"] * len(kinds)
    table(tmp_path / "paths" / "t.parquet", image=[{"bytes": None, "path": "/etc/hostname"}, {"bytes": b"c", "path": None}])
    path, data = Reader(LOCAL).read(listed(tmp_path / "paths")[0])
    assert isinstance(path, InputError)
    assert "/etc/hostname" in path.message
    assert data == b"c"


def test_a_table_of_other_things_beside_pictures_is_a_row(tmp_path: Path) -> None:
    picture_sets.as_folder({"p.png": b"p"}, tmp_path)
    table(tmp_path / "labels.parquet", words=["x"])
    assert [(item.key, item.reason) for item in listed(tmp_path)[0]] == [("p.png", ""), ("labels.parquet", "no_image_column")]


def test_the_table_about_a_shard_is_no_source(tmp_path: Path) -> None:
    """img2dataset writes 00000.tar, and 00000.parquet about what it fetched from where: its pictures are in the shard."""
    for number in range(2):
        picture_sets.as_tar({f"{number}{one}.png": b"x" for one in range(3)}, tmp_path / f"{number:05}.tar")
        table(tmp_path / f"{number:05}.parquet", url=["http://example.com/x.png"] * 3, key=[f"{number}{one}" for one in range(3)])
    keys = [f"{number:05}/{number}{one}" for number in range(2) for one in range(3)]
    for names in ([tmp_path], [tmp_path / "*"]):
        items, problems = listed(*names)
        assert [item.key for item in items] == keys
        assert not problems
    assert "url" in listed(tmp_path / "00000.parquet")[0][0].locator  # named itself it is what it is


def test_a_data_set_that_lies_in_a_folder_is_no_source(tmp_path: Path) -> None:
    picture_sets.as_folder({"a.png": b"1", "more/b.png": b"2"}, tmp_path)
    for out in ("earlier", "more/UPPER"):
        (tmp_path / out / "_scenescribe").mkdir(parents=True)
        (tmp_path / out / "_scenescribe" / "run.json").write_text("{}")
        picture_sets.as_folder({"imagefolder/a.png": b"1"}, tmp_path / out)
        picture_sets.as_tar({"a.png": b"1"}, tmp_path / out / "webdataset" / "000000.tar")
        table(tmp_path / out / "data" / "part-0.parquet", key=["a.png"])
    items, problems = listed(tmp_path)
    assert not problems
    assert [item.key for item in items] == ["a.png", "more/b.png"]
    assert [item.key for item in listed(tmp_path / "earlier" / "webdataset")[0]] == ["000000/a"]  # named, it is looked into


def test_a_row_without_a_name_is_called_by_its_place(tmp_path: Path) -> None:
    path = table(tmp_path / "t.parquet", id=["a", None, None, ""], image=[b"1", b"2", b"3", b"4"])
    assert [item.key for item in listed(path)[0]] == ["a", "t/1", "t/2", ""]


def test_a_sample_that_comes_again_has_its_row(tmp_path: Path) -> None:
    """Its key is there twice, which the plan tells; several pictures of one sample are one item."""
    import io
    import tarfile

    names = ["a.png", "a.json", "b.left.png", "b.right.png", "a.png", "c.jpg", "c.jpg"]
    with tarfile.open(tmp_path / "s.tar", "w") as tar:
        for number, name in enumerate(names):
            head = tarfile.TarInfo(name)
            head.size = 1
            tar.addfile(head, io.BytesIO(b"%d" % number))
    items, _ = listed(tmp_path)
    assert [item.key for item in items] == ["s/a", "s/b", "s/a", "s/c", "s/c"]
    assert contents(items) == [b"0", b"2", b"4", b"5", b"6"]


def test_the_table_of_an_imagefolder_may_be_parquet_and_lack_a_value(tmp_path: Path) -> None:
    picture_sets.as_folder({"a.png": b"1", "b.png": b"2"}, tmp_path)
    keeping = Wishes(keep_columns=("text",))
    table(tmp_path / "metadata.parquet", file_name=["a.png", "b.png"], text=["of a", None])
    assert [(item.key, item.kept) for item in listed(tmp_path, wishes=keeping)[0]] == [
        ("a.png", {"text": "of a"}), ("b.png", {"text": None}),
    ]  # fmt: skip
    (tmp_path / "metadata.parquet").unlink()
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "a.png", "text": "of a"}\n{"file_name": "b.png"}\n')
    assert [item.kept for item in listed(tmp_path, wishes=keeping)[0]] == [{"text": "of a"}, {"text": None}]
    with pytest.raises(UsageError, match="unknown_column"):
        listed(tmp_path, wishes=Wishes(keep_columns=("txt",)))


@pytest.mark.parametrize(("cut", "whole"), [(0.5, False), (0.03, False)])
def test_a_shard_that_is_cut_off_gives_what_it_has_and_a_reason(cut: float, whole: bool, tmp_path: Path) -> None:
    path = picture_sets.as_tar({name: data * 20 for name, data in PICTURES.items()}, tmp_path / "s.tar")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * cut)])
    items, problems = listed(tmp_path)
    assert not problems
    good = [item for item in items if not item.reason]
    assert {item.reason for item in items} - {""} == {"truncated_shard"}
    assert contents(good) == [data * 20 for data in PICTURES.values()][: len(good)]
    assert good or cut < 0.1


def test_a_shard_that_lost_its_end_between_two_members_is_told(tmp_path: Path) -> None:
    path = picture_sets.as_tar({"a.png": b"x" * 512, "b.png": b"y" * 512}, tmp_path / "s.tar")
    path.write_bytes(path.read_bytes()[: 2 * (1024 + 1024)][: 1024 + 1024])
    items, _ = listed(path)
    assert [item.reason for item in items] == ["", "truncated_shard"]


def test_what_is_no_tar_and_a_compressed_one_are_one_row_each(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"no tar at all" * 100)
    (tmp_path / "b.tar.gz").write_bytes(b"\x1f\x8b")
    (tmp_path / "c.parquet").write_bytes(b"PAR1 no")
    items, problems = listed(tmp_path)
    assert not problems
    assert [(item.key, item.reason) for item in items] == [
        ("a.tar", "bad_shard"), ("b.tar.gz", "compressed_shard"), ("c.parquet", "bad_table"),
    ]  # fmt: skip


def test_a_shard_that_shrank_after_the_plan_costs_what_it_lost(tmp_path: Path) -> None:
    path = picture_sets.as_tar(PICTURES, tmp_path / "s.tar")
    items, _ = listed(path)
    path.write_bytes(path.read_bytes()[:20_000])
    found = contents(items)
    assert found[:3] == list(PICTURES.values())[:3]
    assert found[-1] == "truncated_shard"


def test_reads_of_a_shard_are_few_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [Item(key=str(n), source="s.tar", locator={"shard": "x", "offset": n * 100_000, "size": 90_000}) for n in range(1000)]
    runs = list(webdataset.runs(items))
    assert [item for run in runs for item in run] == items
    assert len(runs) == 6
    assert all(len(run) * 100_000 <= webdataset.PIECE + 100_000 for run in runs)


def test_a_picture_that_went_and_a_table_that_names_none(tmp_path: Path, places: dict[str, Path]) -> None:
    items, _ = listed(picture_sets.as_folder({"a.png": b"1", "b.png": b"2"}, tmp_path / "some"))
    (tmp_path / "some" / "a.png").unlink()
    assert contents(items) == ["not_found", b"2"]
    folder = picture_sets.as_imagefolder({"a.png": b"1"}, tmp_path / "named")
    (folder / "train" / "metadata.jsonl").write_text('{"file_name": "a.png"}\n{"file_name": "lost.png"}\n')
    assert [(item.key, item.reason) for item in listed(folder)[0]] == [("train/a.png", ""), ("train/lost.png", "not_found")]
    (folder / "train" / "metadata.jsonl").write_text("[]\n")
    assert [(item.key, item.reason) for item in listed(folder)[0]] == [
        ("train/a.png", ""),
        ("train/metadata.jsonl:1", "bad_table"),
    ]


def test_names_that_are_nothing_are_told_and_the_others_go_on(tmp_path: Path) -> None:
    picture_sets.as_folder({"a.png": b"1"}, tmp_path / "some")
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.txt").write_text("words")
    names = [tmp_path / "lost", tmp_path / "*.nothing", tmp_path / "empty", tmp_path / "text.txt", tmp_path / "some"]
    items, problems = listed(*names)
    assert [item.key for item in items] == ["some/a.png"]
    assert [code for _, code in problems] == ["not_found", "not_found", "no_pictures", "not_a_source"]


def test_the_folder_that_is_written_to_is_no_source(tmp_path: Path) -> None:
    picture_sets.as_folder({"a.png": b"1", "out/b.png": b"2", ".cache/c.png": b"3"}, tmp_path)
    assert [item.key for item in listed(tmp_path, without=str(tmp_path / "out"))[0]] == ["a.png"]
    said: list[str] = []
    assert not list(Listing([str(tmp_path)], LOCAL, lambda _, error: said.append(error.message), without=str(tmp_path)))
    assert "-o is this very folder" in said[0]


def test_strange_names_are_keys_like_others(tmp_path: Path) -> None:
    names = ["ünï çødé.png", "a" * 200 + ".png", "tab\tin.png", "100%.png", "a#b.png", "-dash.png"]
    items, _ = listed(picture_sets.as_folder({name: name.encode() for name in names}, tmp_path / "d"))
    assert sorted(item.key for item in items) == sorted(names)
    assert contents(items) == [item.key.encode() for item in items]
