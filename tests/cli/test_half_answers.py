"""An answer that breaks off: what is said of it begins on its own line."""

from pathlib import Path
from typing import Any

import pytest
from stub_server import Stub, events

from pipeline.cli.answer_line import answer_line


def test_an_error_stands_below_half_an_answer(run: Any, film: Path) -> None:
    with Stub([], always=events("A grey", " wall", done=False)) as server:
        done = run("ask", film, "What is it?", "--engine", "openai", "--base-url", server.url, "--model", "tiny")
    assert (done.returncode, done.stdout) == (1, "A grey wall\n"), done.stderr
    assert done.stderr.splitlines()[-1].startswith("scenescribe: ")


@pytest.mark.parametrize(("pieces", "shown"), [([], ""), (["a line\n"], "a line\n"), (["half", ""], "half\n")])
def test_no_line_is_added_where_none_is_open(pieces: list[str], shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    def breaks_off() -> None:
        with answer_line() as line:
            for piece in pieces:
                line(piece)
            raise ValueError("cut")

    with pytest.raises(ValueError, match="cut"):
        breaks_off()
    assert capsys.readouterr().out == shown
