"""Events of ASS files as other programs and hands write them: none is lost without a word."""

import pytest

from pipeline import formats

HEAD = "[Script Info]\nTitle: x\n[V4+ Styles]\nStyle: Sign,Arial,20\n"
FORMAT = "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
ONE = "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{}\n"
TWO = "Dialogue: 0,0:00:04.00,0:00:06.00,Default,,0,0,0,,Two\n"
SHORT = "[Events]\nFormat: Start, End, Text\n"


def read(text: str) -> tuple[list[tuple[float, float, str]], list[str]]:
    parsed = formats.parse("ass", text)
    return [(cue.start, cue.end, cue.text) for cue in parsed.track.cues], [notice.code for notice in parsed.notices]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("One\u2028more", "One\nmore"),
        ("One\x0bmore\x85still", "One\nmore\nstill"),
        ("One\nmore", "One\nmore"),
        ("One\n\nmore, and\nNote: still", "One\nmore, and\nNote: still"),
        ("One\n; a comment\n", "One"),
        ("One\nComment: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,not shown\nnor this", "One"),
        ("One, and, more", "One, and, more"),
    ],
)
def test_what_an_event_says_is_all_read(text: str, wanted: str) -> None:
    assert read(f"{HEAD}[Events]\n{FORMAT}{ONE.format(text)}{TWO}[Fonts]\nfontname: a.ttf\n!!!\n") == (
        [(1.0, 2.0, wanted), (4.0, 6.0, "Two")],
        [],
    )


@pytest.mark.parametrize(
    ("events", "wanted", "codes"),
    [
        ("Format: Start, End, Text\nDialogue: 0:00:01.00,0:00:02.00,One\n", "One", ["header_missing"]),
        ("[Events]\nFormat: Start, End, Text, Style\nDialogue: 0:00:01.00,0:00:02.00,One, two,Default\n", "One, two", []),
        ("[Events]\nFormat: Text, Start, End\nDialogue: One, two,0:00:01.00,0:00:02.00\n", "One, two", []),
        (f"[Events]\n{FORMAT}Dialogue: 0,0:00:01.00,0:00:02.00,One\n", "One", []),
        (f"[Events]\n{FORMAT}Dialogue: 0,0:00:01.00,0:00:02.00,One, two\n", "One, two", []),
        (f"[Events]\n{FORMAT}Dialogue: 0,0:00:01.00,0:00:02.00,Default,One, two\n", "One, two", []),
        (f"[Events]\n{FORMAT}Dialogue: 0,0:00:01.00,0:00:02.00,*Sign,,0,0,One\n", "One", []),
    ],
)
def test_fields_that_are_missing_or_elsewhere(events: str, wanted: str, codes: list[str]) -> None:
    assert read(HEAD + events) == ([(1.0, 2.0, wanted)], codes)


def test_an_event_without_times_is_told() -> None:
    assert read(f"{HEAD}[Events]\n{FORMAT}{TWO}Dialogue: One\nDialogue:\n") == ([(4.0, 6.0, "Two")], ["cue_dropped"])
