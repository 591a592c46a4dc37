"""Tables: nothing in them is ever broken."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE
from rich.cells import cell_len

from models.presets import names, preset
from pipeline.cli import table

WORD = st.text(st.characters(categories=("L", "N"), include_characters="-./"), min_size=1, max_size=40)


@given(st.lists(st.tuples(WORD, WORD, WORD), min_size=1, max_size=6), st.none() | st.integers(20, 120))
def test_every_field_stands_whole_on_one_line(rows: list[tuple[str, str, str]], width: int | None) -> None:
    made = table.lines(("film", "state", "took"), rows, width=width, right=frozenset({"took"}))
    for row in rows:
        for field in row:
            assert any(field in line for line in made)


@given(st.lists(st.tuples(WORD, WORD, WORD), min_size=1, max_size=6))
def test_columns_stand_below_each_other_in_wide_characters_too(rows: list[tuple[str, str, str]]) -> None:
    made = table.lines(("film", "state", "took"), rows, right=frozenset({"took"}))
    assert len({cell_len(line) for line in made}) == 1, "the last column is flush right"


@pytest.mark.parametrize("width", [40, 80])
def test_the_ids_of_models_are_whole_in_a_pipe(width: int) -> None:
    line = [sys.executable, "-m", "pipeline.cli", "models"]
    done = subprocess.run(
        line, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": str(width)}, timeout=PATIENCE
    )
    rows = done.stdout.splitlines()
    assert len(rows) == 1 + len(list(names())), "one line a preset"
    assert [row.split()[-1] for row in rows[1:]] == [preset(name).id for name in names()]


def test_a_narrow_terminal_has_the_fields_below_the_name() -> None:
    made = table.lines(("name", "memory", "id"), [("llava-1.5-7b", "22 GiB", "llava-hf/llava-1.5-7b-hf")], width=40)
    assert made == ["llava-1.5-7b", "  memory 22 GiB", "  id llava-hf/llava-1.5-7b-hf"]


def test_a_long_name_among_short_ones_stands_above_its_row() -> None:
    rows = [
        ("films/a.mp4", "done", "0:16"),
        ("films/a lecture of the autumn term.mp4", "failed", ""),
        ("films/b.mp4", "done", "0:09"),
    ]
    assert table.lines(("film", "state", "length"), rows, width=44, right=frozenset({"length"})) == [
        "film         state   length",
        "films/a.mp4  done      0:16",
        "films/a lecture of the autumn term.mp4",
        "             failed",
        "films/b.mp4  done      0:09",
    ]


def test_a_name_with_control_characters_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    table.show(("name", "id"), [("llava\x1b]52;c;aGk=\x07", "a\u202eb\nc")])
    assert capsys.readouterr().out.splitlines() == ["name                     id", r"llava\x1b]52;c;aGk=\x07  a\u202eb\nc"]
