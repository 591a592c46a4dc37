"""Bodies that are meant to break what reads them: half characters, depth, pictures that unpack to gigabytes, items that are paths."""

import asyncio
import base64
import io
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import picture_files
import pytest
from patience import PATIENCE
from PIL import Image as pillow
from serving import Running

from pipeline.options.serve import ServeSettings
from pipeline.serve import media_servers, pictures
from pipeline.serve.bodies import DEEPEST, checked
from pipeline.serve.faults import HttpError
from pipeline.serve.media_servers import path_of, read_event
from pipeline.serve.pictures import pictures_of
from pipeline.watch.webhook import is_address

HALF = "\\ud800"


@pytest.mark.parametrize(("path", "body"), [
    ("/v1/jobs", '{"film": "%s"}'), ("/v1/jobs", '{"%s": 1, "film": "x"}'), ("/v1/jobs", '{"film": "FILM", "settings": {"%s": 1}}'),
    ("/v1/jobs", '{"film": "FILM", "settings": {"prompt": "%s"}}'), ("/v1/jobs", '{"film": "FILM", "webhook": "http://%s/"}'),
    ("/v1/films", '{"path": "films/%s"}'), ("/v1/films", '{"file_id": "%s"}'), ("/v1/completions", '{"prompt": "%s"}'),
    ("/v1/completions", '{"prompt": "a", "stop": ["%s"]}'), ("/v1/chat/completions", '{"messages": [{"role": "user", "content": "%s"}]}'),
    ("/v1/chat/completions", '{"messages": [{"role": "user", "content": [{"type": "%s"}]}]}'),
    ("/hooks/emby", '{"Event": "library.new", "Item": {"Path": "/%s"}}'), ("/hooks/plex", '{"event": "%s"}'),
])  # fmt: skip
def test_half_a_character_is_refused_wherever_it_stands(path: str, body: str, service: Running) -> None:
    film = service.client.post("/v1/films", json={"path": "films/series/one.mp4"}).json()["id"]
    text = body.replace("FILM", film) % HALF
    answer = service.client.post(path, content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] in ("bad_request", "bad_event")
    assert service.client.get("/v1/jobs").status_code == 200, "nothing was kept that can't be shown"


def test_what_is_nested_deeper_than_anybody_means_is_refused(service: Running) -> None:
    deep: Any = {}
    for _ in range(DEEPEST + 10):
        deep = {"items": deep}
    asked = {
        "messages": [{"role": "user", "content": "x"}],
        "response_format": {"type": "json_schema", "json_schema": {"schema": deep}},
    }
    answer = service.client.post("/v1/chat/completions", json=asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
    assert "brackets" in answer.json()["error"]["message"]
    assert checked({"a": [1, "\u00e9", {"b": None}]}) == {"a": [1, "\u00e9", {"b": None}]}


@pytest.mark.parametrize("language", ["%00", "%01x", "a%0Ab", "%F0%9F%98%80"])
def test_a_language_that_is_none_is_refused(language: str, service: Running) -> None:
    film = service.client.post("/v1/films", json={"path": "films/series/one.mp4"}).json()["id"]
    answer = service.client.get(f"/v1/films/{film}/tracks/descriptions.{language}.srt")
    assert answer.status_code in (400, 404), answer.text


@pytest.mark.parametrize(
    "url", ["http://[/", "http://a:99999999/", "http://", "ftp://a/", "http://a b/", "http://a\n/", "http://\u00e9.example/", "x"]
)
def test_an_address_that_can_not_be_called_is_refused_before_anything_is_kept(url: str, service: Running) -> None:
    film = service.client.post("/v1/films", json={"path": "films/series/one.mp4"}).json()["id"]
    answer = service.client.post("/v1/jobs", json={"film": film, "webhook": url})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "webhook")
    assert not is_address(url)
    assert is_address("https://user@films.example.org:8443/told?x=1")


def _refusal(act: Callable[[], object]) -> HttpError | None:
    try:
        act()
    except HttpError as error:
        return error
    return None


