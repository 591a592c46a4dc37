"""Who is told: pages, hooks, files. Each bounded, each slow or broken for itself alone."""

import asyncio
import errno
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from patience import PATIENCE

from models.engines.echo import EchoCaptioner
from pipeline.captioning.recipe import Recipe
from pipeline.engine.engine import Engine
from pipeline.errors import OutputError
from pipeline.formats.json import from_text
from pipeline.live.events import Event, line, stretch
from pipeline.live.outputs.base import Output
from pipeline.live.outputs.journal import Journal
from pipeline.live.outputs.lines import Added
from pipeline.live.outputs.page import Page
from pipeline.live.outputs.webhook import Hook
from pipeline.live.station import Station
from pipeline.types import Model


def caption(number: int, text: str = "A red ball rolls.") -> Event:
    event = stretch("caption", "gate", 1, number * 4.0, number * 4.0 + 4, text=text, outcome="ok", level=0)
    return {**event, "id": number, "latency": {"glass_to_text": 0.9, "engine": 0.6}}


async def page_of() -> Page:
    station = Station([], Recipe(model="echo"), Engine(EchoCaptioner()))
    page = Page("127.0.0.1:0", station)
    station.outputs.append(page)
    await page.open()
    return page


async def read(client: httpx.AsyncClient, url: str, count: int, **headers: str) -> list[tuple[str, dict[str, Any]]]:
    """(id, data) of the first events of a stream."""
    found: list[tuple[str, dict[str, Any]]] = []
    number, data = "", {}
    async with asyncio.timeout(PATIENCE), client.stream("GET", url, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for row in answer.aiter_lines():
            if row.startswith("id:"):
                number = row[3:].strip()
            if row.startswith("data:"):
                data = json.loads(row[5:])
            if not row and number:
                found.append((number, data))
                number = ""
            if len(found) >= count:
                break
    return found


async def test_a_client_that_comes_back_gets_what_it_missed() -> None:
    page = await page_of()
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        first = asyncio.create_task(read(client, f"{page.address}/events", 2))
        while not page._clients:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        for number in range(2):
            page.offer(caption(number))
        seen = await first
        assert [event["id"] for _, event in seen] == [0, 1]
        for number in range(2, 5):
            page.offer(caption(number))
        missed = await read(client, f"{page.address}/events", 3, **{"Last-Event-ID": seen[0][0]})
        assert [event["id"] for _, event in missed] == [1, 2, 3]
        other = await read(client, f"{page.address}/events", 5, **{"Last-Event-ID": "another-99"})
        assert [event["id"] for _, event in other] == [0, 1, 2, 3, 4]
    await page.close()


async def test_the_page_is_polite_and_its_texts_are_text() -> None:
    page = await page_of()
    page.offer(caption(1, "<script>alert(1)</script>"))
    async with httpx.AsyncClient(base_url=page.address, timeout=PATIENCE) as client:
        shown = await client.get("/")
        assert 'aria-live="polite"' in shown.text
        assert "default-src 'none'" in shown.headers["content-security-policy"]
        script = (await client.get("/page.js")).text
        assert "innerHTML" not in script
        latest = (await client.get("/latest")).json()
        assert latest["gate"]["text"] == "<script>alert(1)</script>"
        metrics = (await client.get("/metrics")).text
        assert 'scenescribe_live_latency_seconds_bucket{le="1.0",part="glass_to_text",stream="gate"} 1.0' in metrics
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/nothing")).status_code == 404
    await page.close()


async def test_a_client_that_is_too_slow_is_cut_off() -> None:
    page = await page_of()
    slow: asyncio.Queue[Any] = asyncio.Queue()
    page._clients.add(slow)
    for number in range(300):
        page.offer(caption(number))
    assert slow not in page._clients
    assert slow.qsize() == 200
    assert [slow.get_nowait() for _ in range(200)][-1] is None
    assert page.lost == 1
    await page.close()


class Slow(Output):
    name, most = "slow", 10

    def __init__(self) -> None:
        super().__init__()
        self.written: list[int] = []
        self.go = asyncio.Event()

    async def write(self, event: Event) -> None:
        await self.go.wait()
        self.written.append(event["id"])


async def test_a_slow_output_loses_its_oldest_and_counts_them() -> None:
    slow = Slow()
    await slow.open()
    await asyncio.sleep(0)
    for number in range(25):
        slow.offer(caption(number))
    slow.go.set()
    await slow.close()
    assert slow.lost == 15
    assert slow.written[-10:] == list(range(15, 25))


async def test_a_hook_that_fails_is_tried_again_and_gets_them_together(monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[dict[str, Any]] = []
    signed: list[str] = []
    refuse = [5]

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if refuse[0]:
                refuse[0] -= 1
                self.send_response(503)
            else:
                bodies.append(json.loads(body))
                signed.append(self.headers["X-Scenescribe-Signature"])
                self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr("pipeline.live.outputs.webhook.PAUSE", 0.1)
    hook = Hook(f"http://127.0.0.1:{server.server_address[1]}/", "secret")
    await hook.open()
    for number in range(4):
        hook.offer(caption(number))
    async with asyncio.timeout(PATIENCE):
        while sum(len(body["events"]) for body in bodies) < 4:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await hook.close()
    server.shutdown()
    server.server_close()
    assert [event["id"] for body in bodies for event in body["events"]] == [0, 1, 2, 3]
    assert all(one.startswith("t=") for one in signed)
    assert hook.lost == 0


async def test_what_a_stream_said_is_a_description_as_films_have_it(tmp_path: Path) -> None:
    model = Model(name="echo", id="echo", revision="", engine="echo", engine_version="1")
    shape = {"size": [320, 180], "fps": 10.0, "codec": "h264"}
    journal = Journal(tmp_path, ("srt",), Recipe(model="echo"), model, lambda _: shape)
    await journal.open()
    for event in (caption(0), stretch("gap", "gate", 1, 4.0, 8.0, reason="engine_slow", level=2), caption(2)):
        journal.offer(event)
    await journal.close()
    (described,) = tmp_path.glob("gate.*.descriptions.json")
    document = from_text(described.read_text())
    assert [one.start for one in document.captions] == [0.0, 8.0]
    assert [notice.code for notice in document.warnings] == ["not_described"]
    assert document.source.duration == 12.0
    (events,) = tmp_path.glob("gate.*.events.jsonl")
    assert [json.loads(row)["event"] for row in events.read_text().splitlines()] == ["caption", "gap", "caption"]
    assert next(tmp_path.glob("gate.*.srt")).read_text().startswith("1\n00:00:00,000 -->")


def test_a_line_is_valid_whatever_a_model_says() -> None:
    event = caption(1, "a\ud800\x00\n\u2028b") | {"_parts": object()}
    told = line(event)
    assert "\n" not in told
    assert json.loads(told)["text"]
    told.encode()
    assert SimpleNamespace(**json.loads(told)).id == 1


async def test_lines_are_added_through_the_door_of_all_outputs(tmp_path: Path) -> None:
    path = tmp_path / "told.jsonl"
    for _ in range(2):
        output = Added(path)
        await output.write(caption(1))
        await output.close()
    assert [json.loads(row)["text"] for row in path.read_text().splitlines()] == ["A red ball rolls."] * 2
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    (tmp_path / "victim").write_text("mine")
    os.link(tmp_path / "victim", tmp_path / "second")
    for name in ("pipe", "link", "second", "no/folder", ""):
        with pytest.raises(OutputError, match="unwritable"):
            Added(tmp_path / name)
    assert (tmp_path / "victim").read_text() == "mine"


async def test_a_full_disk_loses_lines_and_cuts_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "told.jsonl"
    output = Added(path)
    await output.open()
    real, room = os.write, [30]

    def full(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = real(descriptor, data[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr("pipeline.live.outputs.lines.os.write", full)
    for number in (1, 2):
        output.offer(caption(number))
    await asyncio.wait_for(output._empty.wait(), PATIENCE)
    assert (output.failures, output.lost) == (2, 1), "the first has begun, the second has not"
    room[0] = 1 << 20
    output.offer(caption(3))
    await output.close()
    assert [json.loads(row)["id"] for row in path.read_text().splitlines()] == [1, 3]


async def test_a_folder_is_tried_without_a_name_that_others_could_know(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / f".scenescribe-{os.getpid()}").symlink_to(victim)
    journal = journal_in(folder)
    await journal.open()
    await journal.close()
    assert victim.read_text() == "mine"
    with pytest.raises(OutputError, match="unwritable"):
        await journal_in(victim).open()


def journal_in(folder: Path) -> Journal:
    model = Model(name="echo", id="echo", revision="", engine="echo", engine_version="1")
    return Journal(folder, ("srt",), Recipe(model="echo"), model, lambda _: {"size": (320, 180), "fps": 10.0, "codec": "h264"})


async def test_lines_of_others_among_the_events_are_left_out_and_told(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    await journal.open()
    journal.offer(caption(0))
    await asyncio.wait_for(journal._empty.wait(), PATIENCE)
    strange = [b"[" * 5000, b"{}", b"\xff", b"null", b'{"event": "caption", "start": 1e999, "end": 2}', b'{"event": "gap", "start": 1, "end": 2}',
               line({**caption(1), "outcome": "fine"}).encode(), line({**caption(1), "text": [1]}).encode(), b"x" * (3 << 20)]  # fmt: skip
    with next(tmp_path.glob("*.events.jsonl")).open("ab") as file:
        file.write(b"\n".join(strange) + b"\n")
    journal.offer(caption(2))
    await asyncio.wait_for(journal._empty.wait(), PATIENCE)
    await journal.close()
    document = from_text(next(tmp_path.glob("*.descriptions.json")).read_text())
    assert [caption.start for caption in document.captions] == [0.0, 8.0]
    assert [warning.code for warning in document.warnings] == ["events_damaged"]


async def test_an_output_that_fails_in_a_way_nobody_thought_of_goes_on(tmp_path: Path) -> None:
    class Odd(Output):
        told: list[object] = []  # noqa: RUF012

        async def write(self, event: Event) -> None:
            if event["id"] == 1:
                raise ZeroDivisionError
            self.told.append(event["id"])

    odd = Odd()
    await odd.open()
    for number in (1, 2):
        odd.offer(caption(number))
    await odd.close()
    assert (odd.told, odd.failures) == ([2], 1)


async def test_the_page_answers_to_its_own_names_alone() -> None:
    page = await page_of()
    async with httpx.AsyncClient(base_url=page.address, timeout=PATIENCE) as client:
        assert (await client.get("/latest", headers={"Host": "evil.test"})).status_code == 421
        for host in ("localhost:80", "127.0.0.1", "[::1]:1"):
            assert (await client.get("/latest", headers={"Host": host})).status_code == 200
        number = "9" * 10_000
        async with client.stream("GET", "/events", headers={"Last-Event-ID": f"{page._boot}-{number}"}) as answer:
            assert answer.status_code == 200
    await page.close()
