"""Parquet of others: every table that Arrow writes is read as it is, and no page gets more memory than its bytes are worth."""

import struct
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.imagesources import parquet
from pipeline.imagesources.base import Place, Wishes
from pipeline.imagesources.pages import head_of
from pipeline.storage import open_storage


def read(path: Path) -> list[Any]:
    """The pictures of a table, listed and read."""
    wishes, source = Wishes(keep_columns=("note",)), parquet.Source()
    place = Place(storage=open_storage(str(path.parent), {}), name=path.name, url=str(path))
    items = list(islice(source.list(place, wishes), 10_000))
    return list(source.read(items, wishes))


@settings(max_examples=40, deadline=None)
@given(
    pictures=st.lists(st.one_of(st.none(), st.binary(min_size=1, max_size=3000)), min_size=1, max_size=60),
    codec=st.sampled_from(["none", "zstd", "snappy", "gzip", "brotli", "lz4"]),
    page=st.sampled_from([100, 4096, 1 << 20]),
    version=st.sampled_from(["1.0", "2.0"]),
    dictionary=st.booleans(), group=st.sampled_from([1, 7, 1000]), nested=st.booleans(), checked=st.booleans(),
)  # fmt: skip
def test_what_arrow_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, pictures: list[bytes | None], codec: str, page: int, version: str, dictionary: bool,
    group: int, nested: bool, checked: bool,
) -> None:  # fmt: skip
    path = tmp_path_factory.mktemp("t") / "t.parquet"
    plain = pyarrow.array(pictures, pyarrow.binary())
    names = pyarrow.array(["a.png"] * len(pictures))
    image: Any = pyarrow.StructArray.from_arrays([plain, names], ["bytes", "path"]) if nested else plain
    table = pyarrow.table({"image": image, "note": [f"{n} " * (n % 9) for n in range(len(pictures))]})
    pyarrow.parquet.write_table(
        table, path, compression=codec, data_page_size=page, write_batch_size=5, data_page_version=version, use_dictionary=dictionary,
        row_group_size=group, write_page_checksum=checked,
    )  # fmt: skip
    found = read(path)
    assert [data if isinstance(data, bytes) else None for data in found] == pictures


def test_pages_of_many_megabytes(tmp_path: Path) -> None:
    pictures = [bytes([n]) * (3 << 20) for n in range(5)]
    for codec in ("none", "zstd"):
        pyarrow.parquet.write_table(
            pyarrow.table({"image": pictures, "note": [""] * 5}), tmp_path / "t.parquet", compression=codec
        )
        assert read(tmp_path / "t.parquet") == pictures


def varint(number: int) -> bytes:
    number, made = number << 1, bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])


@pytest.mark.parametrize(
    ("unpacked", "packed"), [(1 << 30, None), (None, 1 << 30), (1 << 30, 1 << 30), (0, 1 << 20), ((1 << 31) - 1, None)]
)
@pytest.mark.parametrize(("codec", "column"), [("none", "image"), ("zstd", "image"), ("zstd", "the.image")])
def test_a_page_that_claims_more_than_it_has_gets_no_memory(
    unpacked: int | None, packed: int | None, codec: str, column: str, tmp_path: Path
) -> None:
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(
        pyarrow.table({"note": ["x"] * 5, column: [b"\xff\xd8" + bytes(500)] * 5}), path, compression=codec, use_dictionary=False
    )
    data = path.read_bytes()
    start = pyarrow.parquet.ParquetFile(path).metadata.row_group(0).column(1).data_page_offset
    own = head_of(data[start:])
    said = b"\x15" + varint(own.unpacked) + b"\x15" + varint(own.packed)
    assert data[start + 2 : start + 2 + len(said)] == said
    lie = (
        b"\x15"
        + varint(own.unpacked if unpacked is None else unpacked)
        + b"\x15"
        + varint(own.packed if packed is None else packed)
    )
    path.write_bytes(
        data[: start + 2] + lie + data[start + 2 + len(said) :]
    )  # what lies behind moves, and that is the footer alone
    found = read(path)
    assert [getattr(one, "code", "a picture") for one in found] == ["bad_table"] * 5
    assert pyarrow.default_memory_pool().max_memory() < 400 << 20


def test_a_table_of_more_rows_than_bytes_is_no_listing_without_end(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"image": [b"\xff\xd8"] * 5}), path)
    data = path.read_bytes()
    length = struct.unpack("<I", data[-8:-4])[0]
    footer, five = data[-8 - length : -8], b"\x16" + varint(5)
    assert five in footer
    long = footer.replace(five, b"\x16" + varint(1 << 40))
    path.write_bytes(data[: -8 - length] + long + struct.pack("<I", len(long)) + b"PAR1")
    with pytest.raises(InputError, match="more rows than its bytes") as caught:
        next(parquet.Source().list(Place(storage=open_storage(str(tmp_path), {}), name=path.name, url=str(path)), Wishes()))
    assert caught.value.code == "bad_table"


@pytest.mark.parametrize(
    "data", [b"", b"\x15", b"\x15\x80", b"\x1c" * 40, b"\xf9" + b"\xff" * 20, b"\x19\xfc\xff\xff\xff\x7f", b"\x00", b"\x15" * 70]
)
def test_heads_that_are_none(data: bytes) -> None:
    with pytest.raises((IndexError, InputError)):
        head_of(data)


@given(st.binary(max_size=300))
def test_any_bytes_for_a_head(data: bytes) -> None:
    try:
        head = head_of(data)
    except (IndexError, InputError):
        return
    assert head.length <= len(data) or head.length > 0
    assert isinstance(head.unpacked, int)
    assert isinstance(head.packed, int)
