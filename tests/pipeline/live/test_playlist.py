"""What an HLS playlist says, and whom it may name."""

import asyncio
import contextlib
import gzip
import os
import re
import subprocess
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from senders import FFMPEG, picture

from pipeline.errors import InputError
from pipeline.live.http.breaks import broken_between
from pipeline.live.http.feeder import Web
from pipeline.live.http.hls import Hls, Place
from pipeline.live.http.hosts import Hosts
from pipeline.live.http.keys import Key
from pipeline.live.http.playlist import Media, Part, moment, parse
from pipeline.live.http.stamps import first_stamp
from pipeline.live.http.unpack import PIECE, pieces

BASE = "https://tv.example/live/index.m3u8"
MEDIA = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:17
#EXT-X-MAP:URI="init.mp4",BYTERANGE="700@0"
#EXT-X-PROGRAM-DATE-TIME:2026-11-27T10:00:00.000+01:00
#EXTINF:4.0,
#EXT-X-BYTERANGE:100@700
all.mp4
#EXTINF:3.5,
#EXT-X-BYTERANGE:50
all.mp4
#EXT-X-DISCONTINUITY
#EXTINF:4,
/ads/1.mp4
#EXT-X-GAP
#EXTINF:4,
2.mp4
"""


def test_segments_numbers_times_ranges_and_breaks() -> None:
    media = parse(MEDIA, BASE)
    assert isinstance(media, Media)
    assert (media.target, media.ended) == (4.0, False)
    first, second, third, fourth = media.segments
    assert [one.number for one in media.segments] == [17, 18, 19, 20]
    assert first.part == Part(url="https://tv.example/live/all.mp4", offset=700, length=100)
    assert second.part == Part(url="https://tv.example/live/all.mp4", offset=800, length=50)
    assert first.init == Part(url="https://tv.example/live/init.mp4", offset=0, length=700)
    assert first.utc == moment("2026-11-27T09:00:00Z")
    assert second.utc == first.utc + 4.0  # counted on
    assert (third.broken, third.utc, third.part.url) == (True, None, "https://tv.example/ads/1.mp4")
    assert fourth.missing


def test_of_variants_the_smallest_that_is_enough() -> None:
    master = "#EXTM3U\n" + "".join(
        f"#EXT-X-STREAM-INF:BANDWIDTH={bits}{more}\n{name}.m3u8\n"
        for name, bits, more in (
            ("low", 300, ",RESOLUTION=426x240"), ("good", 1500, ",RESOLUTION=1280x720"), ("best", 6000, ",RESOLUTION=1920x1080"),
            ("sound", 64, ',CODECS="mp4a.40.2"'),
        )
    )  # fmt: skip
    assert parse(master, BASE) == "https://tv.example/live/good.m3u8"
    low = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=10x100\na\n#EXT-X-STREAM-INF:BANDWIDTH=2,RESOLUTION=10x200\nb\n"
    assert parse(low, BASE) == "https://tv.example/live/b"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<html>", "bad_playlist"),
        ("", "bad_playlist"),
        ('#EXTM3U\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"\n#EXTINF:4,\na.ts\n', "stream_encrypted"),
        (
            '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,KEYFORMAT="com.apple.streamingkeydelivery",URI="k"\n#EXTINF:4,\na.ts\n',
            "stream_encrypted",
        ),
        ('#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="k",IV=7\n#EXTINF:4,\na.ts\n', "bad_playlist"),
        ('#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXT-X-MAP:URI="i"\n#EXTINF:4,\na.ts\n', "bad_playlist"),
        ("#EXTM3U\n#EXT-X-MAP:BYTERANGE=3\n#EXTINF:4,\na.ts\n", "bad_playlist"),
        ('#EXTM3U\n#EXT-X-STREAM-INF:CODECS="mp4a.40.2"\na\n', "bad_playlist"),
    ],
)
def test_what_is_no_playlist_for_us_says_why(text: str, code: str) -> None:
    with pytest.raises(InputError) as found:
        parse(text, BASE)
    assert found.value.code == code


def test_keys_stand_for_the_segments_after_them() -> None:
    rows = [
        "#EXTM3U", "#EXT-X-MEDIA-SEQUENCE:258", "#EXTINF:4,", "clear.ts",
        '#EXT-X-KEY:METHOD=AES-128,URI="/k1"', "#EXTINF:4,", "numbered.ts",
        '#EXT-X-KEY:METHOD=SAMPLE-AES,KEYFORMAT="com.example",URI="skd://x"',
        '#EXT-X-KEY:METHOD=AES-128,URI="k2",IV=0x0000000000000000000000000000000F', '#EXT-X-MAP:URI="init.mp4"',
        "#EXTINF:4,", "given.mp4", "#EXTINF:4,", "too.mp4", "#EXT-X-KEY:METHOD=NONE", "#EXTINF:4,", "again.ts",
    ]  # fmt: skip
    media = parse("\n".join(rows), BASE)
    assert isinstance(media, Media)
    given = Key(url="https://tv.example/live/k2", iv=bytes(15) + b"\x0f")
    numbered = Key(url="https://tv.example/k1", iv=bytes(14) + b"\x01\x03")  # 259
    assert [segment.part.key for segment in media.segments] == [None, numbered, given, given, None]
    assert media.segments[2].init == Part(url="https://tv.example/live/init.mp4", key=given)


def test_of_low_latency_hls_the_whole_segments_are_read() -> None:
    rows = [
        "#EXTM3U", "#EXT-X-VERSION:9", "#EXT-X-TARGETDURATION:4",
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.0,CAN-SKIP-UNTIL=24", "#EXT-X-PART-INF:PART-TARGET=0.33334",
        "#EXT-X-MEDIA-SEQUENCE:266", '#EXT-X-MAP:URI="init.mp4"', "#EXTINF:4.00008,", "s266.mp4",
        '#EXT-X-PART:DURATION=0.33334,URI="s267.0.mp4",INDEPENDENT=YES', '#EXT-X-PART:DURATION=0.33334,URI="s267.1.mp4"',
        "#EXTINF:4.00008,", "s267.mp4", '#EXT-X-PART:DURATION=0.33334,URI="s268.0.mp4"',
        '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="s268.1.mp4"', '#EXT-X-RENDITION-REPORT:URI="../1M/x.m3u8",LAST-MSN=268,LAST-PART=1',
    ]  # fmt: skip
    media = parse("\n".join(rows), BASE)
    assert isinstance(media, Media)
    assert [segment.part.url.rpartition("/")[2] for segment in media.segments] == ["s266.mp4", "s267.mp4"]
    assert (media.target, media.ended, media.segments[-1].number) == (4.0, False, 267)


WORDS = st.sampled_from(
    [
        *MEDIA.splitlines(),
        '#EXT-X-KEY:METHOD=AES-128,URI="k"',
        "#EXT-X-KEY:METHOD=NONE",
        "#EXT-X-BYTERANGE:@",
        "#EXTINF:-1",
        "#EXTINF:nan",
        "#EXT-X-ENDLIST",
        "http://[",
        ":",
        "x",
    ]
)


@given(st.lists(WORDS | st.text(max_size=30), max_size=20))
def test_any_lines_are_a_playlist_or_an_input_error(lines: list[str]) -> None:
    try:
        found = parse("\n".join(["#EXTM3U", *lines]), BASE)
    except InputError:
        return
    if isinstance(found, Media):
        assert 0 < found.target <= 600
        assert all(after.number == before.number + 1 for before, after in zip(found.segments, found.segments[1:], strict=False))
        assert all(segment.seconds >= 0 for segment in found.segments)


@pytest.mark.parametrize(
    ("own", "named", "allowed", "goes"),
    [
        ("http://127.0.0.1:81/a", "http://127.0.0.1:81/b", (), True),
        ("http://127.0.0.1:81/a", "http://127.0.0.1:82/b", (), False),
        ("http://127.0.0.1:81/a", "http://127.0.0.1:82/b", ("127.0.0.1:82",), True),
        ("http://127.0.0.1:81/a", "file:///etc/passwd", (), False),
        ("http://127.0.0.1:81/a", "data:text/plain,x", (), False),
        ("https://127.0.0.1/a", "http://127.0.0.1:443/b", (), False),
        ("http://8.8.8.8/a", "http://127.0.0.1/b", ("127.0.0.1",), False),
        ("http://8.8.8.8/a", "http://169.254.169.254/b", ("169.254.169.254",), False),
        ("http://8.8.8.8/a", "http://[::ffff:10.0.0.1]/b", ("::ffff:10.0.0.1", "::ffff:a00:1"), False),
        ("http://8.8.8.8/a", "http://8.8.4.4/b", ("8.8.4.4",), True),
        ("http://127.0.0.1:81/a", "http://127.0.0.1:99999/", (), False),
    ],
)
async def test_a_playlist_names_its_own_host_and_no_other(own: str, named: str, allowed: tuple[str, ...], goes: bool) -> None:
    hosts = Hosts(own, allowed)
    if goes:
        assert (await hosts.place(named)).ips
        return
    with pytest.raises(InputError) as found:
        await hosts.place(named)
    assert found.value.code == "host_refused"


def film(path: Path, *more: str) -> bytes:
    arguments = [*picture(seconds=3)[1:], *more, str(path)]
    subprocess.run([FFMPEG, "-v", "error", *arguments], check=True, stdin=subprocess.DEVNULL)
    return path.read_bytes()


def test_the_first_stamp_of_a_segment_of_mpeg_ts(tmp_path: Path) -> None:
    data = film(tmp_path / "x.ts", "-output_ts_offset", "95438")
    assert first_stamp(data, b"") == pytest.approx(95438, abs=2)
    assert all(first_stamp(data[:cut], b"") in (None, first_stamp(data, b"")) for cut in range(0, 2000, 37))


def test_the_first_stamp_of_a_segment_of_mp4(tmp_path: Path) -> None:
    data = film(tmp_path / "x.mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof")
    starts = [found.start() - 4 for found in re.finditer(b"moof", data)]
    init = data[: starts[0]]
    assert [first_stamp(data[start:], init) for start in starts] == pytest.approx([0.0, 1.0, 2.0])
    assert first_stamp(data[starts[2] :], b"") is None  # nothing says which rate its times have
    assert all(first_stamp(data[starts[1] :], init[:cut]) in (None, 1.0) for cut in range(0, len(init), 7))


def test_megabytes_of_letters_are_gone_over_once() -> None:
    many = "A" * 4_000_000
    for line in (f"#EXT-X-MAP:{many}", f"#EXT-X-KEY:{many}", f'#EXT-X-MAP:URI="{many}', "#EXT-X-MAP:" + 'A="' * 1_000_000):
        with contextlib.suppress(InputError):
            parse(f"#EXTM3U\n{line}\n#EXTINF:1,\na.ts\n", BASE)


def test_the_addresses_of_a_playlist_are_bounded_however_long_its_own_is() -> None:
    """One letter a line is as long as the playlist's own address, which a redirect may make 80 KB."""
    lines = "#EXTM3U\n" + "a\n" * 90_000
    assert isinstance(parse(lines, BASE), Media)
    for base in ("https://tv.example/" + "x" * 80_000 + "/a.m3u8", "https://tv.example" + "/" * 5000 + "a.m3u8"):
        with pytest.raises(InputError, match=r"bad_playlist: .*address"):
            parse(lines, base)


