"""The service under load, under a huge upload, and killed: what it loses, what it keeps, what it grows by.

    scripts/soak serve                          all three; two cores, about ten minutes and 21 GB of free disk
    scripts/soak serve --only load --requests 10000 --streams 64
    scripts/soak serve --only upload --gigabytes 20
    scripts/soak serve --only kill --jobs 100 --readers 20 --kills 3

    load     so many requests of all kinds by so many clients at once, most of them streams: none fails; memory and descriptors after
             each tenth (the first is the warm-up) and at the end
    upload   a film with so many gigabytes of nothing behind it is sent as it is, and the service's memory watched meanwhile; one that says
             that it is too large is told so before its first byte is sent
    kill     SIGKILL while so many jobs are queued or run and so many readers follow their events: each job ends once, with each caption
             told once, and a reader that goes on with Last-Event-ID sees every number once

Exit code 1 where one of these does not hold.
"""

import argparse
import asyncio
import json
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from pipeline.bench.films import FilmSpec, make_films
from scripts.served import Served

ECHO = ("--engine", "echo", "--windows", "fixed:seconds=1", "--log-format", "json")
MIB = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=["load", "upload", "kill"])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--streams", type=int, default=64)
    parser.add_argument("--gigabytes", type=float, default=20.0)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="a folder of a disk with room, for the state; a temporary one otherwise")
    asked = parser.parse_args()
    failed = []
    for name, work in (("load", load), ("upload", upload), ("kill", kill)):
        if asked.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="scenescribe-soak-", dir=asked.folder) as place:
                found = asyncio.run(work(asked, Path(place)))
            print(json.dumps({name: found}), flush=True)
            failed += [f"{name}: {what}" for what in found["wrong"]]
    if failed:
        sys.exit("\n".join(failed))


def _client(service: Served, connections: int) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=connections)
    return httpx.AsyncClient(base_url=service.url, headers=service.headers, timeout=600, limits=limits)


async def _send(client: httpx.AsyncClient, path: Path) -> str:
    return str((await client.put(f"/v1/files/{path.name}", content=path.read_bytes())).raise_for_status().json()["id"])


