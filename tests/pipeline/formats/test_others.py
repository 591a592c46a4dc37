"""Formats of other people that are read and not written: SBV, MicroDVD and its kin, LRC, SAMI; and TTML as others write it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.errors import InputError
from pipeline.formats._others import sami
from pipeline.subtitles import load

WANTED = [(1.0, 2.0, "One\ntwo"), (4.0, 6.0, "Three")]
SBV = "0:00:01.000,0:00:02.000\nOne\ntwo\n\n0:00:04.000,0:00:06.000\nThree\n"
DVD = "{1}{1}25\n{25}{50}One|two\n{100}{150}Three\n"
LRC = "[ti:A song]\n[00:01.00]One\n[00:01.00]two\n[00:02.00]\n[00:04.00]Three\n[00:06.00]\n"
SMI = """<SAMI><HEAD><STYLE TYPE="text/css"><!--
.KRCC {Name:Korean; lang:ko-KR; SAMIType:CC;}
.ENCC {Name:English; lang:en-US; SAMIType:CC;}
--></STYLE></HEAD><BODY>
<SYNC Start=1000><P Class=KRCC>One<br>two
<SYNC Start=2000><P Class=KRCC>&nbsp;
<SYNC Start=4000><P Class=KRCC>Three
<SYNC Start=6000><P Class=KRCC>&nbsp;
</BODY></SAMI>
"""
TTML = """<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand -->
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xml:lang="de" ttp:frameRate="25">
  <head><metadata><title>Not a cue</title></metadata></head>
  <body><div>
    <p begin="00:00:01.000" end="00:00:02.000">One<br/>two</p>
    <p begin="00:00:04.000" end="00:00:06.000">Three</p>
  </div></body>
