"""Films at addresses: from hosts that are allowed, at public addresses, over TLS, within bounds; and from nowhere else."""

import asyncio
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from serving import Running, running

from pipeline.imagesources import connecting
from pipeline.serve.faults import HttpError
from pipeline.serve.fetching import Fetching

NAME = "localhost"


class Host(BaseHTTPRequestHandler):
    film: ClassVar[bytes] = b""
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        if self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path[4:])
            self.end_headers()
            return
        self.send_response(404 if self.path == "/none" else 200)
        size = 10**12 if self.path == "/huge" else len(self.film)
        if self.path == "/packed":
            self.send_header("Content-Encoding", "gzip")
        if self.path != "/endless":
            self.send_header("Content-Length", str(size))
        self.end_headers()
        try:
            self.wfile.write(self.film)
            while self.path == "/endless":
                self.wfile.write(bytes(100_000))
        except OSError:
            pass  # the service left, as it should

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[tuple[str, ssl.SSLContext]]:
    place = tmp_path_factory.mktemp("host")
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    subprocess.run(["openssl", *made, "-keyout", place / "key", "-out", place / "crt"], check=True, capture_output=True)
    Host.film = film.read_bytes()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    mine = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    mine.load_cert_chain(place / "crt", place / "key")
    server.socket = mine.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"{NAME}:{server.server_address[1]}", ssl.create_default_context(cafile=place / "crt")
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, host: tuple[str, ssl.SSLContext]) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("state") / "state", allow_url=(host[0],), max_upload="1MB") as service:
        service.service.fetching._trusted = host[1]
        yield service


def add(service: Running, url: str) -> tuple[int, dict[str, Any]]:
    answer = service.client.post("/v1/films", json={"url": url})
    return answer.status_code, answer.json()


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's own address counts as public."""
    monkeypatch.setattr(connecting, "is_public", lambda address: True)


@pytest.mark.usefixtures("public")
def test_a_film_is_fetched_and_the_same_film_is_the_same(served: Running, host: tuple[str, ssl.SSLContext], film: Path) -> None:
    status, told = add(served, f"https://{host[0]}/a/my%20film.mp4?token=secret")
    assert (status, told["name"], told["bytes"]) == (201, "my film.mp4", film.stat().st_size)
    assert Host.asked[-1] == "/a/my%20film.mp4?token=secret"
    again, same = add(served, f"https://{host[0]}/to?https://{host[0]}/b.mp4")
    assert (again, same["id"]) == (200, told["id"]), "a redirect within what is allowed is followed"
    assert served.upload(film)["id"] == told["id"]


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/none", 502, "url_failed"),
        ("/huge", 413, "too_large"),
        ("/endless", 413, "too_large"),
        ("/packed", 502, "url_failed"),
        ("/to?https://169.254.169.254/latest", 400, "url_refused"),
        ("/to?http://HOST/plain", 400, "url_refused"),
        ("/to?file:///etc/passwd", 400, "url_refused"),
        ("/to?/to?/to?/to?/to?/a.mp4", 502, "url_failed"),
    ],
)
def test_what_a_host_may_not_do(path: str, status: int, code: str, served: Running, host: tuple[str, ssl.SSLContext]) -> None:
    got, told = add(served, f"https://{host[0]}{path.replace('HOST', host[0])}")
    assert (got, told["error"]["code"]) == (status, code)
    assert list(served.service.incoming.glob("*")) == [], "nothing is left of it"


@pytest.mark.parametrize(
    "url", ["https://example.org/a.mp4", "http://HOST/a.mp4", "https://user:word@HOST/a.mp4", "https://HOST:99999/", "file:///etc/passwd",
            "https://localhost/a.mp4", "https://[::ffff:7f00:1]/a.mp4", "https://HOST/\u00fc.mp4", "scenescribe", ""],
)  # fmt: skip
def test_other_addresses_are_not_asked(url: str, served: Running, host: tuple[str, ssl.SSLContext]) -> None:
    before = len(Host.asked)
    got, told = add(served, url.replace("HOST", host[0]))
    assert (got, told["error"]["code"]) == (400, "url_refused")
    assert len(Host.asked) == before


def test_an_allowed_name_that_leads_inside_is_refused(served: Running, host: tuple[str, ssl.SSLContext]) -> None:
    before = len(Host.asked)
    got, told = add(served, f"https://{host[0]}/a.mp4")
    assert (got, told["error"]["message"]) == (400, "its host has an address that is not public")
    assert len(Host.asked) == before


def test_without_leave_nothing_is_fetched_and_few_at_once(service: Running, tmp_path: Path) -> None:
    assert add(service, "https://example.org/a.mp4")[1]["error"]["code"] == "urls_off"

    async def full() -> None:
        fetching = Fetching(["example.org"], most=10)
        async with fetching._turns, fetching._turns:
            await fetching.fetch("https://example.org/a.mp4", tmp_path)

    with pytest.raises(HttpError, match="come again") as caught:
        asyncio.run(full())
    assert caught.value.status == 429