def png(side: int, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    pillow.new(mode, (side, side)).save(out, "PNG")
    return out.getvalue()


def test_pictures_are_counted_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS", 10_000)
    monkeypatch.setattr(pictures, "MOST_TOGETHER", 15_000)
    monkeypatch.setattr(pictures, "SHOWN_TOGETHER", 5_000)
    assert [one.shape for one in pictures_of([png(50, "P"), png(90, "LA")], "messages")] == [(50, 50, 3), (50, 50, 3)]
    for sizes in ([101], [90, 90]):
        with pytest.raises(HttpError, match="bad_image"):
            pictures_of([png(side) for side in sizes], "messages")


def test_damaged_pictures_are_bad_images_and_no_accidents() -> None:
    good = io.BytesIO()
    exif = pillow.Exif()
    exif[0x0112] = 6
    pillow.new("RGB", (20, 10)).save(good, "JPEG", exif=exif)
    assert pictures_of([good.getvalue()], "messages")[0].shape == (20, 10, 3), "it is turned upright"
    data, refused = good.getvalue(), list[HttpError | None]()
    for at in range(0, len(data), 3):
        for changed in (data[:at], data[:at] + b"\xff" + data[at + 1 :]):
            refused.append(_refusal(lambda data=changed: pictures_of([data], "messages")))  # type: ignore[misc]
    said = [error for error in refused if error is not None]
    assert len(said) > 50
    assert {error.code for error in said} == {"bad_image"}
    assert all(error.message.isprintable() for error in said)


@pytest.mark.parametrize("item", ["../../System/Restart", "1?x=", "a/b", "", "a" * 65, "\u0661", {"a": 1}, True])
def test_an_item_is_never_a_part_of_another_address(item: object) -> None:
    """What a server calls an item becomes part of an address that is called with its token."""
    event = {"NotificationType": "ItemAdded", "ItemId": item, "ItemPath": "/media/one.mp4"}
    told = list[Any]()
    refused = _refusal(lambda: told.append(read_event("jellyfin", event)))
    assert refused.code == "bad_event" if refused is not None else told[0].item == ""


class Strange(BaseHTTPRequestHandler):
    """A media server that answers too much, or byte by byte."""

    how = "much"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"[" * (100_000 if self.how == "much" else 1))
                if self.how == "slow":
                    time.sleep(0.05)
        except OSError:
            pass

    def log_message(self, *_: Any) -> None:
        pass


@pytest.mark.parametrize(("how", "said"), [("much", "more than"), ("slow", "did not answer within")])
async def test_a_media_server_that_never_ends_is_left(how: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_servers, "WHOLE", 0.5 if how == "slow" else 30.0)
    monkeypatch.setattr(Strange, "how", how)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Strange)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = ServeSettings(emby_url=f"http://127.0.0.1:{server.server_address[1]}")
    try:
        with pytest.raises(HttpError, match=said):
            await path_of(settings, "emby", "1")
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()


