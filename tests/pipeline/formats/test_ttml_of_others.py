"""TTML that is a little off the standard, and what in a paragraph is no line of its text."""

from pathlib import Path

import pytest

from pipeline import formats
from pipeline.subtitles import load

NAMES = 'xmlns="http://www.w3.org/ns/ttml" xmlns:tts="s" xmlns:ttm="m" xmlns:ttp="p"'
SMPTE = 'ttp:timeBase="smpte" ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001"'


def read(body: str, about: str = "", head: str = "") -> tuple[list[tuple[float, float, str]], list[str]]:
    text = f"<tt {NAMES} {about}><head><layout>{head}</layout></head><body><div>{body}</div></body></tt>"
    parsed = formats.parse("ttml", text)
    return [(round(c.start, 3), round(c.end, 3), c.text) for c in parsed.track.cues], [notice.code for notice in parsed.notices]


@pytest.mark.parametrize(
    ("begin", "end", "about", "times"),
    [
        ("9:59:58.000", "10:00:02.000", "", (35_998.0, 36_002.0)),
        ("0:00:01.500", "0:00:02", "", (1.5, 2.0)),
        ("00:01.5", "00:02", "", (1.5, 2.0)),
        ("1.5", "2", "", (1.5, 2.0)),
        ("1,5s", "2 s", "", (1.5, 2.0)),
        ("0:00:01:12", "0:00:02:00", 'ttp:frameRate="24"', (1.5, 2.0)),
        ("1:00:00:00", "1:00:01:00", SMPTE, (3603.6, 3604.601)),
        ("0:01.0", "00:02", SMPTE, (1.0, 2.002)),
    ],
)
def test_times_that_are_a_little_off(begin: str, end: str, about: str, times: tuple[float, float]) -> None:
    assert read(f'<p begin="{begin}" end="{end}">A dog</p>', about) == ([(*times, "A dog")], ["times_guessed"])


@pytest.mark.parametrize("begin", ["soon", "-1", "wallclock(2026-01-01)", "1:2:3:4:5", "1" * 5000])
def test_what_begins_nobody_knows_when_is_left_out(begin: str) -> None:
    lost = f'<p begin="{begin}" end="9s">A cat</p><p begin="{begin}"><span begin="1s" dur="1s">A cat</span></p>'
    assert read(f'{lost}<p begin="1s" end="2s">A dog</p>') == ([(1.0, 2.0, "A dog")], ["cue_dropped"])


@pytest.mark.parametrize(
    ("paragraph", "wanted"),
    [
        ('<p><span begin="1s" end="2s">One</span><br/><span begin="1s" end="2s">two</span></p>', [(1, 2, "One\ntwo")]),
        ('<p><span begin="1s" end="2s">One</span><br/><span begin="3s" end="4s">Two</span></p>', [(1, 2, "One"), (3, 4, "Two")]),
        ('<p begin="1s" end="2s">One<br/><br/> <span>two</span><br/></p>', [(1, 2, "One\ntwo")]),
        ('<p begin="1s" end="2s">One<br/>two<ttm:desc>how</ttm:desc></p>', [(1, 2, "One\ntwo")]),
        ('<p begin="1s" end="2s"><metadata><ttm:agent/></metadata><ttm:agent><ttm:name>Ann</ttm:name></ttm:agent>One</p>', [(1, 2, "One")]),
        ('<p begin="1s" end="2s"><![CDATA[AT&T &amp; I]]> &amp; us & you</p>', [(1, 2, "AT&T &amp; I & us & you")]),
        ('<p begin="1s" end="2s"><!-- a & b <![CDATA[ -->caf&eacute;</p>', [(1, 2, "café")]),
        (
            '<p begin="1s" end="2s"><span tts:ruby="container"><span tts:ruby="base">漢字</span><span tts:ruby="text">かんじ</span></span>だ</p>',
            [(1, 2, "漢字だ")],
        ),
    ],
)  # fmt: skip
def test_what_is_a_line_of_a_text(paragraph: str, wanted: list[tuple[float, float, str]]) -> None:
    assert read(paragraph) == (wanted, [])


@pytest.mark.parametrize(
    ("region", "about", "top"),
    [
        ('<region xml:id="r" tts:displayAlign="before" tts:origin="10% 80%"/>', "", False),
        ('<region xml:id="r" tts:displayAlign="before" tts:origin="10% 10%"/>', "", True),
        ('<region xml:id="r"><style tts:displayAlign="before"/><style tts:origin="10% 80.5%"/></region>', "", False),
        ('<region xml:id="r" tts:displayAlign="before" tts:origin="128px 600px"/>', 'tts:extent="1280px 720px"', False),
        ('<region xml:id="r" tts:displayAlign="before" tts:origin="128px 60px"/>', 'tts:extent="1280px 720px"', True),
        ('<region xml:id="r" tts:displayAlign="before" tts:origin="auto"/>', "", True),
        ('<region xml:id="r" tts:displayAlign="after" tts:origin="10% 80%"/>', "", False),
    ],
)
def test_a_region_at_the_lower_edge_is_not_at_the_top(region: str, about: str, top: bool) -> None:
    body = '<body><div><p region="r" begin="1s" end="2s">One</p></div></body>'
    track = formats.read("ttml", f"<tt {NAMES} {about}><head><layout>{region}</layout></head>{body}</tt>")
    assert [track.on_top(cue) for cue in track.cues] == [top]


def test_itunes_files_are_ttml(tmp_path: Path) -> None:
    (tmp_path / "film.itt").write_text(f'<tt {NAMES}><body><div><p begin="1s" end="2s">One</p></div></body></tt>')
    assert [cue.text for cue in load(tmp_path / "film.itt").track.cues] == ["One"]
