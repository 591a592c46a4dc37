"""Addresses in data: only public hosts, whatever they turn into; bounds on what comes; tried again where that may help."""

import socket
import threading
from typing import Any

import picture_sets
import pytest
from patience import PATIENCE
from ports import free_port

from pipeline.errors import InputError
from pipeline.imagesources import urls
from pipeline.imagesources.connecting import Refused, is_public, public_addresses
from pipeline.imagesources.urls import Fetcher


def codes(found: Any) -> list[Any]:
    return [one.code if isinstance(one, InputError) else one for one in found]


@pytest.fixture
def fetcher() -> Any:
    made = Fetcher({"127.0.0.1"})
    yield made
    made.close()


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1", "fc00::1",
     "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "255.255.255.255", "::",
     "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b:1::7f00:1", "fec0::1", "2001:0:7f00:1::1", "3fff::1", "5f00::1", "192.88.99.1", "fe80::1%eth0"],
)  # fmt: skip
def test_no_private_address_is_public(address: str) -> None:
    assert not is_public(address)


def test_public_ones_are() -> None:
    assert all(map(is_public, ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822")))


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://example.org/a.jpg", "gopher://x", "", "a.jpg", "http://", "http://user:pass@example.org/a.jpg", "http://[::1",
     "http://example.org:0/x", "http://127.0.0.1:1/a", "http://localhost/a", "http://2130706433/", "http://0x7f.1/", "http://[::ffff:127.0.0.1]/",
     "http://ü..example/", f"http://{'ü' * 70}.example/", "http://xn--ü.example/", "http://①②⑦.⓪.⓪.①/", "http://192.0.0.8/"],
)  # fmt: skip
def test_what_is_not_fetched(url: str) -> None:
    made = Fetcher()
    try:
        found = made.one(url)
    finally:
        made.close()
    assert isinstance(found, InputError)
    assert found.code == "url_refused"
    assert "pass" not in found.message or "passw" in found.message


@pytest.mark.parametrize("away", ["http://[::1", "//[", "http://x:99999999/"])
def test_a_redirect_to_what_is_no_address_costs_its_picture_alone(away: str, fetcher: Fetcher) -> None:
    def sent(handler: Any) -> None:
        handler.send_response(302)
        handler.send_header("Location", away)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with picture_sets.served({"fit": b"x" * 10}, special={"away": sent}) as base:
        found = codes(fetcher.fetch([f"{base}/away", f"{base}/fit"]))
    assert found[0] in ("url_failed", "url_refused")
    assert found[1] == b"x" * 10


def test_large_ones_are_fetched_when_their_turn_has_come(monkeypatch: pytest.MonkeyPatch, fetcher: Fetcher) -> None:
    monkeypatch.setattr(urls, "SMALL", 100)
    with picture_sets.served({"small": b"s" * 100, "large": b"l" * 101}) as base:
        found = list(fetcher.fetch([f"{base}/large", f"{base}/small", f"{base}/large"]))
    assert found == [b"l" * 101, b"s" * 100, b"l" * 101]