</tt>
"""
Change = Callable[[str], str]


def read(name: str, text: str) -> tuple[list[tuple[float, float, str]], list[str]]:
    parsed = formats.parse(name, text)
    return [(round(c.start, 3), round(c.end, 3), c.text) for c in parsed.track.cues], [notice.code for notice in parsed.notices]


CASES: list[tuple[str, str, Change, list[str]]] = [
    ("sbv", SBV, lambda t: t, []),
    ("sbv", SBV, lambda t: t.replace("\n", "\r\n"), []),
    ("sbv", SBV, lambda t: t.replace("One\ntwo", "One[br]two"), []),
    ("sbv", SBV, lambda t: t.replace("0:00:04.000,0:00:06.000", "0:00:04, 0:00:06"), ["times_guessed"]),
    ("sbv", SBV, lambda t: "An advert\n\n" + t, ["cue_dropped"]),
    ("sbv", SBV, lambda t: t + "\n0:00:09.000,0:00:08.000\nX\n", ["cue_dropped"]),
    ("sub", DVD, lambda t: t, []),
    ("sub", DVD, lambda t: t.replace("{25}{50}", "{25}{50}{Y:i}{c:$0000ff}"), []),
    ("sub", DVD, lambda t: t.replace("{1}{1}25", "{0}{0}25.000"), []),
    ("sub", DVD, lambda t: t.replace("}25\n", "}25 fps\n"), []),
    ("sub", DVD, lambda t: t.replace("}25\n", "}25.00FPS\n"), []),
    ("sub", DVD, lambda t: t + "An advert\n", ["cue_dropped"]),
    ("sub", "[10][20]/One|/two\n[40][60]Three\n", lambda t: t, []),
    ("sub", "00:00:01.00,00:00:02.00\nOne[br]two\n\n00:00:04.00,00:00:06.00\nThree\n", lambda t: t, []),
    ("lrc", LRC, lambda t: t, []),
    ("lrc", LRC, lambda t: "[offset:500]\n" + t.replace(".00]", ".50]"), []),
    ("lrc", LRC, lambda t: t.replace("One", "<00:01.20>O<00:01.40>ne"), []),
    ("lrc", LRC, lambda t: t.replace("[00:01.00]", "[00:01:00]"), []),
    ("lrc", LRC, lambda t: t.replace("One", "O[00:01.40]n[00:01.60]e[00:01.80]"), []),
    ("lrc", LRC, lambda t: "An advert\n" + t, ["cue_dropped"]),
    ("smi", SMI, lambda t: t, []),
    ("smi", SMI, lambda t: t.replace("SYNC Start=", "sync START = '").replace("000>", "000' ID=x>").replace("<br>", "<BR/>"), []),
    ("smi", SMI, lambda t: t.replace("One", "<font color=red>O<i>ne</i>").replace("Three", "Thr&#101;e\n  "), []),
    ("smi", SMI, lambda t: t.replace("Three", "Three</P></SYNC>").replace(" Class=KRCC", ""), []),
    ("smi", SMI, lambda t: t.replace("<P Class=KRCC>&nbsp;\n</BODY></SAMI>\n", ""), []),
    ("smi", SMI, lambda t: t.replace("Three", "Three<P Class=ENCC>Third").replace("<br>", "<br />"), ["languages_left_out"]),
    ("smi", SMI, lambda t: t.replace("<SYNC Start=2", "<!-- <SYNC Start=1500><P Class=KRCC>No --><SYNC Start=2"), []),
    ("smi", SMI, lambda t: t.replace("One", "<!-- who -->O<!-- a > b -->ne").replace("Three", "Three<!-- "), []),
    ("smi", SMI, lambda t: t.replace("--></STYLE>", "</STYLE>").replace("Three", "<!-- a -->Three"), []),
    ("smi", SMI, lambda t: t + "<SYNC><P Class=KRCC>When?", ["cue_dropped"]),
    ("ttml", TTML, lambda t: t, []),
    ("ttml", TTML, lambda t: t.replace("<tt ", "<t:tt xmlns:t='x' ").replace("tt>", "t:tt>").replace("p>", "t:p>").replace("<p", "<t:p"), []),
    ("ttml", TTML, lambda t: t.replace('end="00:00:02.000"', 'dur="1s"').replace('begin="00:00:04.000"', 'begin="100f"'), []),
    ("ttml", TTML, lambda t: t.replace("00:00:02.000", "00:00:01:25").replace("00:00:06.000", "6000ms"), []),
    ("ttml", TTML, lambda t: t.replace('<p begin="00:00:04.000" end="00:00:06.000">', '</div><div begin="4s"><p dur="2s">'), []),
    ("ttml", TTML, lambda t: t.replace("<br/>", "\n  <br/>  "), []),
    ("ttml", TTML, lambda t: t.replace("Three", "<span>Th<span>re</span></span>e"), []),
    ("ttml", TTML, lambda t: t.replace("<p begin", "<p><span begin").replace("</p>", "</span></p>"), []),
    ("ttml", TTML, lambda t: t.replace("</div>", "<p>untimed</p></div>"), ["cue_dropped"]),
    ("ttml", TTML, lambda t: t.replace("</div>", "</dov>"), ["text_damaged"]),
    ("ttml", TTML, lambda t: t.replace("</div>", '</div><div xml:lang="en"><p begin="1s" end="2s">Other</p></div>'), ["languages_left_out"]),
    ("ttml", TTML, lambda t: t.replace("Three", '<span xml:lang="en">Three</span>').replace("<div", '<div xml:lang="de-AT"'), []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "change", "codes"), CASES)
def test_files_of_others(name: str, text: str, change: Change, codes: list[str]) -> None:
    assert read(name, change(text)) == (WANTED, codes)


def test_what_has_to_be_guessed_is_told() -> None:
    cues, codes = read("sub", "{24}{48}One|two\n{96}{144}Three\n")
    assert (cues[0][0], codes) == (1.001, ["rate_guessed"])
    cues, codes = read("lrc", LRC.removesuffix("[00:06.00]\n"))
    assert (cues[-1], codes) == ((4.0, 7.0, "Three"), ["times_guessed"])
    assert read("ttml", TTML.replace("</div>", '<p begin="8s" dur="long" end="9s">X</p></div>'))[1] == ["times_guessed"]
    # parts in several languages that follow on each other are one text
    behind = TTML.replace("</div>", '</div><div xml:lang="en"><p begin="8s" end="9s">Four</p></div>')
    cues, notices = read("ttml", behind)
    assert (cues[-1][-1], notices) == ("Four", [])
    cut = TTML[: TTML.index("</p>\n  </div>")]
    assert read("ttml", cut) == (WANTED[:1], ["text_damaged"])


def test_what_a_file_tells_of_itself(tmp_path: Path) -> None:
    track = formats.parse("dfxp", TTML).track
    assert (track.language, track.title) == ("de", "Not a cue")
    region = '<layout><region xml:id="r" tts:displayAlign="before"/></layout></head>'
    above = TTML.replace("<body>", '<body region="r">').replace("</head>", region)
    assert formats.parse("ttml", above.replace("<tt ", '<tt xmlns:tts="y" ')).track.position == "top"
    assert formats.parse("lrc", "[la:pl]\n" + LRC).track.language == "pl"
    assert formats.parse("sami", SMI).track.language == "ko-KR"
    for suffix, text in (("sbv", SBV), ("sub", DVD), ("dfxp", TTML), ("xml", TTML), ("lrc", LRC), ("ssa", SBV)):
        path = tmp_path / f"film.fr.{suffix}"
        path.write_text(text)
        loaded = load(path)
        assert [cue.start for cue in loaded.track.cues] == [1.0, 4.0]
        assert loaded.track.language == {"dfxp": "de", "xml": "de"}.get(suffix, "fr")


SRT = "1\n00:00:01,000 --> 00:00:02,000\nOne\ntwo\n\n2\n00:00:04,000 --> 00:00:06,000\nThree\n"
TEXTS = {"sbv": SBV, "sub": DVD, "lrc": LRC, "smi": SMI, "ttml": TTML, "srt": SRT}


@pytest.mark.parametrize("called", TEXTS)
@pytest.mark.parametrize("really", TEXTS)
def test_a_format_that_the_name_does_not_tell(called: str, really: str) -> None:
    assert read(called, TEXTS[really]) == (WANTED, [] if called == really else ["format_guessed"])


def test_xml_reads_no_entity_and_no_depth() -> None:
    bomb = '<!DOCTYPE tt [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + TTML.partition("?>")[2].replace("One", "&b;")
    outside = '<!DOCTYPE tt SYSTEM "file:///etc/passwd">' + TTML.partition("?>")[2]
    for text in (bomb, outside, "<tt>" + "<div>" * 100_000, "<html/>", '<tt xmlns="x">&#0;</tt>'):
        with pytest.raises(InputError) as caught:
            formats.parse("ttml", text)
        assert caught.value.code == "bad_subtitles"
        assert "aaaa" not in str(caught.value)
    assert read("ttml", TTML.replace("One", "One &lt; &eacute;&LT; & &unknown;"))[0][0][2] == "One < é< & &unknown;\ntwo"


def test_pictures_of_subtitles_are_called_so() -> None:
    with pytest.raises(InputError, match="VobSub"):
        formats.parse("sub", "\0\0\1\xba" + "x" * 100)


MARKS = (
    "[",
    "{",
    "{1}{2}",
    "[1][2]x\n",
    "[00:01.00]",
    "[00:01.00]x\n",
    "<",
    "<p ",
    "<sync start=1>",
    "<!--",
    "<P Class=",
    "<br/>",
    "&",
    "&#1;",
    "</",
    SBV,
    "\n",
    "|",
    "[br]",
)


@pytest.mark.parametrize("name", ["sbv", "sub", "lrc", "smi", "ttml"])
@pytest.mark.parametrize("mark", MARKS)
def test_many_of_a_delimiter_are_read_in_one_pass(name: str, mark: str) -> None:
    """Not timed: what is quadratic takes hours and meets the suite's own limit."""
    before = {"ttml": TTML.partition("One")[0], "sbv": SBV, "sub": DVD, "lrc": LRC, "smi": SMI}[name]
    for text in (mark * (200_000 // len(mark)), before + mark * (200_000 // len(mark))):
        assert only_this_refuses_it(name, text)


def only_this_refuses_it(name: str, text: str) -> bool:
    try:
        parsed = formats.parse(name, text)
    except InputError as error:
        return error.code == "bad_subtitles" and len(error.message) < 300
    return all(0 <= cue.start < cue.end and cue.lines for cue in parsed.track.cues)


@given(
    text=st.text(alphabet="<>&;/=\"'ptbdivsna[]{}0123456789:.,| \n", max_size=300),
    name=st.sampled_from(["sbv", "sub", "lrc", "smi", "ttml"]),
)
def test_any_text_is_read_or_refused(text: str, name: str) -> None:
    for whole in (text, TEXTS[name] + text, TTML.replace("One", text)):
        assert only_this_refuses_it(name, whole)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('<body timeContainer="seq"><div><p dur="1s">a</p></div><div><p dur="1s">b</p></div></body>', [(0, 1, "a"), (1, 2, "b")]),
        (
            '<body><div begin="10s" timeContainer="seq"><p dur="1s">a</p><p begin="1s" dur="2s">b</p><p end="3s">c</p></div></body>',
            [(10, 11, "a"), (12, 14, "b"), (14, 17, "c")],
        ),
        (
            '<body><div timeContainer="seq"><p begin="2s"><span dur="3s">a</span></p>{}</div></body>'.format(
                '<p timeContainer="seq"><span dur="1s">b</span><span dur="1s">c</span></p>'
            ),
            [(2, 5, "a"), (5, 6, "b"), (6, 7, "c")],
        ),
        ('<body timeContainer="par"><div><p dur="1s">a</p><p dur="2s">b</p></div></body>', [(0, 1, "a"), (0, 2, "b")]),
        (
            '<body timeContainer="seq"><div><p dur="1s">a</p></div><div><p>lost</p></div><p dur="1s">b</p></body>',
            [(0, 1, "a"), (1, 2, "b")],
        ),
    ],
)
def test_ttml_whose_parts_follow_on_each_other(body: str, wanted: list[tuple[float, float, str]]) -> None:
    read = formats.parse("ttml", f'<tt xmlns="http://www.w3.org/ns/ttml">{body}</tt>').track.cues
    assert [(cue.start, cue.end, cue.text) for cue in read] == wanted


