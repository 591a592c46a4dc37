"""Subtitle files as other people's programs write them: read as they are meant, and what was guessed is said."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from pipeline import formats
from pipeline.errors import InputError
from pipeline.formats._ass_events import spoken
from pipeline.formats._heads import Head, clock, head
from pipeline.types import Cue, Track

GOOD = "1\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\n00:00:04,000 --> 00:00:06,000\nTwo\n"
WANTED = [(1.0, 2.0, "One"), (4.0, 6.0, "Two")]


def read(name: str, text: str) -> tuple[list[tuple[float, float, str]], list[str]]:
    parsed = formats.parse(name, text)
    return [(c.start, c.end, c.text) for c in parsed.track.cues], [notice.code for notice in parsed.notices]


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (lambda t: t, []),
        (lambda t: t.replace("\n", "\r\n"), []),
        (lambda t: t.replace("\n", "\r"), []),
        (lambda t: t.replace("One\n", "One\r\n").replace("2\n", "2\r\r\n"), []),
        (lambda t: t.replace("\n\n", "\n"), []),
        (lambda t: t.replace(",", "."), []),
        (lambda t: "\ufeff" + t.replace("2\n00", "\ufeff2\n00"), []),
        (lambda t: t.replace("1\n00", "00").replace("2\n00", "00"), []),
        (lambda t: t.replace("1\n00", "1\n\n00"), []),
        (lambda t: t.replace("02,000\n", "02,000 X1:100 X2:200 Y1:10 Y2:20\n"), []),
        (lambda t: t.replace("00:00:04,000 --> 00:00:06,000", "00:00:04 --> 00:00:06"), ["times_guessed"]),
        (lambda t: t.replace("00:00:04,000 --> 00:00:06,000", "0:04,0 --> 0:06,0"), ["times_guessed"]),
        (lambda t: t.replace("00:00:01,000 --> 00:00:02,000", "00:01 -> 00:02"), ["times_guessed"]),
        (lambda t: t.replace("00:00:01,000 --> 00:00:02,000", "00;00;01;000 --> 00;00;02;000"), ["times_guessed"]),
        (lambda t: t.replace("00:00:01,000 --> 00:00:02,000", "00:00:01, 000 --> 00:00: 02,000"), ["times_guessed"]),
        (lambda t: t.replace("00:00:01,000 --> 00:00:02,000", "00:00:01:000 --> 00:00:02:000"), ["times_guessed"]),
        (lambda t: t.replace("00:00:01,000 --> 00:00:02,000", "00:00:01,000 —> 00:00:02,000"), ["times_guessed"]),
        (lambda t: t.replace("00:00:01,000 --> 00:00:02,000", "00:00:01,000 – –> 00:00:02,000"), ["times_guessed"]),
        (
            lambda t: t.replace("00:00:04,000 --> 00:00:06,000", "００：００：０４，０００ --> ００：００：０６，０００"),
            ["times_guessed"],
        ),
        (lambda t: t.replace("00:00:01,000 --> 00:00:02,000", "٠٠:٠٠:٠١٫٠٠٠ --> ٠٠:٠٠:٠٢،٠٠٠"), ["times_guessed"]),
        (lambda t: t.replace("00:00:01,000 --> 00:00:02,000", "००:००:०१,००० → ००:००:०२,०००"), ["times_guessed"]),
        (lambda t: t.replace("00:00:01,000 --> 00:00:02,000", "00∶00∶01‚000 --> 00∶00∶02‚000"), ["times_guessed"]),
        (
            lambda t: t.replace("00:00:01,000 --> 00:00:02,000", "\u202b00:00:01,000 --> 00:00:02,000\u202c"),
            ["times_guessed"],
        ),
        (lambda t: t.replace("00:00:01,000", "00:00:01,000000"), ["times_guessed"]),
        (lambda t: t.replace("04,000 --> 00", "04,000 --&gt; 00"), []),
        (lambda t: t.replace("04,000 --> 00", "04,000 - 00"), ["times_guessed"]),
        (lambda t: t.replace("04,000 --> 00", "04,000,00"), ["times_guessed"]),
        (lambda t: t.replace("04,000 --> 00", "04,000 to 00"), ["times_guessed"]),
        (lambda t: t.replace("04,000 --> 00", "04,000   00"), ["times_guessed"]),
        (lambda t: t.replace("06,000\nTwo", "06,000 Two"), ["times_guessed"]),
        (lambda t: t.replace("00:00:04,000 --> 00:00:06,000", "[00:00:04.000 --> 00:00:06.000]"), ["times_guessed"]),
        (lambda t: "[00:01.000 --> 00:02.000]  One\n[00:04.000 --> 00:06.000]  Two\n", ["times_guessed"]),
        (lambda t: t.replace("00:00:01,000 --> 00:00:02,000", "00.00.01,000 --> 00.00.02,000"), ["times_guessed"]),
        (lambda t: t.replace("00:00:04,000 --> 00:00:06,000", "00.00.04.000 -> 00.00.06.000"), ["times_guessed"]),
        (lambda t: t.replace("00:00:04,000 --> 00:00:06,000", "00.00.04.000 – 00.00.06.000"), ["times_guessed"]),
        (lambda t: t.replace("00:00:04,000 --> 00:00:06,000", "0:04 – 0:06"), ["times_guessed"]),
        (
            lambda t: t.replace("00:00:04,000 --> 00:00:06,000", "００：００：０４，０００ －－＞ ００：００：０６，０００"),
            ["times_guessed"],
        ),
        (lambda t: "Some site's advert\n\n" + t, ["cue_dropped"]),
    ],
)
def test_srt_of_others(change: Callable[[str], str], codes: list[str]) -> None:
    assert read("srt", change(GOOD)) == (WANTED, codes)


@pytest.mark.parametrize("fraction", ["5", "50"])
@pytest.mark.parametrize(
    "times", ["00:00:01,{} --> 00:00:02,000", "00:00:00,000 --> 00:00:01.{}", "0:0:1,{0} --> 00:00:02,{0} X1:1 X2:500"]
)
def test_fractions_of_few_figures_are_tenths_and_hundredths_and_told(times: str, fraction: str) -> None:
    """Some players take them for thousandths. ASS, TTML and LRC have figures of their own, which are no guess."""
    (first, _), codes = read(
        "srt", GOOD.replace("00:00:01,000 --> 00:00:02,000", times.format(fraction)).replace("One\n\n", "One\n")
    )
    assert 1.5 in first[:2]
    assert codes == ["times_guessed"]
    assert read("ass", ASS)[1] == []


TEXTS_LIKE_HEADS = (
    "(1939–1945) The war",
    "Berlin\n(1939–1945) The war",
    "Berlin\n1939–1945",
    "[0:12–0:15] A car",
    "A car\n[0:12 → 0:15]",
    "Chapters\n7 – 9",
    "7\n8 – 9",
    "[0:01 -> 0:02] seen",
)


@pytest.mark.parametrize("text", TEXTS_LIKE_HEADS)
@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_years_pages_and_times_in_a_text_begin_no_cue(name: str, text: str) -> None:
    there = GOOD.replace("One", text)
    if name == "vtt":
        there = "WEBVTT\n\n" + there.replace(",", ".")
    assert read(name, there) == ([(1.0, 2.0, text), WANTED[1]], [])


@pytest.mark.parametrize("name", ["srt", "vtt", "ass", "ttml", "json"])
@pytest.mark.parametrize(
    "text", [*TEXTS_LIKE_HEADS, "A sign\nWEBVTT", "It says\n5\n0:01 → 0:02", "[00:01.000 --> 00:02.000] seen"]
)
def test_what_we_write_of_such_a_text_is_read_as_it_was(name: str, text: str) -> None:
    track = Track(cues=(Cue(start=1.0, end=4.0, lines=tuple(text.split("\n"))), Cue(start=5.0, end=6.0, lines=("Two",))))
    assert [(cue.start, cue.text) for cue in formats.read(name, formats.write(name, track)).cues] == [(1.0, text), (5.0, "Two")]


@pytest.mark.parametrize(
    ("head", "cues", "codes"),
    [
        ("00:00:02,500 --> 00:00:02,500", WANTED, ["cue_dropped"]),
        ("00:00:03,000 --> 00:00:02,500", WANTED, ["cue_dropped"]),
        ("-00:00:03,000 --> -00:00:02,500", WANTED, ["cue_dropped"]),
        ("00:00:xx,000 --> 00:00:03,000", WANTED, ["cue_dropped"]),
        ("00:00:02,500 -->", [WANTED[0], (2.5, 4.0, "X"), WANTED[1]], ["times_guessed"]),
        ("-00:00:00,500 --> 00:00:00,500", [(0.0, 0.5, "X"), *WANTED], ["times_guessed"]),
    ],
)
@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_cues_that_cannot_be_are_told(name: str, head: str, cues: list[tuple[float, float, str]], codes: list[str]) -> None:
    text = GOOD.replace("2\n00", f"2\n{head}\nX\n\n3\n00")
    if name == "vtt":
        text = "WEBVTT\n\n" + text.replace(",", ".")
    assert read(name, text) == (cues, codes)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("srt", "1\n00:00:05,000 --> 00:00:03,000\nOne\n"),
        ("srt", "1\n00:00:xx,000 --> 00:00:yy,000\nOne\n\n2\n00:00:05,000 --> 00:00:05,000\nTwo\n"),
        ("vtt", "WEBVTT\n\n00:05.000 --> 00:03.000\nOne\n"),
        ("ass", "[Events]\nFormat: Start, End, Text\nDialogue: 0:00:05.00,0:00:03.00,One\n"),
        ("sbv", "0:00:05.000,0:00:03.000\nOne\n"),
    ],
)
def test_a_file_of_which_nothing_can_be_shown_is_refused(name: str, text: str) -> None:
    """An empty file would be written, and called done."""
    with pytest.raises(InputError, match="nothing of this file can be shown") as caught:
        formats.parse(name, text)
    assert caught.value.code == "bad_subtitles"


def test_an_arrow_in_a_text_is_no_head() -> None:
    text = GOOD.replace("One", "Paris 10:30 -> 11:45 Lyon\n2 --> 3 steps")
    assert read("srt", text) == ([(1.0, 2.0, "Paris 10:30 -> 11:45 Lyon\n2 --> 3 steps"), WANTED[1]], [])


def test_overlapping_and_unordered_cues_stay() -> None:
    text = "1\n00:00:04,000 --> 00:00:09,000\nB\n\n2\n00:00:01,000 --> 00:00:06,000\nA\n"
    assert read("srt", text) == ([(1.0, 6.0, "A"), (4.0, 9.0, "B")], [])


VTT = "WEBVTT\n\n00:01.000 --> 00:02.000\nOne\n\n00:04.000 --> 00:06.000\nTwo\n"


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (lambda t: t, []),
        (lambda t: t.replace("\n", "\r\n"), []),
        (lambda t: t.replace("\n", "\r"), []),
        (lambda t: t.replace("WEBVTT\n", "WEBVTT - a title\nKind: captions\nLanguage: en\n"), []),
        (lambda t: t.replace("WEBVTT\n", "WEBVTT\n\nSTYLE\n::cue { color: red }\n\nNOTE\nabout --\nmore\n\nREGION\nid:a\n"), []),
        (lambda t: t.replace("00:04", "a name\n00:04"), []),
        (lambda t: t.replace("02.000", "02.000 line:90% align:start"), []),
        (lambda t: t.removeprefix("WEBVTT\n\n"), ["header_missing"]),
        (lambda t: t.replace(".", ","), ["times_guessed"]),
        (lambda t: t.replace("00:01.000", "0:01.000"), ["times_guessed"]),
        (lambda t: t.replace("One\n\n", "One\n"), []),
        (lambda t: t.replace("One\n\n", "One\n2\n"), []),
        (lambda t: t.replace("One\n\n", "One\n\nlost\nlines\n\n"), ["cue_dropped"]),
        (lambda t: t.replace("\n\n00:04", "\n\nWEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n00:04"), []),
        (lambda t: t.replace("\n\n00:04", "\nWEBVTT\n\n00:04"), []),
        (lambda t: t.replace("\n\n00:04", "\n\ufeffWEBVTT\nKind: captions\n\n00:04"), []),
    ],
)
def test_vtt_of_others(change: Callable[[str], str], codes: list[str]) -> None:
    assert read("vtt", change(VTT)) == (WANTED, codes)


ASS = """[Script Info]
Title: x
[V4+ Styles]
Style: Default,Arial,20
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,One
Dialogue: 0,0:00:04.00,0:00:06.00,Default,,0,0,0,,Two
"""


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (lambda t: t, []),
        (lambda t: t.replace("\n", "\r\n"), []),
        (lambda t: t.replace("V4+", "V4").replace("Layer", "Marked").replace("Dialogue: 0", "Dialogue: Marked=0"), []),
        (lambda t: t.replace("Format: Layer, Start", "X: Layer, Start"), []),
        (lambda t: t.replace("[Events]\n", ""), ["header_missing"]),
        (lambda t: t.replace("One", r"{\i1}One{\i0}").replace("Two", r"{\k20}T{\k10}wo"), []),
        (lambda t: t.replace("One", r"{\p1}m 0 0 l 100 0 100 100{\p0}One"), ["drawing_left_out"]),
        (lambda t: t + "Dialogue: 0,0:00:07.00,0:00:08.00,Default,,0,0,0,,{\\an7\\p2}m 0 0 l 9 9\n", ["drawing_left_out"]),
        (lambda t: t + "Comment: 0,0:00:07.00,0:00:08.00,Default,,0,0,0,,not shown\n", []),
        (lambda t: t + "Dialogue: 0,0:00:08.00,0:00:08.00,Default,,0,0,0,,X\n", ["cue_dropped"]),
        (lambda t: t + "Dialogue: 0,nonsense,0:00:08.00,Default,,0,0,0,,X\n", ["cue_dropped"]),
        (lambda t: t.replace("0:00:01.00", "0:00:01"), ["times_guessed"]),
    ],
)
def test_ass_of_others(change: Callable[[str], str], codes: list[str]) -> None:
    assert read("ass", change(ASS)) == (WANTED, codes)


def test_drawings_and_blocks() -> None:
    assert spoken(r"a{\pos(1,2)}b{\pbo3}c") == ("abc", False)
    assert spoken(r"a{\p1}m 0 0{\an8}l 1 1{\p0\i1}b") == ("ab", True)
    assert spoken(r"a\{b\}c{open") == (r"a\{b\}c{open", False)
    assert spoken(r"{\p1}{\p0}") == ("", False)


MARKS = {
    "srt": [
        "{",
        "{\\",
        "<",
        "<i",
        "</",
        "-->",
        "->",
        " ",
        "1\n",
        "\n",
        "\r\n",
        "00:",
        "00:00:01,000 --> ",
        "<|",
        "\u2060",
        "\u0301",
        "\ufeff",
    ],
    "vtt": ["<", "<c.", "&", "&#1", "&#1;", "-->", " ", "\n", "00:", "00:01.000 --> ", "NOTE\n", "line:", "<|<|", "WEBVTT\n"],
    "ass": ["{", "}", "{}", "\\{", "{\\p1}", "\\p", ",", ":", "[", "\\N", "Dialogue: ", "Format: ", "Style: Default,", "\n"],
    "json": ["{", "[", "[]", '"', "\\", ",", "1", "[{", "-", " ", "\n"],
    "ttml": ["<", "</", "<p>", "&", "&#x", "<!--", "<![CDATA[", "<?", 'a="', " "],
    "sub": ["{", "{}", "{1}{2}", "{y:b}", "|", "/", "[", "[1][2]", "\n", " "],
    "lrc": ["[", "[]", "[00:", "[00:01.00]", "<", "[ti:", "\n", "1"],
    "sbv": ["0:", "0:00:01.000,", ",", "\n", " "],
    "smi": ["<", "</", "<SYNC Start=1>", "<P>", "&", "&#1", "<!--", "=", '"', " "],
}
BEFORE = {
    "srt": "00:00:01,000 --> 00:00:02,000\n",
    "vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\n",
    "ass": ASS.rpartition("Two")[0],
    "json": '{"schema_version": 1, "a": "',
    "ttml": '<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="3s" end="4s">',
    "sub": "{1}{25}",
    "lrc": "[00:01.00]",
    "sbv": "0:00:01.000,0:00:02.000\n",
    "smi": "<SAMI><BODY><SYNC Start=2000><P>",
}


@pytest.mark.parametrize(("name", "mark"), [(name, mark) for name, marks in MARKS.items() for mark in marks])
def test_five_megabytes_of_a_delimiter_are_read_in_one_pass(name: str, mark: str) -> None:
    """Not timed: what is quadratic takes hours and meets the suite's own limit."""
    many = mark * (5_000_000 // len(mark))
    for text in (many, BEFORE[name] + many):
        error = refused(name, text)
        assert error is None or (error.code in ("bad_subtitles", "bad_json") and len(error.message) < 300)


def refused(name: str, text: str) -> InputError | None:
    try:
        formats.parse(name, text)
    except InputError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("srt", "1\n00:00:01,000 --> 00:00:02,000\nA\n\n" * 300_000),
        ("vtt", "WEBVTT\n\n" + "00:01.000 --> 00:02.000\nA\n\n" * 300_000),
        ("ass", ASS + "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,A\n" * 300_000),
    ],
)
def test_more_cues_than_any_film_has_are_one_line(name: str, text: str) -> None:
    with pytest.raises(InputError, match="at most 200,000") as caught:
        formats.parse(name, text)
    assert caught.value.code == "bad_subtitles"


