"""What nobody foresaw of one table or folder costs no other: a row, or a name that is told, and the listing goes on."""

import base64
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import picture_sets
import pyarrow
import pyarrow.parquet
import pyarrow.parquet.encryption as encryption
import pytest
from accidents import ACCIDENTS, breaks, code_of
from picture_files import corners, encoded

from pipeline.datasets.items import Item
from pipeline.errors import InputError, ScenescribeError
from pipeline.imagesources import footers, parquet, tables
from pipeline.imagesources.base import Wishes
from pipeline.imagesources.listing import Listing
from pipeline.imagesources.ranged import RangedFile
from pipeline.imagesources.reading import Reader
from pipeline.storage.local import LocalStorage

PICTURE = encoded(corners(16, 16))


def listed(name: Path, **wishes: Any) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    problems: list[tuple[str, str]] = []

    def problem(name: str, error: ScenescribeError) -> None:
        problems.append((Path(name).name, error.code))

    items = list(Listing([str(name)], Wishes(**wishes), problem))
    return [(item.key, item.reason) for item in items], problems


def table(path: Path, **columns: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.table(columns), path, row_group_size=2)
    return path


def test_a_date_that_python_has_none_for_ends_its_table_alone(tmp_path: Path) -> None:
    far = pyarrow.array([1, 2**30], pyarrow.date32())
    table(tmp_path / "in" / "a.parquet", image=[PICTURE] * 2, when=far)
    table(tmp_path / "in" / "b.parquet", image=[PICTURE], when=pyarrow.array([1], pyarrow.date32()))
    assert listed(tmp_path / "in", keep_columns=("when",)) == ([("a.parquet", "bad_table"), ("b/0", "")], [])
    assert listed(tmp_path / "in" / "a.parquet", keep_columns=("when",)) == ([], [("a.parquet", "bad_table")])


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda error: type(error).__name__)
def test_an_accident_of_a_table_is_its_own(tmp_path: Path, accident: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "ab":
        table(tmp_path / "in" / f"{name}.parquet", image=[PICTURE])
    real = parquet.Columns.of

    def of(schema: Any, wishes: Wishes, where: str) -> parquet.Columns:
        if where.endswith("a.parquet"):
            raise accident
        return real(schema, wishes, where)

    monkeypatch.setattr(parquet.Columns, "of", of)
    assert listed(tmp_path / "in") == ([("a.parquet", code_of(accident)), ("b/0", "")], [])
    assert listed(tmp_path / "in" / "a.parquet") == ([], [("a.parquet", code_of(accident))])


def test_a_folder_that_may_not_be_looked_into_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """lost+found lies on every disk, and is the administrator's."""
    folder, real = picture_sets.as_folder({"a.png": PICTURE, "z/b.png": PICTURE}, tmp_path / "in"), os.scandir
    for name in ("lost+found", ".Trash-0"):
        (folder / name).mkdir()

    def scandir(path: Any) -> Any:
        if Path(path).name in ("lost+found", ".Trash-0"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert listed(folder) == ([("a.png", ""), ("z/b.png", ""), ("lost+found", "unreadable")], [])
    assert listed(folder / "lost+found") == ([], [("lost+found", "unreadable")])


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        ([b"a", b"\xff", None], ["a", "ff", "t/2"]),
        ([1.5, float("nan"), float("nan")], ["1.5", "t/1", "t/2"]),
        ([7, None, 8], ["7", "t/1", "8"]),
    ],
)
def test_names_are_text_and_what_is_none_has_its_place_for_one(names: list[Any], keys: list[str], tmp_path: Path) -> None:
    path = table(tmp_path / "t.parquet", image=[PICTURE] * 3, key=pyarrow.array(names, from_pandas=False))
    assert [key for key, _ in listed(path)[0]] == keys


def read(items: list[Item]) -> list[str]:
    return [one.code if isinstance(one, InputError) else "a picture" for one in Reader(Wishes()).read(items)]