def test_a_name_is_looked_at_by_every_address_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolved(host: str, port: int, **_: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    with pytest.raises(Refused):
        public_addresses("two-faced.example", 80, frozenset())
    assert public_addresses("two-faced.example", 80, frozenset({"two-faced.example"})) == ["93.184.216.34", "10.0.0.1"]


def test_a_redirect_to_a_private_address_is_refused(fetcher: Fetcher) -> None:
    def away(handler: Any) -> None:
        handler.send_response(302)
        handler.send_header("Location", "http://localhost:1/secret")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def round_and_round(handler: Any) -> None:
        handler.send_response(301)
        handler.send_header("Location", "/round")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def on(handler: Any) -> None:
        handler.send_response(307)
        handler.send_header("Location", "a.png")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    special = {"away": away, "round": round_and_round, "on": on}
    with picture_sets.served({"a.png": b"picture"}, special=special) as base:
        assert codes(fetcher.fetch([f"{base}/away", f"{base}/round", f"{base}/on"])) == ["url_refused", "url_failed", b"picture"]


def test_answers_are_bounded_whatever_they_say(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "LARGEST", 1000)

    def says_little(handler: Any) -> None:
        """Chunks without end: no length is said at all."""
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for _ in range(50):
            handler.wfile.write(b"64\r\n" + b"x" * 100 + b"\r\n")

    def says_much(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "999999999999")
        handler.end_headers()

    def breaks_off(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "500")
        handler.end_headers()
        handler.wfile.write(b"x" * 100)
        handler.close_connection = True

    special = {"little": says_little, "much": says_much, "broken": breaks_off}
    monkeypatch.setattr("pipeline.imagesources.urls.time.sleep", lambda _: None)
    with picture_sets.served({"fit": b"x" * 1000}, special=special) as base:
        found = codes(fetcher.fetch([f"{base}/{name}" for name in ("little", "much", "broken", "fit", "lost")]))
    assert found == ["picture_too_large", "picture_too_large", "url_failed", b"x" * 1000, "url_failed"]


@pytest.mark.parametrize("busy_code", [503, 522])
def test_a_busy_server_is_tried_again_a_dead_one_is_given_up(
    busy_code: int, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.imagesources.urls.time.sleep", lambda _: None)
    asked: list[str] = []

    def busy(handler: Any) -> None:
        asked.append("busy")
        good = len(asked) == 3
        handler.send_response(200 if good else busy_code)
        handler.send_header("Content-Length", "2" if good else "0")
        handler.end_headers()
        if good:
            handler.wfile.write(b"ok")

    with picture_sets.served({}, special={"busy": busy}) as base:
        assert fetcher.one(f"{base}/busy") == b"ok"
        assert len(asked) == 3
    assert codes([fetcher.one(f"http://127.0.0.1:{free_port()}/")]) == ["url_failed"]


def test_a_host_gets_few_connections_at_once(fetcher: Fetcher) -> None:
    at_once, most, lock = 0, 0, threading.Lock()
    go = threading.Barrier(urls.POLITE)

    def counted(handler: Any) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        go.wait(PATIENCE)  # all that may come at once are here
        with lock:
            at_once -= 1
        handler.send_response(200)
        handler.send_header("Content-Length", "1")
        handler.end_headers()
        handler.wfile.write(b"x")

    with picture_sets.served({}, special={"a": counted}) as base:
        assert codes(fetcher.fetch([f"{base}/a"] * (4 * urls.POLITE))) == [b"x"] * (4 * urls.POLITE)
    assert most == urls.POLITE


def test_the_name_of_the_host_is_what_the_server_hears(fetcher: Fetcher) -> None:
    """Though its address is what is connected to."""
    heard: list[str] = []

    def hears(handler: Any) -> None:
        heard.append(handler.headers["Host"])
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    made = Fetcher({"localhost"})
    try:
        with picture_sets.served({}, special={"a": hears}) as base:
            port = base.rpartition(":")[2]
            assert made.one(f"http://localhost:{port}/a?key=ä b") == b""
        assert heard == [f"localhost:{port}"]
    finally:
        made.close()


@pytest.mark.parametrize("where", ["head", "body"])
def test_a_server_that_trickles_is_left_when_its_time_is_over(
    where: str, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then begins the library's own bounds anew; in the headers nobody else would count."""
    gone = threading.Event()

    def trickles(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: " + (b"x\r\n\r\n" if where == "body" else b""))
        try:
            while not gone.wait(0.05):
                handler.wfile.write(b"a")
                handler.wfile.flush()
        except OSError:
            gone.set()
        handler.close_connection = True

    monkeypatch.setattr("pipeline.imagesources.urls.SECONDS", 0.5)
    with picture_sets.served({}, special={"slow": trickles}) as base:
        assert codes([fetcher.one(f"{base}/slow")]) == ["url_failed"]
        assert gone.wait(PATIENCE), "the connection was closed"
