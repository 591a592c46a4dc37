"""Webhooks: signed, tried again, refused for good, never in the way."""

import gzip
import hashlib
import hmac
import json
import socket
import threading
import tracemalloc
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import tenacity
from stub_server import Stub, body, endless

from pipeline.serve import media_servers
from pipeline.serve.faults import HttpError
from pipeline.watch import webhook
from pipeline.watch.reachable import Reachable
from pipeline.watch.webhook import Webhook, sign


async def post(url: str, secret: str | None, delivery: str, event: Mapping[str, Any]) -> str:
    webhook = Webhook()
    try:
        return await webhook.post(url, secret, delivery, event)
    finally:
        await webhook.close()


EVENT = {"id": 7, "event": "done", "path": "/in/b\udcff.mp4"}


class Receiver:
    def __init__(self) -> None:
        self.answers: list[int] = []
        self.seen: list[tuple[dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.seen.append((dict(self.headers), body))
                self.send_response(outer.answers.pop(0) if outer.answers else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setattr(tenacity.wait_random_exponential, "__call__", lambda *_: 0.01)
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


async def test_the_signature_can_be_checked(receiver: Receiver) -> None:
    assert await post(receiver.url, "secret", "7", EVENT) == ""
    ((headers, body),) = receiver.seen
    moment, mac = (part.partition("=")[2] for part in headers["X-Scenescribe-Signature"].split(","))
    assert hmac.compare_digest(mac, hmac.new(b"secret", f"{moment}.".encode() + body, hashlib.sha256).hexdigest())
    assert headers["X-Scenescribe-Signature"] == sign("secret", int(moment), body)
    assert headers["X-Scenescribe-Delivery"] == "7"
    assert json.loads(body)["path"] == EVENT["path"], "the exact name, also where it is no text"


async def test_what_may_pass_is_tried_again_with_the_same_delivery(receiver: Receiver) -> None:
    receiver.answers = [503, 429]
    assert await post(receiver.url, None, "7", EVENT) == ""
    assert [headers["X-Scenescribe-Delivery"] for headers, _ in receiver.seen] == ["7"] * 3
    assert "X-Scenescribe-Signature" not in receiver.seen[0][0]


async def test_failures_are_told(receiver: Receiver) -> None:
    receiver.answers = [500, 500, 500]
    assert "500" in await post(receiver.url, None, "7", EVENT)
    receiver.answers = [410]
    assert (await post(receiver.url, None, "7", EVENT)).startswith("refused")
    receiver.answers = [302]
    assert (await post(receiver.url, None, "7", EVENT)).startswith("refused"), "no redirect is followed"
    assert await post("http://127.0.0.1:1/", None, "7", EVENT) != ""
    assert await post("http://[half/", None, "7", EVENT) != ""


async def test_an_answer_without_end_takes_neither_memory_nor_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for pause, says in ((0.0, ""), (0.02, "0.3 s")):
        if pause:
            monkeypatch.setattr(webhook, "WHOLE", 0.3)
        with Stub([], always=endless(b" " * (1 if pause else 60_000), pause=pause)) as server:
            assert says in await post(server.url, None, "d", {"event": "done"})
            assert len(server.requests) == 1, "the event arrived, or the receiver is not asked again at once"


async def test_a_bomb_is_not_unpacked() -> None:
    packed = body(200, gzip.compress(b" " * 100_000_000), {"Content-Encoding": "gzip"})
    with Stub([], always=packed) as server:
        tracemalloc.start()
        try:
            assert await post(server.url, None, "d", {"event": "done"}) == ""
            assert tracemalloc.get_traced_memory()[1] < 50e6
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data", "http://127.0.0.1:9/", "http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://[::1]:9/",
        "http://[::ffff:10.0.0.7]/", "http://[64:ff9b::a00:7]/", "http://localhost/", "http://LOCALHOST./", "http://db.localhost/",
        "http://10.0.0.7/", "https://user:secret@192.168.1.1:8443/x", "http://0.0.0.0:80/", "http://example.org\\@127.0.0.1/",
    ],
)  # fmt: skip
async def test_a_webhook_of_others_goes_to_no_address_that_is_ours(url: str) -> None:
    webhook = Webhook(Reachable(("10.0.0.7:1", "films.internal")))
    try:
        trouble = await webhook.post(url, None, "1", EVENT)
    finally:
        await webhook.close()
    assert trouble.startswith("refused: "), trouble
    assert "--allow-webhook" in trouble
    assert "--allow-host" not in trouble, "which is what serve may be called"


async def test_one_that_is_allowed_is_connected_at_the_address_that_was_looked_at(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name means this machine when it is looked up, and nothing at all a moment later."""
    port = receiver.server.server_address[1]
    found, asked = socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM), list[str]()

    def look_up(host: str, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        return found if host == "hooks.internal" else real(host, *rest, **more)

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    webhook = Webhook(Reachable((f"hooks.internal:{port}",)))
    try:
        assert await webhook.post(f"http://anna:s3cret@hooks.internal:{port}/told?x=1", None, "1", EVENT) == ""
    finally:
        await webhook.close()
    assert asked.count("hooks.internal") == 1
    headers, _ = receiver.seen[0]
    assert headers["Host"] == f"hooks.internal:{port}"
    assert headers["Authorization"].startswith("Basic ")


async def test_a_name_that_nobody_knows_is_tried_again(receiver: Receiver) -> None:
    webhook = Webhook(Reachable(()))
    try:
        trouble = await webhook.post("http://nobody.invalid/", None, "1", EVENT)
    finally:
        await webhook.close()
    assert trouble
    assert not trouble.startswith("refused")


@pytest.mark.parametrize("proxy", ["socks5://user:secret@127.0.0.1:9", "ftp://user:secret@proxy.example:3128"])
async def test_a_proxy_that_can_not_be_used_is_told_and_no_accident(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    told = await post("http://127.0.0.1:9/hook", None, "1", EVENT)
    assert told.startswith("the proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names can't be used: ")
    assert "secret" not in told
    with pytest.raises(HttpError, match="the proxy that HTTP_PROXY"):
        await media_servers._send("GET", "http://127.0.0.1:9/items", {})
