"""JSON of nothing but brackets takes a hundred times its size in memory: it is refused before it is read."""

from pathlib import Path

import pytest

from pipeline.chapters.reading import read
from pipeline.errors import InputError
from pipeline.passes.json import from_text


def test_a_summary_of_brackets() -> None:
    with pytest.raises(InputError, match="more parts"):
        from_text('{"kind": "summary", "x": [' + "[]," * 2_000_001 + "[]]}")


def test_chapters_of_brackets(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"chapters": [' + "{}," * 200_000 + "{}]}")
    with pytest.raises(InputError, match="more parts"):
        read(tmp_path / "a.json")