def test_a_table_that_was_changed_since_it_was_listed_says_so(tmp_path: Path) -> None:
    path = table(tmp_path / "t.parquet", image=[PICTURE] * 6)
    items = list(Listing([str(path)], Wishes(), lambda name, error: None))
    path.write_bytes(path.read_bytes())
    assert read(items) == ["a picture"] * 6, "a copy is the same table"
    table(path, image=[PICTURE] * 3)
    assert read(items) == ["source_changed"] * 6
    table(path, image=[bytes(reversed(PICTURE))] + [PICTURE] * 5)
    assert read(items) == ["source_changed"] * 6, "its rows may be others, as many as there are"
    table(path, img=[PICTURE] * 6)
    assert read(items) == ["source_changed"] * 6


def test_rows_of_plans_that_tell_no_footer_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    path = table(tmp_path / "t.parquet", image=[PICTURE] * 6)
    items = [
        replace(item, locator={name: value for name, value in item.locator.items() if name != "footer"})
        for item in Listing([str(path)], Wishes(), lambda name, error: None)
    ]
    table(path, image=[PICTURE] * 3)
    assert read(items) == ["a picture"] * 3 + ["source_changed"] * 3
    table(path, img=[PICTURE] * 6)
    assert read(items) == ["source_changed"] * 6


def test_a_table_that_is_changed_while_it_is_read_says_so(tmp_path: Path) -> None:
    path = table(tmp_path / "t.parquet", image=[PICTURE] * 6)
    items, reader = list(Listing([str(path)], Wishes(), lambda name, error: None)), Reader(Wishes())
    assert [*reader.read(items[:2])] == [PICTURE] * 2
    table(path, image=[b"another", *[PICTURE] * 5])
    assert [one.code for one in reader.read(items[2:]) if isinstance(one, InputError)] == ["source_changed"] * 4


def test_who_reads_on_after_an_accident_has_the_rows_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real, left = table(tmp_path / "t.parquet", image=[PICTURE] * 2), tables._pieces, [RuntimeError("an accident")]
    items = list(Listing([str(path)], Wishes(), lambda name, error: None))
    monkeypatch.setattr(tables, "_pieces", breaks(real, left))  # type: ignore[arg-type]
    reader = Reader(Wishes())
    with pytest.raises(RuntimeError):
        next(reader.read(items))
    assert list(reader.read(items[1:])) == [PICTURE]


def test_row_groups_without_rows_are_no_damage(tmp_path: Path) -> None:
    """Whoever writes a file for each share of a job writes some of nothing."""
    some = pyarrow.table({"image": [PICTURE], "id": ["x"]})
    (tmp_path / "in").mkdir()
    for name, parts in (("a", [some.slice(1)]), ("b", [some, some.slice(1), some.set_column(1, "id", [["y"]])])):
        with pyarrow.parquet.ParquetWriter(tmp_path / "in" / f"{name}.parquet", some.schema) as out:
            for part in parts:
                out.write_table(part)
    assert listed(tmp_path / "in", keep_columns=("id",)) == ([("x", ""), ("y", "")], [])


def test_a_damaged_table_does_not_make_its_columns_mistyped(tmp_path: Path) -> None:
    picture_sets.as_folder({"a.png": PICTURE}, tmp_path / "in")
    (tmp_path / "in" / "t.parquet").write_bytes(b"PAR1 and no more")
    assert listed(tmp_path / "in", keep_columns=("id",)) == ([("a.png", ""), ("t.parquet", "bad_table")], [])