YOUTUBE = """WEBVTT
Kind: captions
Language: en

00:00:00.000 --> 00:00:02.000 align:start position:0%
_
hello<00:00:00.400><c> this</c><00:00:00.800><c> is</c>

00:00:02.000 --> 00:00:02.010 align:start position:0%
hello this is
_

00:00:02.010 --> 00:00:04.000 align:start position:0%
hello this is
the<00:00:02.400><c> second</c>

"""


def test_a_line_of_spaces_ends_no_cue() -> None:
    parsed = formats.parse("vtt", YOUTUBE.replace("_", " "))
    assert [cue.text for cue in parsed.track.cues] == ["hello this is", "hello this is", "hello this is\nthe second"]
    assert parsed.notices == ()


def test_a_text_that_no_times_stand_above_is_told() -> None:
    parsed = formats.parse("vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nOne\n\nlost\n\n00:03.000 --> 00:04.000\nTwo\n")
    assert [notice.code for notice in parsed.notices] == ["cue_dropped"]
    named = formats.parse("vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nOne\n\nintro\n00:03.000 --> 00:04.000\nTwo\n")
    assert (len(named.track.cues), named.notices) == (2, ())


TEXTS = {
    "srt": "1\n00:00:01,000 --> 00:00:02,000\nOne\n",
    "vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\nOne\n",
    "ass": "[Script Info]\n\n[Events]\nFormat: Start, End, Text\nDialogue: 0:00:01.00,0:00:02.00,One\n",
}


