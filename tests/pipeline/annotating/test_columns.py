"""Columns of tables that go through to the rows and to the formats."""

import json
from pathlib import Path

import pytest
from annotated import PICTURES, Annotate

from pipeline.annotating.flow import wishes_of
from pipeline.annotating.writing import layouts_of, write
from pipeline.errors import UsageError
from pipeline.options.annotate import AnnotateSettings


async def test_columns_of_lists_are_lists(annotate: Annotate, tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    boxes, tags = [[0, 1.5], [], None, [float("nan"), 2.0]], [["a", "b"], ["c"], [], None]
    table = pyarrow.table({"image": list(PICTURES.values())[:4], "box": boxes, "tags": tags})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    run = await annotate(tmp_path / "t.parquet", keep_columns="box,tags")
    write(run.ledger, layouts_of("jsonl,imagefolder"), wishes_of(AnnotateSettings()))
    kept = pyarrow.parquet.read_table(tmp_path / "out" / "data")
    assert kept.schema.field("box").type == pyarrow.list_(pyarrow.float64())
    assert kept.column("box").to_pylist()[:3] == [[0.0, 1.5], [], None]
    assert kept.column("tags").to_pylist() == tags
    for name in ("captions.jsonl", "imagefolder/metadata.jsonl"):
        lines = [json.loads(line) for line in (tmp_path / "out" / name).read_text().splitlines()]
        assert [line["box"] for line in lines] == [[0.0, 1.5], [], None, [None, 2.0]]
        assert [line["tags"] for line in lines] == tags


async def test_two_columns_that_would_have_one_name_are_refused(annotate: Annotate, tmp_path: Path) -> None:
    """Of one of them the values would be lost without a word."""
    with pytest.raises(UsageError, match="the column 'key' is called 'key_kept' in the rows") as told:
        await annotate(tmp_path / "t.parquet", keep_columns="key,id,key_kept")
    assert told.value.code == "bad_value"
    assert not (tmp_path / "out" / "_scenescribe").exists()