class Keys(encryption.KmsClient):
    """Hides nothing: keys are wrapped in what they are."""

    def __init__(self, *_: object) -> None:
        super().__init__()

    def wrap_key(self, key: bytes, name: str) -> bytes:
        return base64.b64encode(key)

    def unwrap_key(self, key: bytes, name: str) -> bytes:
        return base64.b64decode(key)


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("column", ["image", "id"])
def test_a_table_with_encrypted_columns_is_told(column: str, plain: bool, tmp_path: Path) -> None:
    """To ask Arrow for the place of such a column ended the process."""
    some = pyarrow.table({"image": [PICTURE], "id": ["x"]})
    (tmp_path / "in").mkdir()
    how = encryption.EncryptionConfiguration(footer_key="f", column_keys={"c": [column]}, plaintext_footer=plain)
    keys = encryption.CryptoFactory(Keys).file_encryption_properties(encryption.KmsConnectionConfig(), how)
    with pyarrow.parquet.ParquetWriter(tmp_path / "in" / "a.parquet", some.schema, encryption_properties=keys) as out:
        out.write_table(some)
    pyarrow.parquet.write_table(some, tmp_path / "in" / "b.parquet")
    assert listed(tmp_path / "in") == ([("a.parquet", "bad_table"), ("x", "")], [])


def _unsigned(path: Path) -> None:
    """The signature that tells of encrypted columns is cut off."""
    data = path.read_bytes()
    length = int.from_bytes(data[-8:-4], "little") - footers.SIGNED
    path.write_bytes(data[: -8 - footers.SIGNED] + length.to_bytes(4, "little") + b"PAR1")


def _encrypted(path: Path) -> None:
    some = pyarrow.table({"image": [PICTURE], "id": ["x"]})
    how = encryption.EncryptionConfiguration(footer_key="f", column_keys={"c": ["id"]}, plaintext_footer=True)
    keys = encryption.CryptoFactory(Keys).file_encryption_properties(encryption.KmsConnectionConfig(), how)
    with pyarrow.parquet.ParquetWriter(path, some.schema, encryption_properties=keys) as out:
        out.write_table(some)
    _unsigned(path)


def _miscounted(path: Path) -> None:
    """A column that may lack values is said to have them all, and counts those that it lacks."""
    table(path, image=[PICTURE], id=["x"])
    data = path.read_bytes()
    assert data.count(b"\x25\x02\x18\x02id") == 1
    path.write_bytes(data.replace(b"\x25\x02\x18\x02id", b"\x25\x00\x18\x02id"))


@pytest.mark.parametrize("made", [_encrypted, _miscounted])
def test_a_table_that_ends_whoever_reads_it_ends_nothing_of_ours(made: Callable[[Path], None], tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    made(tmp_path / "in" / "a.parquet")
    table(tmp_path / "in" / "b.parquet", image=[PICTURE], id=["b"])
    assert listed(tmp_path / "in") == ([("a.parquet", "bad_table"), ("b", "")], [])


def test_one_process_looks_at_all_tables_and_its_end_is_no_tables_fault(tmp_path: Path) -> None:
    for name in "abc":
        table(tmp_path / "in" / f"{name}.parquet", image=[PICTURE], id=[f"{tmp_path}/{name}"])
    looker = footers.Looker()
    storage = LocalStorage(tmp_path / "in")
    looks = [footers.footer_of(RangedFile(storage, entry.name, entry.size)) for entry in storage.list()]
    assert looker.look(looks[0])
    first = looker._process
    assert looker.look(looks[1])
    assert first is not None
    assert looker._process is first
    first.kill()  # the kernel, short of memory
    assert looker.look(looks[2])
    assert looker._process is not first
    looker.close()
    assert looker.look(looks[0]), "it is known"
    assert looker._process is None


def test_a_process_that_can_not_be_started_is_no_damage_of_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = table(tmp_path / "in" / "a.parquet", image=[PICTURE], id=[f"{tmp_path}"])
    monkeypatch.setattr(tables, "looker", footers.Looker())
    monkeypatch.setattr(footers.subprocess, "Popen", breaks(list, [OSError(11, "Resource temporarily unavailable")] * 2))  # type: ignore
    assert listed(path) == ([], [("a.parquet", "reader_broken")])
    assert listed(tmp_path / "in") == ([("a.parquet", "reader_broken")], [])