@pytest.mark.parametrize("called", TEXTS)
@pytest.mark.parametrize("really", TEXTS)
def test_a_format_that_the_name_does_not_tell(called: str, really: str) -> None:
    parsed = formats.parse(called, TEXTS[really])
    assert [(cue.start, cue.end, cue.text) for cue in parsed.track.cues] == [(1.0, 2.0, "One")]
    assert bool(parsed.notices) == (called != really)


@pytest.mark.parametrize("tag", [r"{\an8}", r"{\an7\i1}", r"{\a6}"])
@pytest.mark.parametrize("form", ["srt", "ass"])
def test_texts_that_ask_for_the_top_are_at_the_top(form: str, tag: str) -> None:
    def track(*tags: str) -> Track:
        if form == "srt":
            return formats.read(
                "srt", "\n".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{one}Text\n" for n, one in enumerate(tags))
            )
        head = "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        return formats.read(
            "ass", head + "".join(f"Dialogue: 0,0:00:0{n}.00,0:00:0{n}.90,D,,0,0,0,,{one}Text\n" for n, one in enumerate(tags))
        )

    assert track(tag, tag, "").position == "top"
    assert track(tag, "", "").position == "bottom"
    assert track(r"{\an2}", r"{\an18}", r"{\a1}").position == "bottom"
    assert [cue.text for cue in track(tag, tag).cues] == ["Text", "Text"]


