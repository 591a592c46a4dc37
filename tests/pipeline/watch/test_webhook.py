"""Webhooks: signed, tried again, refused for good, never in the way."""

import gzip
import hashlib
import hmac
import json
import threading
import tracemalloc
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import tenacity
from stub_server import Stub, body, endless

from pipeline.watch import webhook
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
