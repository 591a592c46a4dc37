"""What is a tag or a character reference in other people's subtitles, and what is their text."""

import pytest

from pipeline import formats
from pipeline.types import Cue, Track

SAYS = [
    ("Tom &amp; Jerry", "Tom & Jerry"),
    ("&lt;3 &gt; 2, it&#39;s &quot;x&quot; &#x27;y&#X27;", "<3 > 2, it's \"x\" 'y'"),
    ("caf&eacute;&nbsp;noir", "café noir"),
    ("AT&T, ?a=1&copy=2 &amp;lt; &nosuch; &#;", "AT&T, ?a=1&copy=2 &lt; &nosuch; &#;"),
    ("one&#10;line", "one line"),
]
TAGS = [
    ("a<b & c>d", "a<b & c>d"),
    ("if a <b then c> d", "if a <b then c> d"),
    ("<u and v> <s > t", "<u and v> t"),
    ("<b>x</b> <I >y</I> <s/><i class='q'>z</i> <font color=red size=2>r</font>", "x y z r"),
    ('<font color="red>r</font>', "r"),
    ("&lt;i&gt;not a tag&lt;/i&gt;", "<i>not a tag</i>"),
    ("<3 <foo> < b> <-", "<3 <foo> < b> <-"),
    ("{\\an2}{note} x", "{note} x"),
]


def of(form: str, text: str) -> list[str]:
    head = {
        "srt": f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n",
        "sbv": f"0:00:01.000,0:00:02.000\n{text}\n",
        "sub": f"{{25}}{{50}}{text}\n",
        "vtt": f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}\n",
    }[form]
    (cue,) = formats.parse(form, head).track.cues
    return list(cue.lines)


@pytest.mark.parametrize("form", ["srt", "sbv", "sub"])
@pytest.mark.parametrize(("written", "read"), SAYS)
def test_character_references_are_the_signs_that_they_name(form: str, written: str, read: str) -> None:
    assert of(form, written) == [read]


@pytest.mark.parametrize(("written", "read"), TAGS)
def test_only_tags_that_srt_has_are_tags(written: str, read: str) -> None:
    assert of("srt", written) == [read]


def test_a_break_parts_lines_and_a_line_of_nothing_is_none() -> None:
    assert of("srt", "one<br>two<BR />three<br/>") == ["one", "two", "three"]
    assert of("srt", "one\n&nbsp;\ntwo") == ["one", "two"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<3 of them> < 5 >", "<3 of them> < 5 >"),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rt.loud>じ</ruby>だ", "漢字だ"),
        ("<rt>no ruby</rt>", "no ruby"),
        ("<c.red>a</c> <00:00:01.500>b <v Ann>c</> <>d", "a b c d"),
    ],
)
def test_what_is_no_tag_of_webvtt_is_text(written: str, read: str) -> None:
    assert of("vtt", written) == [read]


@pytest.mark.parametrize("form", ["srt", "vtt", "ass"])
@pytest.mark.parametrize("text", ["&amp; &lt;i&gt; &#39;", "a<b & c>d", "<br>", "&nbsp;x", "&amp;amp;"])
def test_a_text_that_has_them_comes_back_as_it_was(form: str, text: str) -> None:
    """A player that reads references does not find any in ours."""
    track = Track(cues=(Cue(start=1.0, end=2.0, lines=(text,)),), language="en", kind="subtitles")
    written = formats.write(form, track)
    assert formats.parse(form, written).track.cues[0].lines == (text,)
    if form == "srt":
        assert text not in written