PLACED = {
    "srt": "1\n00:00:01,000 --> 00:00:02,000\nLow\n\n2\n00:00:03,000 --> 00:00:04,000\n{\\an8}High\n\n3\n00:00:05,000 --> 00:00:06,000\nLow\n",
    "vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\nLow\n\n00:03.000 --> 00:04.000 line:0\nHigh\n\n00:05.000 --> 00:06.000 line:-1\nLow\n",
    "ass": "[V4+ Styles]\nFormat: " + ",".join(["x"] * 23) + "\nStyle: Sign," + ",".join(["0"] * 17) + ",8,0,0,0,0\n[Events]\n"
    "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,Low\nDialogue: 0,0:00:03.00,0:00:04.00,Sign,,0,0,0,,High\n"
    "Dialogue: 0,0:00:05.00,0:00:06.00,Sign,,0,0,0,,{\\an2}Low\n",
    "ttml": '<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling"><head><layout>'
    '<region xml:id="t" tts:displayAlign="before"/><region xml:id="b" tts:displayAlign="after"/></layout></head><body><div>'
    '<p region="b" begin="1s" end="2s">Low</p><p region="t" begin="3s" end="4s">High</p><p region="b" begin="5s" end="6s">Low</p>'
    "</div></body></tt>",
}  # fmt: skip


