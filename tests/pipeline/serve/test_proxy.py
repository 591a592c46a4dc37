"""The example of docs/serve.md before the service: nginx with TLS. Streams come as they are made, uploads as they are sent."""

import re
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from blocks import ROOT
from patience import PATIENCE
from ports import free_port
from serving import Running, running

from models.base import Reply, Request
from models.engines.echo import EchoCaptioner

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="the proxy's example needs nginx (Debian: nginx-light)")
NAME = "films.example.org"


class Waiting(EchoCaptioner):
    """Says one word, and the next when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    async def stream(self, request: Request) -> AsyncIterator[str | Reply]:
        import asyncio

        yield "first"
        await asyncio.to_thread(self.go.wait, 30)
        yield " second"
        yield Reply(text="first second", finish="stop", prompt_tokens=1, completion_tokens=2)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    state = tmp_path_factory.mktemp("proxied") / "state"
    with running(state, captioner=Waiting(), allow_host=(NAME,), max_upload="50MB") as service:
        yield service


@pytest.fixture(scope="module")
def client(served: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    place = tmp_path_factory.mktemp("nginx")
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    subprocess.run(["openssl", *made, "-keyout", place / "key", "-out", place / "crt"], check=True, capture_output=True)
    port = free_port()
    block = re.search(r"```text\n(server \{.*?)```", (ROOT / "docs/serve.md").read_text(), re.DOTALL)
    assert block is not None
    example = block[1]
    for told, here in (
        ("listen 443", f"listen 127.0.0.1:{port}"), ("http://127.0.0.1:8770", served.url), (f"/etc/ssl/{NAME}.crt", f"{place}/crt"),
        (f"/etc/ssl/{NAME}.key", f"{place}/key"), ("proxy_set_header Host $host;", f"proxy_set_header Host {NAME};"),
    ):  # fmt: skip
        assert told in example
        example = example.replace(told, here)
    folders = "".join(f"{kind}_temp_path {place}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (place / "nginx.conf").write_text(
        f"daemon off; pid {place}/pid; error_log {place}/log; events {{}} http {{ access_log off; {folders} {example} }}"
    )
    proxy = subprocess.Popen([str(NGINX), "-p", place, "-e", place / "log", "-c", place / "nginx.conf"])
    trusted = ssl.create_default_context(cafile=place / "crt")
    client = httpx.Client(
        base_url=f"https://127.0.0.1:{port}", verify=trusted, headers={"Authorization": f"Bearer {served.key}", "Host": NAME},
        timeout=PATIENCE,
    )  # fmt: skip
    client.event_hooks["request"] = [lambda request: request.extensions.update(sni_hostname=NAME)]
    try:
        for _ in range(2400):
            try:
                client.get("/healthz")
                break
            except httpx.ConnectError:
                assert proxy.poll() is None, (place / "log").read_text()
                time.sleep(0.05)
        yield client
    finally:
        client.close()
        proxy.terminate()
        proxy.wait(PATIENCE)


def test_an_answer_comes_through_word_by_word(client: httpx.Client, served: Running) -> None:
    body = {"messages": [{"role": "user", "content": "x"}], "stream": True}
    with client.stream("POST", "/v1/chat/completions", json=body) as answer:
        assert answer.status_code == 200
        lines = answer.iter_lines()
        assert any('"first"' in line for line in lines), "it came while the next word was not made yet"
        assert not served.captioner.go.is_set()
        served.captioner.go.set()
        assert any('"content": " second"' in line for line in lines)


def test_an_upload_is_written_while_it_is_sent(client: httpx.Client, served: Running, film: Path) -> None:
    data = film.read_bytes()
    film_and_more = data + len(data).to_bytes(4) + b"free" + bytes(len(data) - 8)
    seen: list[int] = []

    def body() -> Iterator[bytes]:
        yield film_and_more[:1000]
        for _ in range(600):
            if any(served.service.incoming.glob("*/*")):
                break
            time.sleep(0.05)
        seen.append(len(list(served.service.incoming.glob("*/*"))))
        yield film_and_more[1000:]

    sent = client.put("/v1/files/film.mp4", content=body(), headers={"Content-Length": str(len(film_and_more))})
    assert sent.status_code == 201, sent.text
    assert seen == [1]
    part = client.get(f"/v1/files/{sent.json()['id']}/content", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")


def test_the_doors_stand_behind_it(client: httpx.Client, served: Running) -> None:
    stranger: Any = client.get("/v1/films", headers={"Authorization": "Bearer wrong"})
    assert (stranger.status_code, stranger.json()["error"]["code"]) == (401, "bad_key")
    signed = client.post("/signin", data={"key": served.key}, headers={"Origin": f"https://{NAME}", "Authorization": ""})
    assert signed.status_code == 303, signed.text
    assert "Secure" in signed.headers["set-cookie"]
    other = client.post("/signin", data={"key": served.key}, headers={"Origin": "https://evil.example"})
    assert other.json()["error"]["code"] == "origin_not_allowed"