async def test_a_hundred_thousand_gaps_hold_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is passed over by itself: looked for breaks together they took half an hour of the loop that all streams are on."""

    class Fetched:
        async def whole(self, *_: object, **__: object) -> tuple[bytes, str]:
            return b"picture", ""

    rows = [
        "#EXTM3U",
        "#EXT-X-TARGETDURATION:1",
        "a.ts",
        *["#EXT-X-GAP", "g"] * 45_000,
        "#EXT-X-DISCONTINUITY",
        "#EXT-X-GAP",
        "g",
        "b.ts",
    ]
    place, looked = Place(), Mock(wraps=broken_between)
    monkeypatch.setattr("pipeline.live.http.hls.broken_between", looked)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        verdict = await Hls(Fetched(), place).run(BASE, "\n".join([*rows, "#EXT-X-ENDLIST"]), nowhere)  # type: ignore[arg-type]
    finally:
        os.close(nowhere)
    assert (verdict.code, place.next) == ("again", 45_002), "a break before a gap is one before the next segment that is there"
    assert looked.call_count == 1, "all segments are gone through in it"


async def test_a_playlist_that_comes_a_letter_at_a_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.live.http.feeder.WHOLE", 0.3)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n#EXTM3U\r\n")
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b"1\r\n\n\r\n")
                await writer.drain()
                await asyncio.sleep(0.01)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        web = Web(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/live.m3u8", (), None)
        with pytest.raises(InputError, match="source_silent"):
            await web.run(-1)


@pytest.mark.parametrize("end", ["#EXT-X-ENDLIST\n", ""], ids=["ended", "does not go on"])
async def test_a_channel_of_which_no_segment_may_be_asked_for_says_so(end: str) -> None:
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\nhttp://x.example/a.ts\n{end}"

    class Refused:
        async def whole(self, url: str, *_: object, **__: object) -> tuple[bytes, str]:
            if url == BASE:
                return text.encode(), BASE
            raise InputError("host_refused", "elsewhere")

    with pytest.raises(InputError, match="host_refused"):
        await Hls(Refused(), Place()).run(BASE, text, -1)  # type: ignore[arg-type]


def test_a_segment_of_nothing_but_heads_is_looked_at_where_pictures_begin() -> None:
    assert first_stamp(b"\0\0\0\x08free" * 30_000_000, b"") is None
    assert first_stamp((b"\x47" + bytes(187)) * 1_000_000, b"") is None


@pytest.mark.parametrize("packed", ["gzip", "deflate", "x-gzip"])
async def test_what_a_server_packs_all_the_same_is_unpacked_a_bounded_piece_at_a_time(packed: str) -> None:
    data = bytes(40 << 20)
    sent = zlib.compress(data, 9) if packed == "deflate" else gzip.compress(data)
    assert len(sent) < 50_000, "one read of the network"
    sizes = [len(piece) async for piece in pieces(Answer(packed, [sent]))]
    assert sum(sizes) == len(data)
    assert max(sizes) <= PIECE
    bare = zlib.compressobj(wbits=-15)
    again = [piece async for piece in pieces(Answer("deflate", [bare.compress(b"#EXTM3U\n") + bare.flush()]))]
    assert b"".join(again) == b"#EXTM3U\n"


@pytest.mark.parametrize("packed", ["gzip, gzip", "br", "zstd", "gzip,deflate"])
async def test_what_is_packed_twice_or_otherwise_is_refused(packed: str) -> None:
    with pytest.raises(InputError) as caught:
        await anext(pieces(Answer(packed, [gzip.compress(gzip.compress(bytes(1 << 20)))])))
    assert caught.value.code == "bad_answer"
    with pytest.raises(InputError, match="can't be unpacked"):
        await anext(pieces(Answer("gzip", [b"no gzip"])))


class Answer:
    """An httpx answer as far as its body is read."""

    def __init__(self, packed: str, parts: list[bytes]) -> None:
        self.headers, self._parts = {"content-encoding": packed}, parts

    async def aiter_raw(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part
