"""Few bytes of a table that stand for many: bounded by what they claim, told as a table that is damaged."""

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from pipeline.errors import InputError
from pipeline.imagesources import pages, parquet, tables
from pipeline.imagesources.base import Place, Wishes
from pipeline.storage import open_storage
from pipeline.storage.local import LocalStorage

PICTURE = b"\xff\xd8\xff"


def place(path: Path) -> Place:
    return Place(storage=open_storage(str(path.parent), {}), name=path.name, url=str(path))


def written(path: Path, columns: dict[str, Any], **options: Any) -> Place:
    pyarrow.parquet.write_table(pyarrow.table(columns), path, **{"compression": "zstd", "store_schema": False, **options})
    return place(path)


def named_again(value: Any, kind: Any, rows: int) -> Any:
    """One value of a dictionary, named by each row."""
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array(np.zeros(rows, np.int32)), pyarrow.array([value], kind))


def test_a_large_value_of_a_dictionary_is_not_unpacked_for_many_rows_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """67 KB were 200 MB a row, 32 rows at once."""
    monkeypatch.setattr(tables, "ROOM", 10_000)
    image = PICTURE + bytes(4000)
    there = written(
        tmp_path / "t.parquet", {"image": named_again(image, pyarrow.binary(), 50)}, dictionary_pagesize_limit=1 << 30
    )
    widths: list[int] = []
    pieces = tables._pieces
    monkeypatch.setattr(tables, "_pieces", lambda part, nested: (widths.append(part.num_rows), pieces(part, nested))[1])
    source = parquet.Source()
    items = list(source.list(there, Wishes()))
    widths.clear()
    assert list(source.read(items, Wishes())) == [image] * 50
    assert max(widths) == 2


def test_values_of_far_more_bytes_than_the_file_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "SPARE", 100_000)
    monkeypatch.setattr(tables, "TIMES", 1)
    there = written(
        tmp_path / "t.parquet", {"image": [PICTURE] * 500, "key": named_again("k" * 4000, pyarrow.string(), 500)}, use_dictionary=["key"]
    )  # fmt: skip
    with pytest.raises(InputError, match="named again and again") as caught:
        list(parquet.Source().list(there, Wishes()))
    assert caught.value.code == "bad_table"


@pytest.mark.parametrize("dictionary", [True, False])
def test_pages_that_unpack_to_more_than_there_is_room_for_are_read_row_by_row(
    dictionary: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "ROOM", 5000)
    images = [PICTURE + bytes([number]) * 2000 for number in range(40)]
    there = written(
        tmp_path / "t.parquet", {"image": images, "note": [str(number) for number in range(40)]}, use_dictionary=dictionary, data_page_size=100,
        write_batch_size=1,
    )  # fmt: skip
    source, wishes = parquet.Source(), Wishes(keep_columns=("note",))
    items = list(source.list(there, wishes))
    assert [item.kept["note"] for item in items] == [str(number) for number in range(40)]
    assert list(source.read(items, wishes)) == images


def test_texts_that_each_repeat_the_one_before(tmp_path: Path) -> None:
    """DELTA_BYTE_ARRAY: a length and nothing more may stand for all of the text before."""
    keys = ["k" * 3000 + str(number) for number in range(60)]
    there = written(
        tmp_path / "t.parquet", {"image": [PICTURE] * 60, "key": keys}, use_dictionary=False, column_encoding={"key": "DELTA_BYTE_ARRAY"}
    )  # fmt: skip
    assert [item.key for item in parquet.Source().list(there, Wishes())] == keys
    told = pyarrow.parquet.ParquetFile(there.url).metadata.row_group(0)
    assert [chunk.grows for chunk in pages.chunks_of(told, ["key"])] == [True]


