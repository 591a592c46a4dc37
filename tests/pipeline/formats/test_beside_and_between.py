"""What stands beside times, between cues and around their numbers in SRT and WebVTT: text, or what belongs to no text."""

import pytest

from pipeline import formats
from pipeline.types import Cue, Track

T1, T2 = "00:00:01,000 --> 00:00:02,000", "00:00:03,000 --> 00:00:04,000"
SRT = f"1\n{T1}\nOne\n\n2\n{T2}\nTwo\n"
VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\nOne\n\n00:03.000 --> 00:04.000\nTwo\n"
WHISPER = "[00:01.000 --> 00:02.000]  One\n[00:03.000 --> 00:04.000]  {}\n[00:10.000 --> 00:11.000]  Three\n"
LONG = "word " * 60


def read(name: str, text: str) -> tuple[list[str], list[str]]:
    parsed = formats.parse(name, text)
    assert [cue.start for cue in parsed.track.cues][:2] in ([1.0], [1.0, 3.0])
    return [cue.text for cue in parsed.track.cues], [notice.code for notice in parsed.notices]


@pytest.mark.parametrize(
    ("text", "wanted", "codes"),
    [
        (SRT.replace("2\n00", "\u200f2\n00"), ["One", "Two"], []),
        (SRT.replace("1\n00", "\u200e1\n00").replace("2\n00", "2\u200b\n00"), ["One", "Two"], []),
        (SRT.replace("1\n00", "1.\n00").replace("2\n00", "2.\n00"), ["One", "Two"], []),
        ("".join(f"\u202b{line}\u202c\n" if line else "\n" for line in SRT.splitlines()), ["One", "Two"], ["times_guessed"]),
        (SRT + "\n3\n", ["One", "Two"], []),
        (SRT + "\n3", ["One", "Two"], []),
        (SRT.replace("One", "1984"), ["1984", "Two"], []),
        (SRT.replace("Two", "1984"), ["One", "1984"], []),
        (f"{T1}\n1984\n\n{T2}\nTwo\n", ["1984", "Two"], []),
        (f"{T1}\nIn the year\n1984\n\n{T2}\nTwo\n", ["In the year\n1984", "Two"], []),
        (f"{T1}\n3\n\n{T2}\n2\n", ["3", "2"], []),
        (f"{T1}\nOne\n\n{T2}\nTwo\n\n1984\n", ["One", "Two\n1984"], []),
        (f"{T1}\nOne\n\n2\n{T2}\nTwo\n", ["One", "Two"], []),
        (SRT.replace("One", "One\u2028two\x0bthree\x85four"), ["One\ntwo\nthree\nfour", "Two"], []),
    ],
)
def test_numbers_of_cues_are_no_text_and_figures_in_a_text_are(text: str, wanted: list[str], codes: list[str]) -> None:
    assert read("srt", text) == (wanted, codes)


@pytest.mark.parametrize("text", ["3.", "\u200f5", "In the year\n1984.", "5\n6."])
def test_a_text_that_could_be_a_number_comes_back(text: str) -> None:
    track = Track(cues=(Cue(start=1.0, end=2.0, lines=tuple(text.split("\n"))), Cue(start=3.0, end=4.0, lines=("Two",))))
    for name in ("srt", "vtt", "ass"):
        assert read(name, formats.write(name, track)) == ([text, "Two"], [])


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("srt", SRT.replace("02,000\nOne", "02,000 - One, 5 men\n- Two"), ["- One, 5 men\n- Two", "Two"]),
        ("srt", SRT.replace("02,000\nOne", "02,000 X1:10 One\nmore"), ["One\nmore", "Two"]),
        ("srt", SRT.replace("02,000\nOne", "02,000 ٥ a：b\nmore"), ["٥ a：b\nmore", "Two"]),
        ("srt", SRT.replace("02,000\nOne", "02,000 " + LONG), [LONG.strip(), "Two"]),
        ("srt", SRT.replace("02,000\nOne", "02,000 a:" + "aa:" * 55 + "a x"), ["a:" + "aa:" * 55 + "a x", "Two"]),
        ("srt", SRT.replace("02,000\nOne", "02,000 " + "a:" * 500 + " x"), ["a:" * 500 + " x", "Two"]),
        ("srt", SRT.replace("02,000\nOne", "02,000 " + "line:1 " * 400_000 + "One"), ["One", "Two"]),
        ("srt", WHISPER.format(LONG), ["One", LONG.strip(), "Three"]),
        ("vtt", WHISPER.format(LONG), ["One", LONG.strip(), "Three"]),
        ("vtt", VTT.replace("02.000\nOne", "02.000 Hello"), ["Hello", "Two"]),
        ("vtt", VTT.replace("02.000\nOne", "02.000 align: start line:10%\tHello: you"), ["Hello: you", "Two"]),
        ("vtt", VTT.replace("02.000\nOne", "02.000 line:10% Hello\nOne"), ["Hello\nOne", "Two"]),
        ("vtt", VTT.replace("02.000\nOne", "02.000 " + LONG), [LONG.strip(), "Two"]),
    ],
)
def test_a_text_beside_the_times_is_read(name: str, text: str, wanted: list[str]) -> None:
    cues, codes = read(name, text)
    assert ["".join(cue.split()) for cue in cues] == ["".join(one.split()) for one in wanted]
    assert "times_guessed" in codes


