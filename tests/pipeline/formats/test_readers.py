"""What independent readers find in our files: the same cues, the same text, none added, no tag alive.

Hundreds of hostile tracks a reader, 1,000 in the long run. ffmpeg reads them all in one file at the end: a process each would take minutes.
"""

import csv
import io
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pysubs2
import pytest
import webvtt
from hostile import tracks
from hypothesis import HealthCheck, given, settings
from patience import PATIENCE
from thorough import examples

from pipeline import formats
from pipeline.formats.srt import disarmed
from pipeline.media import find_ffmpeg
from pipeline.types import Cue, Track

many = settings(
    max_examples=examples(1000), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

TT = "{http://www.w3.org/ns/ttml}"
ALIVE_IN_ASS = re.compile(r"(?<!\\)\{")


def ms(seconds: float) -> int:
    return round(seconds * 1000)


def clock(stamp: str) -> int:
    """``HH:MM:SS.mmm`` in milliseconds."""
    hours, minutes, rest = stamp.replace(",", ".").split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + round(float(rest) * 1000)


@given(track=tracks())
@many
def test_every_reader_finds_the_same_cues_and_text(track: Track) -> None:
    wanted = formats.tidy(track)
    for check in (
        webvtt_py_reads_vtt,
        webvtt_py_reads_srt,
        pysubs2_reads_srt,
        pysubs2_reads_ass,
        xml_reads_ttml,
        csv_and_txt,
        we_read_all,
    ):
        check(track, wanted)


def webvtt_py_reads_vtt(track: Track, wanted: Track) -> None:
    """The one strict parser that we found."""
    text = formats.write("vtt", track)
    if not wanted.cues:  # webvtt-py takes a file without cues for malformed
        return
    read = webvtt.from_string(text)
    assert [(clock(c.start), clock(c.end), disarmed(unescaped(c.raw_text))) for c in read.captions] == times_and_text(wanted)
    for caption in read.captions:
        assert not re.search(r"<[^>]*>", caption.raw_text), "a tag is alive"


def unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def webvtt_py_reads_srt(track: Track, wanted: Track) -> None:
    if wanted.cues:
        read = webvtt.from_buffer(io.StringIO(formats.write("srt", track)), format="srt")
        assert [(clock(c.start), clock(c.end), disarmed(c.raw_text)) for c in read.captions] == times_and_text(wanted)


def pysubs2_reads_srt(track: Track, wanted: Track) -> None:
    """It deletes what it takes for tags, and so finds all of the text only where none is alive."""
    read = pysubs2.SSAFile.from_string(formats.write("srt", track), format_="srt")
    assert [(event.start, event.end, disarmed(event.plaintext)) for event in read.events] == times_and_text(wanted)


def pysubs2_reads_ass(track: Track, wanted: Track) -> None:
    read = pysubs2.SSAFile.from_string(formats.write("ass", track), format_="ass")
    assert len(read.events) == len(wanted.cues)
    for event, cue in zip(read.events, wanted.cues, strict=True):
        assert 0 <= ms(cue.start) - event.start < 10
        assert event.end > event.start
        assert not ALIVE_IN_ASS.search(event.text), "an override block is alive"
        assert not re.search(r"\\[^N{}\u2060]", event.text), "a tag is alive"
        shown = event.text.replace(r"\N", "\n").replace(r"\{", "{").replace(r"\}", "}").replace("\\\u2060", "\\")
        assert shown == cue.text


def xml_reads_ttml(track: Track, wanted: Track) -> None:
    root = ElementTree.fromstring(formats.write("ttml", track))
    read = []
    for p in root.iter(f"{TT}p"):
        lines = [span.text or "" for span in p.iter(f"{TT}span")]
        read.append((clock(p.attrib["begin"]), clock(p.attrib["end"]), "\n".join(lines)))
    assert read == times_and_text(wanted)


def csv_and_txt(track: Track, wanted: Track) -> None:
    rows = list(csv.reader(io.StringIO(formats.write("csv", track))))[1:]
    assert [row[2].removeprefix("'") for row in rows] == [" ".join(c.lines).removeprefix("'") for c in wanted.cues]
    assert not any(row[2].startswith(("=", "+", "-", "@")) for row in rows), "a spreadsheet would run it"
    assert formats.write("txt", track).split("\n")[:-1] == [" ".join(c.lines) for c in wanted.cues]


def we_read_all(track: Track, wanted: Track) -> None:
    for name in ("srt", "vtt", "json"):
        text = formats.write(name, track)
        text.encode()  # no surrogate is left
        assert times_and_text(formats.read(name, text)) == times_and_text(wanted), name
    assert [c.text for c in formats.read("ass", formats.write("ass", track)).cues] == [c.text for c in wanted.cues]


def times_and_text(track: Track) -> list[tuple[int, int, str]]:
    return [(ms(cue.start), ms(cue.end), cue.text) for cue in track.cues]


@pytest.fixture(scope="module")
def collected() -> list[str]:
    """The texts of the hostile tracks, cleaned."""
    texts: list[str] = []

    @given(track=tracks(1))
    @many
    def collect(track: Track) -> None:
        texts.extend(cue.text for cue in formats.tidy(track).cues)

    collect()
    return texts


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_ffmpegs_demuxer_finds_the_same_cues(name: str, collected: list[str], tmp_path: Path) -> None:
    """The packets of the demuxer, before a decoder sees them: times and text as they stand."""
    cues = tuple(Cue(start=5.0 * n + 1, end=5.0 * n + 4, lines=tuple(text.split("\n"))) for n, text in enumerate(collected))
    assert len(cues) >= examples(500), "each track has a text, but for those of which nothing is left"
    path = tmp_path / f"all.{name}"
    path.write_text(formats.write(name, Track(cues=cues)), encoding="utf-8")
    copied = _ffmpeg(path, tmp_path / f"copied.{name}", "-c", "copy")
    back = formats.read(name, copied)
    assert [(c.start, c.end, c.text) for c in back.cues] == [(c.start, c.end, c.text) for c in cues]


@pytest.mark.parametrize("name", ["srt", "vtt", "ass"])
def test_no_override_tag_is_alive_after_ffmpegs_decoder(name: str, collected: list[str], tmp_path: Path) -> None:
    """What libass gets from a player that goes through ffmpeg's decoders, as mpv does: no block with a tag in it."""
    cues = tuple(Cue(start=5.0 * n + 1, end=5.0 * n + 4, lines=tuple(text.split("\n"))) for n, text in enumerate(collected))
    path = tmp_path / f"all.{name}"
    path.write_text(formats.write(name, Track(cues=cues)), encoding="utf-8")
    decoded = _ffmpeg(path, tmp_path / "decoded.ass")
    events = [line.split(",,", 1)[-1] for line in decoded.splitlines() if line.startswith("Dialogue:")]
    assert len(events) == len(cues)
    for event in events:
        for block in re.findall(r"(?<!\\)\{([^}]*)\}", event):
            assert not re.search(r"\\[A-Za-z0-9]", block), event


def _ffmpeg(source: Path, target: Path, *options: str) -> str:
    subprocess.run(
        [find_ffmpeg().path, "-v", "error", "-y", "-i", source, *options, target],
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    return target.read_text(encoding="utf-8")
