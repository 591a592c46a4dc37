"""Tables beside pictures (``imagefolder``) that can't be read, wholly or in a row: the pictures are described all the same."""

from pathlib import Path

import picture_sets
import pytest

from pipeline.datasets.items import Item
from pipeline.errors import ScenescribeError
from pipeline.imagesources.base import Wishes
from pipeline.imagesources.listing import Listing


def listed(folder: Path, wishes: Wishes) -> tuple[list[Item], list[str]]:
    problems: list[str] = []

    def problem(name: str, error: ScenescribeError) -> None:
        problems.append(error.code)

    return list(Listing([str(folder)], wishes, problem)), problems


GOOD = [b'{"file_name": "a.png", "text": "of a"}', b'{"file_name": "c.png", "text": "of c"}']


@pytest.mark.parametrize(
    ("name", "data", "told", "broken"),
    [
        ("metadata.jsonl", b"\n".join([GOOD[0], b'{"file_name": "b.png", "te', GOOD[1]]), "ac", ["metadata.jsonl:2"]),
        ("metadata.jsonl", b"\n".join([GOOD[0], b'{"file_name": "b.png", "text": "\xff"}', b"[" * 10_000, GOOD[1]]), "ac",
         ["metadata.jsonl:2", "metadata.jsonl:3"]),
        ("metadata.jsonl", b"\n".join([GOOD[0], *[b"no table"] * 200]), "a", [*(f"metadata.jsonl:{n}" for n in range(2, 101)), "metadata.jsonl"]),
        ("metadata.jsonl", b"\xef\xbb\xbf" + b"\r\n".join(GOOD), "ac", []),
        ("metadata.csv", b"file_name,text\na.png,of a\nb.png\n", "a", []),
        ("metadata.csv", b"name,text\na.png,of a\n", "", ["metadata.csv:2"]),
        ("metadata.csv", b"file_name,text\na.png,\xff\n", "", ["metadata.csv"]),
        ("metadata.parquet", b"PAR1 and no more", "", ["metadata.parquet"]),
    ],
)  # fmt: skip
def test_a_broken_table_keeps_no_picture_out(tmp_path: Path, name: str, data: bytes, told: str, broken: list[str]) -> None:
    folder = picture_sets.as_folder({"a.png": b"1", "b.png": b"2", "c.png": b"3"}, tmp_path / "in")
    (folder / name).write_bytes(data)
    items, problems = listed(folder, Wishes(keep_columns=("text",)))
    assert problems == []
    assert [item.key for item in items if not item.reason] == ["a.png", "b.png", "c.png"]
    assert {item.key[0]: item.kept.get("text") for item in items if item.kept.get("text")} == {one: f"of {one}" for one in told}
    assert [(item.key, item.reason, item.weight) for item in items if item.reason] == [(one, "bad_table", 0.0) for one in broken]