def test_what_ends_all_classes_of_paragraphs_ends_those_alone_that_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product of SYNCs without a paragraph and of classes would be hours."""
    made: list[object] = []

    class Counted(sami._Moment):
        def __init__(self, *about: float) -> None:
            super().__init__(*about)
            made.append(self)

    monkeypatch.setattr(sami, "_Moment", Counted)
    many = "".join(f"<SYNC Start={n}><P Class=C{n}>x" for n in range(1000)) + "".join(
        f"<SYNC Start={n}>" for n in range(1000, 3000)
    )
    parsed = formats.parse("smi", f"<SAMI><BODY>{many}</BODY></SAMI>")
    assert [(cue.start, cue.end, cue.text) for cue in parsed.track.cues] == [(0.0, 1.0, "x")]
    assert [notice.code for notice in parsed.notices] == ["languages_left_out"]
    assert len(made) == 2000


@pytest.mark.parametrize(("name", "text"), [("sbv", SBV), ("sub", DVD), ("lrc", LRC), ("smi", SMI), ("ttml", TTML)])
@pytest.mark.parametrize("end", ["\u2028", "\x85", "\u2029"])
def test_a_line_break_that_ends_no_line_of_a_file_stands_in_a_text(name: str, text: str, end: str) -> None:
    cues, codes = read(name, text.replace("Three", f"Three{end}four"))
    assert (cues[-1][-1], codes) == ("Three\nfour", [])