async def load(asked: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Requests of all kinds, many at once."""
    films = make_films(
        place, [FilmSpec(seconds=6, width=160, height=96, fps=10, gop=10, seed=seed) for seed in range(4)], at_once=2
    )
    seen, sizes = Counter[str](), list[tuple[int, int]]()
    with Served(place / "state", (*ECHO, "--max-asks", str(asked.streams))) as service:
        async with _client(service, asked.streams) as client:
            ids = [await _send(client, path) for path in films]
            for id in ids:
                job = (await client.post("/v1/jobs", json={"film": id})).json()["id"]
                await client.get(f"/v1/jobs/{job}/events")
            numbers = iter(range(asked.requests))
            began = time.monotonic()

            async def worker() -> None:
                for number in numbers:
                    try:
                        seen[await _one(client, number, ids[number % len(ids)])] += 1
                    except httpx.HTTPError as error:
                        seen[type(error).__name__] += 1
                    if (number and number % (asked.requests // 10) == 0) or number == asked.requests - 1:
                        sizes.append((service.rss, service.descriptors))

            await asyncio.gather(*(worker() for _ in range(asked.streams)))
            took = time.monotonic() - began
            state = (await client.get("/readyz")).json()
    grown = sizes[-1][0] - sizes[0][0]
    wrong = [f"{count} x {what}" for what, count in seen.items() if what != "200"]
    wrong += [f"grew by {grown / MIB:.0f} MiB"] if grown > 32 * MIB else []
    wrong += ["something is left in the engine"] if state["requests"]["in_flight"] or state["asks"]["open"] else []
    return {
        "requests": sum(seen.values()), "at_once": asked.streams, "seconds": round(took, 1), "per_second": round(asked.requests / took),
        "rss_mib": [round(rss / MIB, 1) for rss, _ in sizes], "descriptors": [count for _, count in sizes], "wrong": wrong,
    }  # fmt: skip


async def _one(client: httpx.AsyncClient, number: int, film: str) -> str:
    """One request; six of ten are streamed answers, half of them about a film. Its status, or how its stream ended."""
    kind = number % 10
    if kind < 6:
        text = {"type": "text", "text": f"What is it, {number}?"}
        shown = {"type": "video_url", "video_url": {"url": f"scenescribe:{film}"}}
        body = {"messages": [{"role": "user", "content": [shown, text] if kind % 2 else [text]}], "stream": True}
        async with client.stream("POST", "/v1/chat/completions", json=body) as answer:
            last = ""
            async for line in answer.aiter_lines():
                last = line or last
        return str(answer.status_code) if last == "data: [DONE]" or answer.status_code != 200 else f"ended with {last[:80]}"
    paths = (
        f"/v1/films/{film}/tracks/descriptions.en.vtt", f"/v1/jobs?film={film}", f"/films/{film}", f"/v1/search?q=frames&film={film}",
    )  # fmt: skip
    return str((await client.get(paths[kind - 6])).status_code)


async def upload(asked: argparse.Namespace, place: Path) -> dict[str, Any]:
    """A film with nothing behind it: a box of type ``free``, which every reader skips."""
    size = int(asked.gigabytes * 1e9)
    film = make_films(place, [FilmSpec(seconds=2, width=160, height=96, fps=10, gop=10)], at_once=1)[0].read_bytes()
    nothing = size - len(film) - 16
    peak = 0
    with Served(place / "state", (*ECHO, "--max-upload", f"{size + 1}B")) as service:
        async with _client(service, 4) as client:
            await client.put("/v1/files/small.mp4", content=film)
            before = peak = service.rss

            async def body() -> AsyncIterator[bytes]:
                nonlocal peak
                yield film + (1).to_bytes(4) + b"free" + (nothing + 16).to_bytes(8)
                piece, left = bytes(MIB), nothing
                while left:
                    yield piece[: min(left, MIB)]
                    left -= min(left, MIB)
                    peak = max(peak, service.rss)

            began = time.monotonic()
            sent = await client.put("/v1/files/huge.mp4", content=body(), headers={"Content-Length": str(size)})
            took = time.monotonic() - began
            peak = max(peak, service.rss)
            wrong = [] if sent.status_code == 201 and sent.json()["bytes"] == size else [f"{sent.status_code}: {sent.text[:300]}"]
        told, answered = await asyncio.to_thread(_told_too_large, service, size + 2_000_000)
    grown = peak - before
    wrong += [f"grew by {grown / MIB:.0f} MiB"] if grown > 64 * MIB else []
    wrong += [f"a told one: {told}"] if told != 413 else []
    return {
        "gigabytes": asked.gigabytes, "seconds": round(took, 1), "mb_per_second": round(size / 1e6 / took), "grew_mib": round(grown / MIB, 1),
        "told_413_after_s": round(answered, 4), "wrong": wrong,
    }  # fmt: skip


def _told_too_large(service: Served, size: int) -> tuple[int, float]:
    """The status of an upload that says its size and sends no byte of it, and the seconds until it came."""
    place = urlsplit(service.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        head = f"PUT /v1/files/x.mp4 HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {service.key}\r\nContent-Length: {size}\r\n\r\n"
        began = time.monotonic()
        connection.sendall(head.encode())
        return int(connection.recv(64).split()[1]), time.monotonic() - began


async def kill(asked: argparse.Namespace, place: Path) -> dict[str, Any]:
    """Kill it with jobs queued and running, and readers open; the same readers go on where they were."""
    films = make_films(
        place, [FilmSpec(seconds=20, width=128, height=72, fps=8, gop=8, seed=seed) for seed in range(10)], at_once=2
    )
    service = Served(place / "state", ECHO)
    readers: dict[str, list[tuple[int, str, dict[str, Any]]]] = {}
    jobs: list[str] = []
    stops = 0
    began = time.monotonic()
    while stops <= asked.kills:
        service.start()
        async with _client(service, asked.readers) as client:
            if not jobs:
                ids = [await _send(client, path) for path in films]
                for number in range(asked.jobs):
                    language = f"x-{number // len(ids):08}"
                    body = {"film": ids[number % len(ids)], "settings": {"language": language}}
                    answer = await client.post("/v1/jobs", json=body, headers={"Idempotency-Key": str(number)})
                    jobs.append(answer.raise_for_status().json()["id"])
                readers = {job: [] for job in jobs[:: max(1, asked.jobs // asked.readers)][: asked.readers]}
            reading = [asyncio.create_task(_follow(client, job, seen)) for job, seen in readers.items()]
            if stops < asked.kills:
                while sum(map(len, readers.values())) < (stops + 1) * 60 and not all(task.done() for task in reading):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                service.kill()
                await asyncio.gather(*reading)
                stops += 1
                continue
            await asyncio.gather(*reading)
            for job in jobs:
                await client.get(f"/v1/jobs/{job}/events")
            states = [(await client.get(f"/v1/jobs/{job}")).json() for job in jobs]
            told = {job: (await client.get(f"/v1/jobs/{job}/events")).text for job in jobs}
            stops += 1
    service.__exit__(None, None, None)
    wrong = [f"{state['id']} is {state['status']}" for state in states if state["status"] != "completed"]
    for job, text in told.items():
        numbers = _events(text)
        captions = Counter(data["start"] for _, name, data in numbers if name == "caption")
        ends = sum(name == "done" for _, name, _ in numbers)
        if ends != 1 or len(captions) != 20 or set(captions.values()) != {1}:
            wrong.append(f"{job}: {ends} ends, {len(captions)} captions, {sum(captions.values())} told")
        if job in readers and readers[job] != numbers:
            wrong.append(f"{job}: its reader saw {len(readers[job])} events of {len(numbers)}")
    return {
        "jobs": len(jobs), "readers": len(readers), "kills": asked.kills, "seconds": round(time.monotonic() - began, 1),
        "events": sum(map(len, readers.values())), "wrong": wrong,
    }  # fmt: skip


async def _follow(client: httpx.AsyncClient, job: str, seen: list[tuple[int, str, dict[str, Any]]]) -> None:
    """Read a job's events from where we were, until they end or the service does."""
    text = ""
    try:
        headers = {"Last-Event-ID": str(seen[-1][0])} if seen else {}
        async with client.stream("GET", f"/v1/jobs/{job}/events", headers=headers) as answer:
            async for piece in answer.aiter_text():
                text += piece
                whole, text = text[: text.rfind("\n\n") + 2], text[text.rfind("\n\n") + 2 :]
                seen += _events(whole)
    except httpx.HTTPError:
        pass  # what was cut in the middle is read again


def _events(text: str) -> list[tuple[int, str, dict[str, Any]]]:
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "id" in fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


if __name__ == "__main__":
    main()
