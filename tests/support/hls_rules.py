"""A checker of HLS as this project writes it, independent of the writer: what RFC 8216 and its players ask of every state on the disk."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from pipeline.formats.vtt import Format

CYCLE = 2**33


@dataclass
class Media:
    """A media playlist as a player sees it."""

    target: int = 0
    sequence: int = 0
    breaks: int = 0
    ended: bool = False
    rows: list[tuple[bool, float, float, str]] = field(default_factory=list)
    """(discontinuity before it, UTC, seconds, name)"""


def read(path: Path) -> Media:
    lines = path.read_text().splitlines()
    assert lines[0] == "#EXTM3U"
    found, broken, when, seconds = Media(), False, None, None
    for line in lines[1:]:
        tag, _, value = line.partition(":")
        match tag:
            case "#EXT-X-TARGETDURATION":
                found.target = int(value)
            case "#EXT-X-MEDIA-SEQUENCE":
                found.sequence = int(value)
            case "#EXT-X-DISCONTINUITY-SEQUENCE":
                found.breaks = int(value)
            case "#EXT-X-DISCONTINUITY":
                broken = True
            case "#EXT-X-PROGRAM-DATE-TIME":
                when = datetime.fromisoformat(value).timestamp()
            case "#EXTINF":
                seconds = float(value.rstrip(","))
            case "#EXT-X-ENDLIST":
                found.ended = True
            case "#EXT-X-VERSION":
                assert int(value) >= 3, "EXTINF has decimals"
            case _:
                assert not line.startswith("#"), line
                assert when is not None
                assert seconds is not None
                found.rows.append((broken, when, seconds, line))
                broken, when, seconds = False, None, None
    return found


class Checker:
    """Looks at one stream's folder each time it has changed."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.before: dict[str, Media] = {}
        self.seen: dict[str, bytes] = {}
        self.cues: dict[str, object] = {}
        self.checks = 0

    def check(self) -> None:
        if not (self.place / "live.m3u8").exists():
            return
        self.checks += 1
        self._master((self.place / "live.m3u8").read_text())
        video, desc = read(self.place / "video.m3u8"), read(self.place / "desc.m3u8")
        assert (video.target, video.sequence, video.breaks, video.ended) == (desc.target, desc.sequence, desc.breaks, desc.ended)
        assert [row[:3] for row in video.rows] == [row[:3] for row in desc.rows], "the same times, and discontinuities"
        for name, media in (("video", video), ("desc", desc)):
            self._media(name, media)
        stamps = [self._subtitles(name) for *_, name in desc.rows]
        self._in_step(video, stamps)

    def _master(self, text: str) -> None:
        assert text.startswith("#EXTM3U\n")
        assert 'TYPE=SUBTITLES,GROUP-ID="desc"' in text
        assert re.search(r'#EXT-X-STREAM-INF:BANDWIDTH=\d+.*SUBTITLES="desc"\nvideo\.m3u8\n', text)

    def _media(self, kind: str, media: Media) -> None:
        assert media.rows, "a playlist that is there has segments"
        for _, _, seconds, name in media.rows:
            assert round(seconds) <= media.target, "RFC 8216 4.3.3.1"
            data = (self.place / name).read_bytes()
            assert data, "what a playlist names is there"
            assert self.seen.setdefault(name, data) == data, "a segment never changes"
        for (_, when, seconds, _), (broken, after, _, _) in pairwise(media.rows):
            assert broken or abs(after - when - seconds) < 0.25, "UTC goes on with the segments"
        old = self.before.get(kind)
        if old is not None:
            assert media.target == old.target, "RFC 8216 6.2.1: the target never changes"
            gone = media.sequence - old.sequence
            assert 0 <= gone <= len(old.rows), "numbers go on, and no segment is passed over"
            assert [row[3] for row in old.rows[gone:]] == [row[3] for row in media.rows[: len(old.rows) - gone]]
            assert media.breaks == old.breaks + sum(row[0] for row in old.rows[:gone]), "RFC 8216 6.2.2"
            for *_, name in old.rows[:gone]:
                assert (self.place / name).exists(), "who read the playlist just now may still ask"
        self.before[kind] = media

    def _subtitles(self, name: str) -> tuple[float, int]:
        text = (self.place / name).read_text()
        head = text.split("\n\n")[0].splitlines()
        assert head[0] == "WEBVTT"
        found = re.fullmatch(r"X-TIMESTAMP-MAP=LOCAL:(\d+):(\d\d):(\d\d\.\d{3}),MPEGTS:(\d+)", head[1])
        assert found, head
        assert int(found[4]) < CYCLE
        local = int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
        cues = Format().parse(text).track.cues
        names = re.findall(r"\n\n(\S+)\n\d+:", text)
        assert len(names) == len(set(names)) == len(cues), "each has a name of its own"
        for name, cue in zip(names, cues, strict=True):
            assert self.cues.setdefault(name, (cue.start, cue.end, cue.lines)) == (cue.start, cue.end, cue.lines)
            assert cue.end > local - 1e-3, "a segment has the cues that are shown during it"
        for cue, after in pairwise(cues):
            assert after.start >= cue.end - 1e-3, "one text at a time"
        return local, int(found[4])

    def _in_step(self, video: Media, stamps: list[tuple[float, int]]) -> None:
        """The clock of the cues and the stamps of the picture go on together; the map is the first picture's own stamp."""
        for n, (_, _, seconds, name) in enumerate(video.rows):
            local, ticks = stamps[n]
            assert abs(first_pts((self.place / name).read_bytes()) - ticks) <= 90, "within a millisecond"
            if n + 1 < len(video.rows) and not video.rows[n + 1][0]:
                later, more = stamps[n + 1]
                assert abs(later - local - seconds) < 0.002
                assert abs((more - ticks) % CYCLE - seconds * 90000) < 200


def first_pts(data: bytes) -> int:
    """The first picture's stamp in MPEG-TS."""
    assert data[0] == 0x47
    assert len(data) % 188 == 0
    for at in range(0, len(data), 188):
        packet = data[at : at + 188]
        body = packet[4 + (1 + packet[4] if packet[3] & 0x20 else 0) :]
        if packet[1] & 0x40 and body[:3] == b"\0\0\1" and body[3] & 0xF0 == 0xE0:
            return (body[9] >> 1 & 7) << 30 | body[10] << 22 | (body[11] >> 1) << 15 | body[12] << 7 | body[13] >> 1
    raise AssertionError("no picture")
