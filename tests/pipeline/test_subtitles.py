"""Subtitle files as every command opens them."""

import gzip
import zipfile
from pathlib import Path

import pytest

from pipeline.chapters import reading
from pipeline.errors import InputError, UsageError
from pipeline.subtitles import load


def test_a_file_without_a_suffix_is_told_what_every_command_takes(tmp_path: Path) -> None:
    path = tmp_path / "subtitles"
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\nText\n")
    with pytest.raises(UsageError, match=r"rename it \(\.json, \.srt, .*\), or export --from FORMAT") as wrong:
        load(path)
    assert wrong.value.code == "unknown_format"


@pytest.mark.parametrize(
    ("name", "text", "language"),
    [
        ("a.vtt", "WEBVTT\nLanguage: {}\n\n00:01.000 --> 00:02.000\nText\n", "English"),
        ("a.fr.vtt", "WEBVTT\nLanguage: {}\n\n00:01.000 --> 00:02.000\nText\n", "e-1"),
        ("a.lrc", "[la:{}]\n[00:01.00]Text\n[00:02.00]\n", "english"),
        ("a.ass", "[Script Info]\nLanguage: {}\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,Text\n", "en-x"),
        ("a.ttml", '<tt xml:lang="{}"><body><div><p begin="1s" end="2s">Text</p></div></body></tt>', "en-US-US"),
    ],
)
def test_a_language_that_is_no_tag_is_read_as_it_is_meant(name: str, text: str, language: str, tmp_path: Path) -> None:
    """Containers ask for its three letters, and found none."""
    path = tmp_path / name
    path.write_text(text.format(language))
    meant = {"a.fr.vtt": "fr", "a.ttml": "en-US"}.get(name, "en")
    assert load(path).track.language == meant
    path.write_text(text.format("nothing-known"))
    assert load(path).track.language == ("fr" if name == "a.fr.vtt" else "und")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("word " * 600, ["text_cut"]),
        ("word " * 400, []),
        ("word  " * 390 + "\n" * 9, []),
        ("word " * 10_000, ["text_cut"]),
        ("\n".join(["word " * 50] * 20), ["text_cut"]),
    ],
)
@pytest.mark.parametrize(
    ("name", "head"),
    [("a.srt", "1\n00:00:01,000 --> 00:00:02,000\n"), ("a.sbv", "0:00:01.000,0:00:02.000\n"), ("a.lrc", "[00:01.00]")],
)
def test_a_text_that_is_cut_is_told(name: str, head: str, text: str, codes: list[str], tmp_path: Path) -> None:
    if name == "a.lrc":
        text = text.replace("\n", " ") + "\n[00:02.00]"
    path = tmp_path / name
    path.write_text(head + text + "\n")
    assert [notice.code for notice in load(path).notices] == codes


SRT = "1\n00:00:01,000 --> 00:00:02,000\nText\n\n"


def _zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:  # stored as it is: its cues can be read through the archive
        archive.writestr("film.srt", SRT)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.srt", None, "a ZIP archive"),
        ("a.srt", gzip.compress(SRT.encode(), mtime=0), "an archive"),
        ("a.srt", b"{\\rtf1\\ansi\n1\\\n00:00:01,000 --> 00:00:02,000\\\nText\\\n}", "RTF"),
        ("a.vtt", b"\xef\xbb\xbf\n<!DOCTYPE html><html><body>404 Not Found</body></html>", "HTML"),
        ("a.sup", b"PG" + bytes(8) + b"\x16" + bytes(99), "OCR"),
        ("a.idx", b"# VobSub index file, v7\n", "OCR"),
        ("a.stl", b"850STL25.01" + b"0" * 1013, "EBU"),
        ("a.scc", b"Scenarist_SCC V1.0\n\n00:00:01:00\t9420\n", "SCC"),
        ("a.srt", b"\x1a\x45\xdf\xa3" + SRT.encode(), "a film"),
    ],
)
def test_what_is_no_text_is_called_what_it_is(name: str, content: bytes | None, told: str, tmp_path: Path) -> None:
    path = tmp_path / name
    _zipped(path) if content is None else path.write_bytes(content)
    with pytest.raises(InputError, match=told) as wrong:
        load(path)
    assert wrong.value.code == "bad_subtitles"
    with pytest.raises(InputError, match=told) as wrong:
        reading.load(path)
    assert wrong.value.code == "bad_chapters"


def test_a_page_with_cues_in_it_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text("<html><body><pre>\n" + SRT)
    assert [cue.text for cue in load(path).track.cues] == ["Text"]


def test_a_format_that_is_not_read_is_told_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "a.usf"
    path.write_text(SRT)
    for form in (None, "usf"):
        with pytest.raises(UsageError, match=r"'usf' is no format of captions that is read \(\.json, .*\.smi are\)") as wrong:
            load(path, form=form)
        assert wrong.value.code == "unknown_format"
