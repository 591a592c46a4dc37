"""What every format of chapters keeps; a new one is tested by being there."""

import json
import subprocess
from pathlib import Path

import pytest
import webvtt

from pipeline import chapters
from pipeline.chapters.reading import load, read
from pipeline.errors import InputError
from pipeline.media import find_ffmpeg
from pipeline.outline import Chapter

SOME = (
    Chapter(start=0.0, end=12.3456, title="Un matin: la ville = le bruit; #1\\2"),
    Chapter(start=12.3456, end=60.0, title="猫が窓辺に座る --> <b>&</b>\n[CHAPTER]"),
    Chapter(start=60.0, end=60.0, title="without length"),
    Chapter(start=60.0, end=3725.5, title=""),
)
TITLES = ["Un matin: la ville = le bruit; #1\\2", "猫が窓辺に座る --> <b>&</b> [CHAPTER]", "Chapter 3"]


def test_there_are_the_four_that_players_take() -> None:
    assert chapters.names() == ["ffmeta", "json", "txt", "vtt"]


@pytest.mark.parametrize("name", chapters.names())
def test_a_file_is_text_that_ends_and_the_same_each_time(name: str) -> None:
    text = chapters.write(name, SOME, language="fr", title="A film")
    assert text == chapters.write(name, SOME, language="fr", title="A film")
    assert text.endswith("\n")
    assert text.count("Un matin") == 1
    assert "without length" not in text
    assert chapters.find(name).media_type


@pytest.mark.parametrize("name", chapters.names())
def test_what_is_written_is_read_back(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"film.chapters{chapters.suffix(name)}"
    path.write_text(chapters.write(name, SOME))
    back = read(path, 3725.5)
    assert [one.title for one in back] == TITLES
    assert [one.end for one in back] == [*(one.start for one in back[1:]), 3725.5]
    assert [one.start for one in back] == ([0.0, 12.0, 60.0] if name == "txt" else [0.0, 12.346, 60.0])


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("name", chapters.names())
def test_it_is_read_in_whatever_encoding_it_was_saved(name: str, encoding: str, ends: str, tmp_path: Path) -> None:
    path = tmp_path / f"film.chapters{chapters.suffix(name)}"
    some = (
        Chapter(start=0.0, end=12.0, title="Straße in Köln"),
        Chapter(start=12.0, end=60.0, title="Frühstück für Señor Müller"),
    )
    path.write_bytes(chapters.write(name, some).replace("\n", ends).encode(encoding))
    back, notices = load(path, 60.0)
    assert [(one.start, one.title) for one in back] == [(one.start, one.title) for one in some]
    assert [notice.code for notice in notices] == (["encoding_guessed"] if encoding == "cp1252" else [])


def test_webvtt_is_one_that_a_strict_reader_takes(tmp_path: Path) -> None:
    path = tmp_path / "film.chapters.vtt"
    path.write_text(chapters.write("vtt", SOME, language="fr"))
    cues = list(webvtt.read(str(path)))
    assert [(cue.start, cue.end) for cue in cues] == [
        ("00:00:00.000", "00:00:12.346"),
        ("00:00:12.346", "00:01:00.000"),
        ("00:01:00.000", "01:02:05.500"),
    ]
    assert "Kind: chapters\nLanguage: fr" in path.read_text()


def test_podcasting_json_is_as_the_specification_has_it() -> None:
    data = json.loads(chapters.write("json", SOME, title="A\nfilm"))
    assert data["version"] == "1.2.0"
    assert data["title"] == "A film"
    assert [set(one) for one in data["chapters"]] == [{"startTime", "endTime", "title"}] * 3


def test_youtubes_lines_begin_at_0_and_all_have_hours_where_one_has() -> None:
    assert chapters.write("txt", SOME).splitlines()[0].startswith("0:00 ")
    long = (*SOME[:2], Chapter(start=60.0, end=3600.0, title="b"), Chapter(start=3600.0, end=3700.0, title="c"))
    assert [line.split()[0] for line in chapters.write("txt", long).splitlines()] == ["0:00:00", "0:00:12", "0:01:00", "1:00:00"]


def test_ffmpeg_reads_the_titles_of_ffmeta_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "film.ffmeta"
    path.write_text(chapters.write("ffmeta", SOME))
    said = subprocess.run(
        [find_ffmpeg().path, "-v", "error", "-f", "ffmetadata", "-i", path, "-f", "ffmetadata", "-"],
        capture_output=True,
        check=True,
    )
    found = [line.removeprefix("title=") for line in said.stdout.decode().splitlines() if line.startswith("title=")]
    assert [line.replace("\\", "") for line in found] == [title.replace("\\", "") for title in TITLES]
    assert said.stdout.count(b"[CHAPTER]") == 3 + 1  # one stands in a title


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{}"), ("a.json", "[]"), ("a.json", '{"chapters": [{"startTime": -1}]}'), ("a.json", '{"chapters": [{"startTime": true}]}'),
        ("a.json", '{"chapters": [{"startTime": NaN}]}'), ("a.json", "[" * 100_000), ("a.json", '{"chapters": []}'),
        ("a.txt", "no time here"), ("a.txt", ""), ("a.vtt", "noise"), ("a.vtt", "WEBVTT\n"),
        ("a.ffmeta", ";FFMETADATA1\ntitle=a\n"), ("a.ffmeta", ";FFMETADATA1\n[CHAPTER]\ntitle=a\n"),
        ("a.ffmeta", ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/0\nSTART=1\n"), ("a.ffmeta", ";FFMETADATA1\n[CHAPTER]\nSTART=-1\n"),
        ("a.ffmeta", ";FFMETADATA1\n[CHAPTER]\nSTART=" + "9" * 5000), ("a.ffmeta", ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1\nSTART=1"),
        ("a.ffmeta", ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=" + "9" * 400),
        ("a.ffmeta", ";FFMETADATA1\n" + "[CHAPTER]\nSTART=1\n" * 20_000),
        ("a.txt", "\n".join(f"0:{n % 60:02} a" for n in range(20_000))),
    ],
)  # fmt: skip
def test_what_holds_no_chapters_is_one_line(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as caught:
        read(tmp_path / name, 0)
    assert caught.value.code == "bad_chapters"
    assert len(caught.value.message) < 200


def test_what_ffmpeg_writes_of_a_film_is_read_whatever_its_file_is_called(tmp_path: Path) -> None:
    path = tmp_path / "chapters.txt"
    path.write_text(
        ";FFMETADATA1\n# a comment\ntitle=The film\n[STREAM]\ntitle=[CHAPTER]\n[CHAPTER]\nTIMEBASE=1/90000\nSTART=900000\nEND=1800000\n"
        "title=Second\\\nline \\= it\n[CHAPTER]\nSTART=0\nEND=10000000000\ntitle=First\n"
    )
    assert [(one.start, one.end, one.title) for one in read(path, 60.0)] == [
        (0.0, 10.0, "First"),
        (10.0, 20.0, "Second line = it"),
    ]


def test_a_list_of_others_is_put_in_order_and_ends_with_the_film(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("Chapters:\n[00:10] - Second\n0:00 First\n1:02:03.5 | Late\n9:00:00 After the end\n")
    assert [(one.start, one.end, one.title) for one in read(path, 4000)] == [
        (0.0, 10.0, "First"),
        (10.0, 3723.5, "Second"),
        (3723.5, 4000.0, "Late"),
    ]
    with pytest.raises(InputError) as caught:
        read(tmp_path / "nothing.txt", 0)
    assert caught.value.code == "not_found"
