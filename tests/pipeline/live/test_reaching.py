"""A host with several addresses of which one answers, and a server that knows no ranges of bytes: both are reached."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sites import Site

from pipeline.errors import InputError
from pipeline.live.http.fetch import SEGMENT, Fetch
from pipeline.live.http.hosts import Hosts
from pipeline.live.http.proxy import Proxy


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "film.ts").write_bytes(bytes(range(250)))
    site = Site(tmp_path)
    yield site
    site.close()


@pytest.fixture
def two_addresses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """``tv.example`` has two, as ``localhost`` has: nobody listens at the first. What is connected to, in order."""
    look_up, connect, tried = socket.getaddrinfo, asyncio.SelectorEventLoop.sock_connect, list[str]()

    def found(host: str, port: int, *rest: Any, **more: Any) -> Any:
        if host != "tv.example":
            return look_up(host, port, *rest, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ("127.0.0.2", "127.0.0.1")]

    async def connected(self: Any, sock: Any, address: Any) -> None:
        tried.append(address[0])
        await connect(self, sock, address)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", connected)
    return tried


@pytest.fixture
async def fetch(site: Site) -> AsyncIterator[Fetch]:
    url = site.url.replace("127.0.0.1", "tv.example")
    fetch = Fetch(Hosts(url), url)
    yield fetch
    await fetch.close()


async def test_of_several_addresses_that_one_is_read_at_which_somebody_answers(
    site: Site, fetch: Fetch, two_addresses: list[str]
) -> None:
    url = f"{site.url}/film.ts".replace("127.0.0.1", "tv.example")
    assert await fetch.whole(url, 1000) == (bytes(range(250)), url)
    assert await fetch.whole(url, 1000) == (bytes(range(250)), url)
    assert "127.0.0.2" not in two_addresses[1:], "known by then"
    site.close()
    with pytest.raises(InputError, match="source_lost: the source did not answer: no connection could be made"):
        await fetch.whole(url, 1000)


async def test_ffmpeg_is_led_to_it_too(site: Site, two_addresses: list[str]) -> None:
    url = f"{site.url}/film.ts".replace("127.0.0.1", "tv.example")
    async with Proxy(Hosts(url), url) as proxy:
        reader, writer = await asyncio.open_connection(*proxy.address.removeprefix("http://").split(":"))
        writer.write(f"GET {url} HTTP/1.1\r\nHost: tv.example\r\n\r\n".encode())
        assert (await reader.read()).endswith(b"\r\n\r\n" + bytes(range(250)))
        writer.close()


async def test_one_private_address_beside_a_public_one_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(host: str, port: int, *_: Any, **__: Any) -> Any:
        ips = ("8.8.4.4", "10.0.0.1") if host == "cdn.example" else ("8.8.8.8",)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ips]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    with pytest.raises(InputError, match="host_refused"):
        await Hosts("http://tv.example/a.m3u8", ("cdn.example",)).place("http://cdn.example/a.ts")


async def test_a_server_that_knows_no_ranges_gives_the_part_that_was_asked_for(site: Site) -> None:
    """Python's own http.server is one: no segment of a playlist of byte ranges was read, "the source answered 200"."""
    url = f"{site.url}/film.ts"
    fetch = Fetch(Hosts(url), url)
    for knows in (True, False):
        site.ranges = knows
        for offset, length in ((0, 100), (100, 50), (150, 100)):
            data, _ = await fetch.whole(url, 100, offset=offset, length=length)
            assert data == bytes(range(offset, offset + length)), knows
    with pytest.raises(InputError, match="source_lost: the answer of the source was cut off"):
        await fetch.whole(url, 1000, offset=200, length=51)
    with pytest.raises(InputError, match="answer_too_large: the source knows no ranges"):
        await fetch.whole(url, 1000, offset=SEGMENT + 1, length=51)
    await fetch.close()
