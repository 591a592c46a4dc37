"""Expressions over others' text that have no bound of their own before them: five million of one delimiter are read once."""

import pytest

from pipeline.errors import InputError
from pipeline.live.bridge import _HIDDEN
from pipeline.media.streams import understood
from pipeline.passes.refine import parse

MARKS = (" ", "\t", "1", ".", ":", "a", "1.", "1. ", "://", "(", "([", "a.", "\u200b")


@pytest.mark.parametrize("mark", MARKS)
def test_five_megabytes_of_one_delimiter(mark: str) -> None:
    many = mark * (5_000_000 // len(mark))
    assert parse(f"1. a{many}b\n2. c", 2) == [f"a{many}b", "c"]
    assert parse(many, 1) == ([many.strip()[2:].strip()] if mark.startswith("1.") else None)
    assert _HIDDEN.sub("x", many) is not None
    for line in (many, f"  Stream #0:0: Video: h264 {many}", f"  Duration: {many}", f"displaymatrix: rotation of {many}"):
        try:
            found = understood(f"Input #0, mov, from 'x':\n{line}\n")
            assert found.start == 0
            assert [stream.tag for stream in found.streams] == [""] * len(found.streams)
        except InputError:
            continue


def test_a_number_of_thousands_of_digits_is_no_line_of_a_model() -> None:
    assert parse("9" * 5000 + ". a", 1) is None