@pytest.mark.parametrize(("most", "says"), [("NESTED", "row group"), ("ELEMENTS", "one row")])
def test_a_list_that_says_one_number_without_end(most: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """4 KB were a hundred million numbers."""
    monkeypatch.setattr(tables, most, 1000)
    there = written(tmp_path / "t.parquet", {"image": [PICTURE] * 2, "extra": [[0] * 5000, [1]]})
    with pytest.raises(InputError, match=f"the lists of .*{says} hold more than 1,000") as caught:
        list(parquet.Source().list(there, Wishes(keep_columns=("extra",))))
    assert caught.value.code == "bad_table"
    assert len(list(parquet.Source().list(there, Wishes()))) == 2  # what is not kept is not read


def test_many_short_lists_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ELEMENTS", 10)
    kept = [{"list": [number] * 5, "map": [("a", number)], "none": None} for number in range(30)]
    kind = pyarrow.struct(
        [
            ("list", pyarrow.list_(pyarrow.int64())),
            ("map", pyarrow.map_(pyarrow.string(), pyarrow.int64())),
            ("none", pyarrow.null()),
        ]
    )
    there = written(tmp_path / "t.parquet", {"image": [PICTURE] * 30, "extra": pyarrow.array(kept, kind)})
    items = list(parquet.Source().list(there, Wishes(keep_columns=("extra",))))
    assert [item.kept["extra"]["list"] for item in items] == [[number] * 5 for number in range(30)]


def test_names_and_addresses_that_are_too_long(tmp_path: Path) -> None:
    there = written(tmp_path / "t.parquet", {"url": ["http://a.example/", "http://" + "a" * 9000], "key": ["k" * 5000, "short"]})
    first, second = parquet.Source().list(there, Wishes())
    assert (first.key, first.reason) == ("t/0", "")
    assert (second.key, second.reason, second.locator) == ("short", "url_refused", {"url": ""})


def test_a_kept_value_that_is_too_long(tmp_path: Path) -> None:
    there = written(tmp_path / "t.parquet", {"image": [PICTURE], "note": ["n" * 300_000]})
    with pytest.raises(InputError, match="kept by nobody") as caught:
        list(parquet.Source().list(there, Wishes(keep_columns=("note",))))
    assert caught.value.code == "bad_table"


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    twice = pyarrow.Table.from_arrays([pyarrow.array([PICTURE]), pyarrow.array(["a"])], names=["image", "image"])
    pyarrow.parquet.write_table(twice, tmp_path / "t.parquet")
    with pytest.raises(InputError, match="one name") as caught:
        list(parquet.Source().list(place(tmp_path / "t.parquet"), Wishes()))
    assert caught.value.code == "bad_table"


def test_a_footer_is_read_once_for_all_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [PICTURE + bytes([number]) for number in range(30)]
    there = written(tmp_path / "t.parquet", {"image": images}, row_group_size=1)
    source, read, opened = parquet.Source(), list[str](), parquet.opened
    items = list(source.list(there, Wishes()))
    monkeypatch.setattr(parquet, "opened", lambda url, wishes: (read.append(url), opened(url, wishes))[1])
    assert list(source.read(items, Wishes())) == images
    assert read == [there.url]


def test_units_that_end_inside_a_row_group_go_on_where_they_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [PICTURE + bytes([number]) for number in range(30)]
    there = written(tmp_path / "t.parquet", {"image": images})
    source, begun, rows = parquet.Source(), list[int](), parquet.rows
    items = list(source.list(there, Wishes()))
    monkeypatch.setattr(parquet, "rows", lambda *asked: (begun.append(asked[1]), rows(*asked))[1])
    for start in range(0, len(items), 10):
        contents = source.read(items[start : start + 10], Wishes())
        assert [next(contents) for _ in range(10)] == images[start : start + 10]
        contents.close()  # type: ignore[attr-defined]  # as a worker does: it never asks for an eleventh
    assert begun == [0], "the group was read once, not from its beginning for each unit"


def test_a_file_whose_inode_is_another_at_each_look_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = written(tmp_path / "t.parquet", {"image": [PICTURE] * 5}, row_group_size=1)
    source, read, opened, head, looks = parquet.Source(), list[str](), parquet.opened, LocalStorage.head, count()
    items = list(source.list(there, Wishes()))
    monkeypatch.setattr(parquet, "opened", lambda url, wishes: (read.append(url), opened(url, wishes))[1])
    monkeypatch.setattr(LocalStorage, "head", lambda self, name: replace(head(self, name), version=str(next(looks))))
    assert list(source.read(items, Wishes())) == [PICTURE] * 5
    assert read == [there.url]
