"""Playlists and subtitle segments of an HLS stream, as text (RFC 8216). Pure.

live.m3u8    video.m3u8 + desc.m3u8      video-N.ts + desc-N.vtt, the same N, times and discontinuities
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.formats import base, vtt
from pipeline.live.events import utc
from pipeline.types import Cue, Track

TICKS = 90_000
WRAP = 1 << 33
NAMED = ('URI="desc.m3u8"\n', "\nvideo.m3u8\n")
"""what stands in each master playlist of ours"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One piece of the stream with what is said in it."""

    number: int
    start: float
    """[start, end) in seconds on the stream's clock, which is the clock of the cues too"""
    end: float
    utc: float
    ticks: int
    """what is added to the stream's clock, in ticks of 90 kHz, to have the picture's stamps: one number for as long as they go on, so
    that a text has the same times in each segment that it touches"""
    run: int
    """the command's own number: the names of cues begin with it, since players know a cue that they have had by its name"""
    broken: bool
    """other stamps from here on"""
    keyed: bool
    cues: tuple[Cue, ...] = ()
    """all that touch it, each with its full time"""

    @property
    def video(self) -> str:
        return f"video-{self.number}.ts"

    @property
    def desc(self) -> str:
        return f"desc-{self.number}.vtt"


def master(*, language: str, bandwidth: int, codecs: str, size: Sequence[int], rate: float) -> str:
    """The master playlist."""
    told = [f"BANDWIDTH={max(bandwidth, 1)}"]
    if codecs:
        told.append(f'CODECS="{codecs}"')
    if len(size) == 2:
        told.append(f"RESOLUTION={size[0]}x{size[1]}")
    if rate:
        told.append(f"FRAME-RATE={rate:.3f}")
    return (
        "#EXTM3U\n#EXT-X-VERSION:6\n"
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="desc",NAME="Descriptions",'
        f'LANGUAGE="{language}",DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,'
        'CHARACTERISTICS="public.accessibility.describes-video",URI="desc.m3u8"\n'
        f'#EXT-X-STREAM-INF:{",".join(told)},SUBTITLES="desc"\nvideo.m3u8\n'
    )


def media(segments: Sequence[Segment], *, target: int, breaks: int, desc: bool, ended: bool) -> str:
    """The playlist of the picture, or of what is said. ``breaks``: discontinuities that are gone from it."""
    rows = [
        "#EXTM3U",
        "#EXT-X-VERSION:6",
        f"#EXT-X-TARGETDURATION:{target}",
        f"#EXT-X-MEDIA-SEQUENCE:{segments[0].number if segments else 0}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{breaks}",
    ]
    for segment in segments:
        if segment.broken:
            rows.append("#EXT-X-DISCONTINUITY")
        rows.append(f"#EXT-X-PROGRAM-DATE-TIME:{utc(segment.utc)}")
        rows.append(f"#EXTINF:{segment.end - segment.start:.5f},")
        rows.append(segment.desc if desc else segment.video)
    if ended:
        rows.append("#EXT-X-ENDLIST")
    return "\n".join(rows) + "\n"


def subtitles(segment: Segment, language: str) -> str:
    """A segment of WebVTT: the stream's clock, and what the picture's stamps say at the same moment (RFC 8216 3.5)."""
    head, *blocks = vtt.Format().write(Track(cues=segment.cues, language=language, kind="descriptions")).split("\n\n")
    first, _, rest = head.rstrip("\n").partition("\n")
    local = base.milliseconds(segment.start)
    where = f"X-TIMESTAMP-MAP=LOCAL:{base.clock(local)},MPEGTS:{(local * 90 + segment.ticks) % WRAP}"
    named = [
        f"{segment.run}-{base.milliseconds(cue.start)}\n{block.strip(chr(10))}"
        for cue, block in zip(segment.cues, blocks, strict=True)
    ]
    return "\n\n".join([f"{first}\n{where}\n{rest}", *named]) + "\n"


def codecs_of(data: bytes) -> str:
    """``avc1.640028`` of H.264 in MPEG-TS, by its first sequence parameter set; empty for what else there is."""
    at = data.find(b"\0\0\1\x67")
    return f"avc1.{data[at + 4 : at + 7].hex()}" if 0 <= at < len(data) - 7 else ""


def touching(cues: Iterable[Cue], start: float, end: float) -> tuple[Cue, ...]:
    """Cues that are shown during [start, end)."""
    return tuple(cue for cue in cues if cue.start < end and cue.end > start)