@pytest.mark.parametrize("written", [None, *PLACED])
@pytest.mark.parametrize("read", PLACED)
def test_one_cue_on_top_stays_there_alone(read: str, written: str | None) -> None:
    track = formats.read(read, PLACED[read])
    if written is not None:
        track = formats.read(written, formats.write(written, track))
    assert [(cue.text, track.on_top(cue)) for cue in track.cues] == [("Low", False), ("High", True), ("Low", False)]
    for place in ("top", "bottom"):
        moved = track.placed(place)  # type: ignore[arg-type]
        assert [moved.on_top(cue) for cue in moved.cues] == [place == "top"] * 3


@pytest.mark.parametrize("written", PLACED)
def test_most_cues_on_top_and_one_below(written: str) -> None:
    low, high = Cue(start=1, end=2, lines=("Low",)), Cue(start=3, end=4, lines=("High",), top=True)
    track = Track(cues=(low, high, replace(high, start=5, end=6)), kind="subtitles")
    again = formats.read(written, formats.write(written, track))
    assert again.position == "top"
    assert [again.on_top(cue) for cue in again.cues] == [False, True, True]


@pytest.mark.parametrize(
    "times", ["00:00:01,000", "23:59:59.999", "123456:07:08,009", "00:60:00,001", "00:00:99,500", "1:02:03,500"]
)
def test_heads_as_nearly_all_are_written_have_the_times_of_any_other(times: str) -> None:
    """They are read at once, by a way of their own."""
    found = head(f"{times} --> {times}", re.compile(""), alone=False)
    assert found == Head(clock(times), clock(times))
    assert head(f"{times} --> {times}", re.compile("(?!)"), alone=False) is None, (
        "what the format does not know is no head of its own"
    )


def test_what_is_only_like_times_stays_text() -> None:
    said = "1\n00:00:01,000 --> 00:00:02,000\nfrom 10:00:00,0 - 11:00:00,0 it rains\n\n2\n00:00:03,000 --> 00:00:04,000 X1:10 X2:20\n\n3\n"
    cues, _ = read("srt", said + "00:00:05,000 --> 00:00:06,000 align:start\nThree\n")
    assert cues[0][2] == "from 10:00:00,0 - 11:00:00,0 it rains"
    assert [text for *_, text in cues[1:]] in (["Three"], ["", "Three"])
