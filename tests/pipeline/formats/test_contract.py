"""What every format keeps; a new one is tested by being there."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import formats
from pipeline.errors import InputError, UsageError
from pipeline.formats.base import clock
from pipeline.types import Cue, Track

SPOKEN = Track(
    cues=(
        Cue(start=1.0, end=2.5, lines=("A man in a red coat", "walks across the street.")),
        Cue(start=3.0, end=4.2, lines=("猫が窓辺に座って、", "外を眺めている。")),
        Cue(start=36_061.5, end=36_064.0, lines=("مرحبا بالعالم 👨‍👩‍👧‍👦",)),
    ),
    language="pt-BR",
    title="Descriptions",
    width=1280,
    height=720,
)


@pytest.mark.parametrize("name", formats.names())
def test_writes_all_cues_as_utf8_and_is_deterministic(name: str) -> None:
    text = formats.write(name, SPOKEN)
    assert text == formats.write(name, SPOKEN)
    assert text.encode().decode() == text
    assert "\ufeff" not in text
    assert text.endswith("\n")
    for line in (line for cue in SPOKEN.cues for line in cue.lines):
        assert line in text, name


@pytest.mark.parametrize("name", formats.names())
def test_an_empty_track_is_a_file_too(name: str) -> None:
    text = formats.write(name, replace(SPOKEN, cues=()))
    assert "walks" not in text


@pytest.mark.parametrize("name", formats.names())
def test_reads_back_what_it_wrote_or_says_that_it_can_not(name: str) -> None:
    found = formats.find(name)
    if found.readable:
        back = formats.read(name, formats.write(name, SPOKEN))
        assert [(round(c.start, 2), round(c.end, 2), c.lines) for c in back.cues] == [
            (c.start, c.end, c.lines) for c in SPOKEN.cues
        ]
    elif name not in formats.READERS:
        with pytest.raises(UsageError) as caught:
            formats.read(name, "x")
        assert caught.value.code == "not_readable"


@pytest.mark.parametrize("name", [name for name in formats.names() if formats.find(name).readable])
@pytest.mark.parametrize("text", ["\x00\x01", "not a subtitle", "{}", "[1, 2]", "WEBVT", "<html>" * 100])
def test_noise_is_one_clear_error(name: str, text: str) -> None:
    with pytest.raises(InputError) as caught:
        formats.read(name, text)
    assert caught.value.code in ("bad_subtitles", "bad_json")
    assert len(caught.value.message) < 300


@pytest.mark.parametrize("name", [*formats.READERS, *(name for name in formats.names() if formats.find(name).readable)])
@pytest.mark.parametrize("text", ["", "\ufeff", " ", "\n", "\r", "\u2028", "WEBVTT", "\u2028WEBVTT"])
def test_nothing_is_an_empty_track_or_one_clear_error(name: str, text: str) -> None:
    with suppress(InputError):
        assert formats.read(name, text).cues == ()


@pytest.mark.parametrize("name", formats.names())
def test_one_file_a_format_with_its_suffix(name: str) -> None:
    assert (Path(formats.__file__).parent / f"{name}.py").exists()
    assert formats.suffix(name).startswith(".")
    assert formats.format_of(formats.suffix(name)) == name


def test_the_nearest_name_is_told() -> None:
    with pytest.raises(UsageError, match="did you mean 'srt'"):
        formats.write("srtt", SPOKEN)
    with pytest.raises(UsageError, match="did you mean 'ttml'"):
        formats.parse_names("srt,tml")
    assert formats.parse_names("vtt, SRT,vtt") == ("vtt", "srt")
    assert formats.parse_names("all") == tuple(formats.names())


def test_hours_grow() -> None:
    assert clock(360_000_000 + 61_001) == "100:01:01.001"


def test_position_and_kind_are_told_where_the_format_can() -> None:
    top = replace(SPOKEN, position="top", kind="subtitles")
    assert formats.read("vtt", formats.write("vtt", top)).position == "top"
    assert formats.read("ass", formats.write("ass", top)).position == "top"
    assert formats.read("vtt", formats.write("vtt", top)).kind == "subtitles"
    assert formats.read("vtt", formats.write("vtt", SPOKEN)).kind == "descriptions"
    assert formats.read("vtt", formats.write("vtt", SPOKEN)).language == "pt-BR"
    assert 'displayAlign="before"' in formats.write("ttml", top)


def test_markup_of_others_is_read_as_markup() -> None:
    srt = "1\n00:00:01,000 --> 00:00:02,000\n<i>Hello</i> {\\an8}there <3\n"
    assert formats.read("srt", srt).cues[0].lines == ("Hello there <3",)
    vtt = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Bob>Hello &amp; <b>bye</b>\n"
    assert formats.read("vtt", vtt).cues[0] == Cue(start=1.0, end=2.0, lines=("Hello & bye",))
    ass = formats.write("ass", SPOKEN) + "Dialogue: 0,0:00:09.00,0:00:10.00,Default,,0,0,0,,{\\i1}Hello{\\i0}\\Nthere\n"
    added = [cue for cue in formats.read("ass", ass).cues if cue.start == 9.0]
    assert added == [Cue(start=9.0, end=10.0, lines=("Hello", "there"))]


def test_a_table_is_no_program() -> None:
    track = replace(
        SPOKEN, cues=tuple(Cue(start=n, end=n + 1, lines=(text,)) for n, text in enumerate(["=1+1", "+1", "-1", "@A1", "＝1"]))
    )
    rows = formats.write("csv", track).splitlines()[1:]
    assert all(row.split(",", 2)[2].startswith("'") for row in rows)


def test_a_language_tag_is_no_way_into_the_header() -> None:
    evil = replace(SPOKEN, language="en\n\nNOTE x", title="a\nb")
    assert "NOTE" not in formats.write("vtt", evil)
    assert "Title: a b\n" in formats.write("ass", evil)
