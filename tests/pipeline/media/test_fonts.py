"""Whether the font that was asked for is the one that is drawn with, from what libass says."""

import os
from pathlib import Path

import pytest

from pipeline.formats.ass import Style
from pipeline.media import fonts
from pipeline.media.fonts import _stand_in, installed_fonts
from pipeline.media.run import Ended

SAID = "[Parsed_subtitles_0 @ 0x55] fontselect: ({}, 400, 0) -> /usr/share/fonts/{}.ttf, 0, {}"


@pytest.mark.parametrize(
    ("asked", "drawn", "named"),
    [
        ("Nope", "NotoSans-Regular", True),
        ("Arial", "LiberationSans", True),
        ("Noto Sans", "NotoSans-Regular", False),
        ("DejaVu Sans Mono", "DejaVuSansMono", False),
        ("Sans", "NotoSans-Regular", False),
    ],
)
def test_another_family_than_the_one_that_was_asked_for_is_named(asked: str, drawn: str, named: bool) -> None:
    ended = Ended(status=0, messages=["frame=1", SAID.format(asked, drawn, drawn), SAID.format("Other", "Other", "Other")])
    notices = _stand_in(ended, Style(font=asked))
    assert [notice.code for notice in notices] == ["no_font"] * named
    assert all(drawn in notice.message and asked in notice.message for notice in notices)


def test_nothing_is_said_where_libass_says_nothing() -> None:
    assert _stand_in(Ended(status=0), Style(font="Nope")) == ()


def test_fonts_that_are_packages_alone_count_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container that has no others doctor said that burned text would be boxes, and it was not."""
    pytest.importorskip("manimgx_fonts", reason="the extra fonts is not installed")
    monkeypatch.setattr(Path, "is_dir", lambda place: "manimgx_fonts" in os.fspath(place))
    assert installed_fonts() > 10
    monkeypatch.setattr(fonts, "PACKAGES", ())
    assert installed_fonts() == 0