def test_a_picture_may_be_asked_about(service: Running) -> None:
    url = "data:image/png;base64," + base64.b64encode(png(30)).decode()
    asked = {
        "messages": [
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "What?"}]}
        ]
    }
    answer = service.client.post("/v1/chat/completions", content=json.dumps(asked), headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text


def test_a_jpeg_of_thousands_of_scans_is_not_decoded() -> None:
    usual, bomb = (picture_files.drawn_again((4000, 3000), times) for times in (0, 4000))
    assert [picture.shape for picture in pictures_of([usual], "messages")] == [(1536, 2048, 3)]
    with pytest.raises(HttpError, match=r"drawn in 4,0\d\d passes"):
        pictures_of([usual, bomb], "messages")


async def test_peers_that_say_nothing_and_too_many_of_them_are_closed() -> None:
    import uvicorn

    from pipeline.watch.connections import patient

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.6)  # longer than a peer may take to say what it wants: it has said it
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    sock = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, http=patient(seconds=0.3, most=3)))
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    place = sock.getsockname()[:2]
    try:
        async with asyncio.timeout(PATIENCE):
            for said in (b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: "):
                reader, writer = await asyncio.open_connection(*place)
                writer.write(said)
                assert await reader.read() == b"", "closed, though nothing was asked"
                writer.close()
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{place[1]}", timeout=PATIENCE) as client:
                for _ in range(2):  # also when the connection is used again
                    assert (await client.get("/")).text == "ok"
            held = [await asyncio.open_connection(*place) for _ in range(4)]
            held[3][1].write(b"GET / HTTP/1.1\r\n")
            with suppress(ConnectionError):
                assert await held[3][0].read() == b"", "there is no room for a fourth"
            for _, writer in held:
                writer.close()
    finally:
        server.should_exit = True
        await serving
        sock.close()


async def test_headers_without_end_are_not_kept() -> None:
    """Also those that come in trailers, behind a body that was answered already; a body itself may be long."""
    import uvicorn

    from pipeline.watch.connections import HEAD, REST, patient

    async def app(scope: Any, receive: Any, send: Any) -> None:
        size = 0
        while scope["method"] == "PUT" and (message := await receive())["type"] == "http.request":
            size += len(message["body"])
            if not message["more_body"]:
                break
        body = str(size).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    sock = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, http=patient()))
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    place = sock.getsockname()[:2]
    piece = b"X-A: " + b"a" * 60_000 + b"\r\n"
    try:
        async with asyncio.timeout(PATIENCE):
            for first, most in ((b"", HEAD), (b"Transfer-Encoding: chunked\r\n\r\n0\r\n", REST)):
                _, writer = await asyncio.open_connection(*place)
                writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n" + first)
                sent = 0
                with suppress(ConnectionError):
                    while sent < 20 * most:
                        writer.write(piece)
                        await writer.drain()
                        sent += len(piece)
                assert sent < 20 * most, "closed before that"
                writer.close()
                with suppress(ConnectionError):
                    await writer.wait_closed()
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{place[1]}", timeout=PATIENCE) as client:
                for _ in range(2):
                    assert (await client.put("/", content=bytes(2 * REST))).text == str(2 * REST)
    finally:
        server.should_exit = True
        await serving
        sock.close()


async def test_what_is_no_http_is_counted_in_a_line_and_not_printed_each_time(
    capfd: pytest.CaptureFixture[str], log_as_it_was: None
) -> None:
    """Port scanners knock all day: three that speak no HTTP, one that wants a WebSocket, and a minute later one more."""
    import uvicorn

    from pipeline import log
    from pipeline.watch.connections import SAID_EVERY, Malformed, patient

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def knock(said: bytes) -> bytes:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(*sock.getsockname()[:2])
            writer.write(said)
            answer = await reader.read(12)
            writer.close()
            return answer

    now = 0.0
    log.set_up("json")
    sock = socket.create_server(("127.0.0.1", 0))
    protocol = patient(malformed=Malformed(lambda: now))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, ws="none", http=protocol))
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    upgrade = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    try:
        assert [await knock(said) for said in (b"\x16\x03\x01\x02\x00\r\n\r\n", b"SSH-2.0-x\r\n\r\n", b"\0" * 99)] == [
            b"HTTP/1.1 400"
        ] * 3
        assert await knock(upgrade) == b"HTTP/1.1 200"
        now += SAID_EVERY
        await knock(b"SSH-2.0-x\r\n\r\n")
    finally:
        server.should_exit = True
        await serving
        sock.close()
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [(line["level"], line["times"]) for line in lines] == [("warning", 1), ("warning", 4)]


async def test_answers_are_sent_at_once() -> None:
    """Where Nagle's algorithm is left on, an answer of a head and a body takes 40 ms: the client holds its acknowledgement back."""
    from pipeline.watch.connections import bound

    made: asyncio.Future[asyncio.BaseTransport] = asyncio.get_running_loop().create_future()

    class Server(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            made.set_result(transport)

    sock = bound("127.0.0.1", 0)
    async with await asyncio.get_running_loop().create_server(Server, sock=sock):
        _, writer = await asyncio.open_connection(*sock.getsockname()[:2])
        connection = (await made).get_extra_info("socket")
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        writer.close()


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "http://127.0.0.1:9/", "http://[::1]/", "http://localhost:5432/"]
)
def test_a_webhook_into_our_own_network_is_refused_before_anything_is_kept(url: str, service: Running) -> None:
    film = service.client.post("/v1/films", json={"path": "films/series/one.mp4"}).json()["id"]
    answer = service.client.post("/v1/jobs", json={"film": film, "webhook": url})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "webhook_refused")
    assert "--allow-webhook" in answer.json()["error"]["message"]
