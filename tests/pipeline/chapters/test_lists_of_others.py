"""Lists of chapters as other programs and people write them."""

from pathlib import Path

import pytest

from pipeline.chapters.reading import load

CUES = "00:00:00,000 --> 00:00:02,000\nIntro\n\n00:00:05,000 --> 00:00:09,000\nThe end\nof it\n"
WANTED = [(0.0, 2.0, "Intro"), (5.0, 9.0, "The end of it")]


def read(path: Path, text: str) -> tuple[list[tuple[float, float, str]], list[str]]:
    path.write_text(text)
    found, notices = load(path, 3600.0)
    return [(one.start, one.end, one.title) for one in found], [notice.code for notice in notices]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("0:00 - 1:30 Intro", (0.0, 90.0, "Intro")),
        ("0:00-1:30 - Intro", (0.0, 90.0, "Intro")),
        ("[0:00 \u2013 1:30.5] Intro", (0.0, 90.5, "Intro")),
        ("(0:00:00) \u2014 (1:00:00", (0.0, 3600.0, "(1:00:00")),
        ("0:00 - Intro", (0.0, 3600.0, "Intro")),
        ("0:00 | 1:30 to the station", (0.0, 3600.0, "1:30 to the station")),
        ("5:00 - 3:10 to Yuma", (300.0, 3600.0, "3:10 to Yuma")),
        ("0:00 - 1:30", (0.0, 3600.0, "1:30")),
        ("0:00 One\u2028more\n", (0.0, 3600.0, "One\u2028more")),
    ],
)
def test_a_second_time_is_the_end(line: str, wanted: tuple[float, float, str], tmp_path: Path) -> None:
    assert read(tmp_path / "list.txt", line) == ([wanted], [])


@pytest.mark.parametrize("name", ["list.txt", "list.srt", "list.chapters"])
@pytest.mark.parametrize("text", [CUES, "1\n" + CUES.replace("\n\n", "\n\n2\n"), "WEBVTT\n\n" + CUES.replace(",", ".")])
def test_subtitles_are_read_as_such_whatever_they_are_called(name: str, text: str, tmp_path: Path) -> None:
    assert read(tmp_path / name, text) == (WANTED, [])


def test_what_is_guessed_of_webvtt_is_told(tmp_path: Path) -> None:
    assert read(tmp_path / "list.vtt", CUES.replace(",", ".")) == (WANTED, ["header_missing"])
    lost = "WEBVTT\n\n" + CUES.replace(",", ".") + "\n00:00:12.000 --> 00:00:11.000\nLost\n"
    assert read(tmp_path / "list.vtt", lost) == (WANTED, ["cue_dropped"])


def test_null_is_nothing(tmp_path: Path) -> None:
    text = '{"chapters": [{"startTime": 0, "title": null}, {"startTime": null, "start": 5, "endTime": null, "title": "End"}]}'
    assert read(tmp_path / "list.json", text) == ([(0.0, 5.0, ""), (5.0, 3600.0, "End")], [])