@pytest.mark.parametrize(
    "settings", ["X1:100 X2:200 Y1:10 Y2:20", "align:start position:0%", "a:b c-d:e", "X1:100 " * 40, "X1: 100 X2 : 200"]
)
@pytest.mark.parametrize(("name", "text"), [("srt", SRT), ("vtt", VTT)])
def test_settings_beside_the_times_are_no_text(name: str, text: str, settings: str) -> None:
    head = text.partition("\nOne")[0]
    assert read(name, text.replace(head, f"{head} {settings}")) == (["One", "Two"], [])


def test_an_arrow_far_behind_in_a_long_line_is_text() -> None:
    line = f"{LONG}{T2}"
    assert read("srt", SRT.replace("One", line)) == ([line, "Two"], [])


@pytest.mark.parametrize(
    ("text", "wanted", "codes"),
    [
        (VTT + "\nlost", ["One", "Two"], ["cue_dropped"]),
        (VTT.replace("One\n\n", "One\n\nlost\nname\n"), ["One", "Two"], ["cue_dropped"]),
        (VTT.replace("One\n\n", "One\n\nname\n"), ["One", "Two"], []),
        (VTT.replace("\n", "\r\r\n"), ["One", "Two"], []),
        (VTT.replace("\n", "\n\n"), ["One", "Two"], []),
        (VTT.replace("One", "One\ntwo").replace("\n", "\n\n"), ["One\ntwo", "Two"], []),
        (VTT.replace(".000\n", ".000\n\n"), ["One", "Two"], []),
        (VTT.replace(".000\n", ".000\n\n").replace("One", "One\ntwo"), ["One\ntwo", "Two"], []),
        (VTT.replace(".000\nOne\n", ".000\n\n2\n\n"), ["Two"], []),
        (VTT.replace("One\n", "One\n \t \ntwo\n"), ["One\ntwo", "Two"], []),
        (VTT.replace("One\n\n", "One\n \n2\n"), ["One", "Two"], []),
        (VTT.replace("\n\n", "\n \n"), ["One", "Two"], []),
    ],
)
def test_blank_lines_in_webvtt(text: str, wanted: list[str], codes: list[str]) -> None:
    parsed = formats.parse("vtt", text)
    assert [cue.text for cue in parsed.track.cues] == wanted
    assert [notice.code for notice in parsed.notices] == codes


@pytest.mark.parametrize(
    ("line", "top"), [("10.33%", True), ("33.5%", False), ("0", True), ("0.0%,start", True), ("84.66%", False)]
)
def test_places_of_webvtt_in_parts_of_a_percent(line: str, top: bool) -> None:
    text = "WEBVTT\n\n" + "".join(f"00:0{n}.000 --> 00:0{n}.500 line:{line}\nText\n\n" for n in range(1, 4))
    assert formats.parse("vtt", text).track.position == ("top" if top else "bottom")
