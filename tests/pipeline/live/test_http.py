"""HLS, DASH and plain http from a real server that fails as servers do; and another one that must never be asked."""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live_runs import Run, Told, captions
from patience import PATIENCE
from ports import free_port
from senders import picture, sending
from sites import Site

from pipeline.live.http.hosts import Hosts
from pipeline.live.http.proxy import Proxy


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which HLS of 1 s and DASH of 1 s are written as they go on."""
    folder = tmp_path_factory.mktemp("channel")
    hls = ("-f", "hls", "-hls_time", "1", "-hls_list_size", "6", "-hls_flags", "program_date_time+delete_segments+omit_endlist")
    dash = ("-f", "dash", "-seg_duration", "1", "-window_size", "8", "-streaming", "0", "-use_template", "1")
    with sending(*picture(), *hls, folder / "live.m3u8"), sending(*picture(), *dash, folder / "live.mpd"):
        for name in ("live.m3u8", "live.mpd"):
            while not (folder / name).exists():
                time.sleep(0.05)
        yield folder


@pytest.fixture
def site(channel: Path) -> Iterator[Site]:
    site = Site(channel)
    yield site
    site.close()


async def test_hls_and_the_clock_of_its_playlist(site: Site) -> None:
    run = Run(f"{site.url}/live.m3u8?token=secret")
    await run.until(lambda told: len(told.of("caption", clock="pdt")) >= 2)
    run.whole()
    assert "secret" not in str(run.told.events)
    (*_, last) = run.told.of("caption", clock="pdt")
    # taken when the playlist says so: some segments ago, not in another hour
    assert 0 < last["latency"]["glass_to_text"] < 3600


async def test_no_other_host_is_asked(site: Site, channel: Path) -> None:
    """By a segment, a redirect of one, or a variant: what a playlist names elsewhere is never fetched."""
    other = Site(channel)
    master = f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9\n{other.url}/live.m3u8\n".encode()
    for kind in ("segment", "redirect", "variant"):

        def fault(path: str, body: bytes, kind: str = kind) -> Any:
            if kind == "variant":
                return 200, {}, master
            if kind == "segment" and path.endswith("m3u8"):
                return 200, {}, re.sub(rb"(?m)^live", other.url.encode() + b"/live", body)
            if kind == "redirect" and path.endswith(".ts"):
                return 302, {"Location": f"{other.url}{path}"}, b""
            return None

        site.fault = fault
        run = Run(f"{site.url}/live.m3u8")
        await run.until(lambda told: told.of("source", state="offline"))
        assert run.told.of("source", state="offline")[0]["reason"] == "host_refused", kind
    assert other.asked == []
    site.fault = lambda path, body: (200, {}, master)
    run = Run(f"{site.url}/live.m3u8", allow_host=(other.url.removeprefix("http://"),))
    await run.until(captions(1))
    other.close()


async def test_dash_by_the_bridge_from_its_own_host_alone(site: Site, channel: Path) -> None:
    run = Run(f"{site.url}/live.mpd")
    await run.until(captions(2))
    run.whole()
    other = Site(channel)
    base = f"<BaseURL>{other.url}/</BaseURL><Period".encode()
    site.fault = lambda path, body: (200, {}, body.replace(b"<Period", base, 1)) if path.endswith("mpd") else None
    run = Run(f"{site.url}/live.mpd")
    await run.until(lambda told: told.of("source", state="offline"))
    assert run.told.of("source", state="offline")[0]["reason"] == "host_refused"
    assert other.asked == []
    other.close()


async def through(proxy: Proxy, url: str) -> str:
    """The status and the body that the proxy answers with."""
    reader, writer = await asyncio.open_connection(*proxy.address.removeprefix("http://").split(":"))
    writer.write(f"GET {url} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    return answer.split(" ", 2)[1] + answer.partition("\r\n\r\n")[2]


async def test_a_segment_of_dash_that_is_not_there_yet_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ffmpeg asks for the one that is being made; told that it is not there, it went on to those of the next hours."""
    (tmp_path / "chunk").write_bytes(b"pictures")
    site = Site(tmp_path)
    site.fault = lambda path, body: (404, {}, b"") if path == "/chunk" and site.asked.count(path) < 4 else None
    monkeypatch.setattr("pipeline.live.http.proxy.YET", PATIENCE)
    async with Proxy(Hosts(f"{site.url}/live.mpd", ()), f"{site.url}/live.mpd") as proxy:
        assert await through(proxy, f"{site.url}/chunk") == "200pictures"
        assert site.asked == ["/chunk"] * 4
        assert await through(proxy, f"{site.url}/live.mpd") == "404", "the MPD is there or not"
        monkeypatch.setattr("pipeline.live.http.proxy.YET", 0.0)
        assert await through(proxy, f"{site.url}/never") == "404"
    assert site.asked[4:] == ["/live.mpd", "/never"]
    site.close()


async def test_an_mpd_without_an_end_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.live.http.proxy.MOST", 1 << 20)
    site.fault = lambda path, body: (200, {"Content-Length": "99000000000"}, b"<MPD>" + b" " * (8 << 20))
    run = Run(f"{site.url}/live.mpd")
    await run.until(lambda told: told.of("source", state="offline"))
    assert run.told.of("source", state="offline")[0]["reason"] == "answer_too_large"


async def test_a_stream_by_plain_http_is_lost_where_it_breaks_off() -> None:
    url = f"http://127.0.0.1:{free_port()}/cam"
    with sending(*picture(), "-f", "mpegts", "-listen", "1", url) as sender:
        run = Run(url)

        def lost(told: Told) -> object:
            if len(told.of("caption")) >= 2:
                sender.kill()
            return told.of("source", state="offline", reason="source_lost")

        await run.until(lost)
    run.whole()


async def test_pictures_without_stamps_keep_the_time_of_the_clock() -> None:
    """Motion JPEG by http, five a second: a demuxer would count 25."""
    url = f"http://127.0.0.1:{free_port()}/cam"
    with sending(
        "-re", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=5", "-c:v", "mjpeg", "-f", "mpjpeg", "-listen", "1",
        "-content_type", "multipart/x-mixed-replace;boundary=ffmpeg", url,
    ):  # fmt: skip
        run = Run(url)
        began = time.monotonic()
        await run.until(captions(4))
        passed = time.monotonic() - began
    run.whole()
    assert sum(event["end"] - event["start"] for event in run.told.of("caption")) < passed
    assert not run.told.of("discontinuity")


async def test_who_wants_a_password_is_asked_seldom(site: Site) -> None:
    site.fault = lambda path, body: (401, {}, b"")
    run = Run(f"{site.url}/live.m3u8")
    await run.until(lambda told: told.of("source", state="offline"))
    (lost,) = run.told.of("source", state="offline")
    assert lost["reason"] == "not_authorized"
    assert lost["next_try"] >= 30
