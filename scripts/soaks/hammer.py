"""scripts/soak hammer [--seconds 120]: a service that many use at once and badly, in search of one answer that is 500.

So many clients at once ask of all kinds: answers to the end and left in the middle, films that come, are captioned, and are removed
under their jobs and questions, jobs that are cancelled at any moment, pages, tracks, pictures, ranges, nonsense. Every --restart seconds
the service is ended (SIGTERM and SIGKILL in turn) and started again on its state.

Exit code 1 where an answer was 500, a stream told of a fault of ours, the log holds a traceback or an error, or a job is left undone.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from pipeline.bench.films import FilmSpec, make_films
from scripts.served import Served

OPTIONS = (
    "--engine", "echo", "--engine-arg", "pace=0.01", "--windows", "fixed:seconds=1", "--log-format", "json", "--max-asks", "32",
)  # fmt: skip
TASKS = ("caption", "caption", "summarize", "chapters", "index", "export", "mux", "preview", "burn")
MOST_FILMS = 24
SETTLE = 60.0
"""seconds in which one more job must be done, when nobody asks any more"""


class Crowd:
    def __init__(self, service: Served, films: list[bytes], seed: int) -> None:
        self.service, self._contents, self.chance = service, films, random.Random(seed)
        self.films: list[str] = []
        self.jobs: list[str] = []
        self.answers: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.away = False
        """the service is being ended and started"""
        self._count = 0

    async def ask_on(self, client: httpx.AsyncClient, until: float) -> None:
        """One of many, until then."""
        while time.monotonic() < until and not self.away:
            act = self.chance.choice(ACTS)
            try:
                await act(self, client)
            except httpx.HTTPError as error:
                self.answers[f"{act.__name__} {type(error).__name__}"] += 1
                if not self.away:
                    self.wrong.append(f"{act.__name__}: {type(error).__name__} {error}")

    def look(self, what: str, answer: httpx.Response, text: str = "") -> None:
        self.answers[f"{what} {answer.status_code}"] += 1
        if answer.status_code >= 500 and (answer.status_code != 503 or "Retry-After" not in answer.headers):
            self.wrong.append(f"{what}: {answer.status_code} {text[:300]}")

    def film(self) -> str:
        return self.chance.choice(self.films) if self.films else "none"

    def job(self) -> str:
        return self.chance.choice(self.jobs[-60:]) if self.jobs else "none"

    async def get(self, client: httpx.AsyncClient, path: str, **more: Any) -> None:
        answer = await client.get(path, **more)
        self.look(path.partition("?")[0].rpartition("/")[2][:12] or "/", answer, answer.text if answer.status_code >= 500 else "")

    async def upload(self, client: httpx.AsyncClient) -> None:
        if len(self.films) >= MOST_FILMS:
            await self.remove(client)
            return
        self._count += 1
        # a film of its own: something stands behind it that no reader looks at
        content = self.chance.choice(self._contents) + (16).to_bytes(4) + b"free" + self._count.to_bytes(8)
        answer = await client.put(f"/v1/files/film{self._count % 7}.mp4", content=content)
        self.look("upload", answer, answer.text)
        if answer.status_code == 201:
            self.films.append(answer.json()["id"])

    async def remove(self, client: httpx.AsyncClient) -> None:
        film = self.film()
        answer = await client.delete(f"/v1/films/{film}" if self.chance.random() < 0.5 else f"/v1/files/{film}")
        self.look("remove", answer, answer.text)
        if answer.status_code < 300 and film in self.films:
            self.films.remove(film)

    async def begin(self, client: httpx.AsyncClient) -> None:
        settings = {"language": f"x-{self.chance.randrange(4):08}"} if self.chance.random() < 0.5 else {}
        answer = await client.post(
            "/v1/jobs", json={"film": self.film(), "task": self.chance.choice(TASKS), "settings": settings},
            headers={"Idempotency-Key": str(self.chance.randrange(1000))} if self.chance.random() < 0.3 else {},
        )  # fmt: skip
        self.look("job", answer, answer.text)
        if answer.status_code == 202:
            self.jobs.append(answer.json()["id"])

    async def cancel(self, client: httpx.AsyncClient) -> None:
        answer = await client.delete(f"/v1/jobs/{self.job()}")
        self.look("cancel", answer, answer.text)

    async def follow(self, client: httpx.AsyncClient) -> None:
        await self._read(client, "GET", f"/v1/jobs/{self.job()}/events", None)

    async def ask(self, client: httpx.AsyncClient) -> None:
        content: list[dict[str, Any]] = [{"type": "text", "text": "What is it, and when? " * self.chance.choice((1, 1, 30))}]
        if self.chance.random() < 0.7:
            content.insert(0, {"type": "video_url", "video_url": {"url": f"scenescribe:{self.film()}"}})
        body = {"messages": [{"role": "user", "content": content}], "stream": self.chance.random() < 0.8}
        await self._read(client, "POST", "/v1/chat/completions", body)

    async def _read(self, client: httpx.AsyncClient, method: str, path: str, body: Any) -> None:
        """To the end, or left in the middle."""
        leave_at = self.chance.choice((0, 1, 3, 10**9, 10**9))
        async with client.stream(method, path, json=body) as answer:
            what = "events" if body is None else "chat"
            lines = 0
            if answer.status_code >= 400:
                await answer.aread()
                self.look(what, answer, answer.text)
                return
            self.look(what, answer)
            async for line in answer.aiter_lines():
                if "internal_error" in line:
                    self.wrong.append(f"{what}: {line[:300]}")
                lines += 1
                if lines > leave_at:
                    return

    async def page(self, client: httpx.AsyncClient) -> None:
        film, chance = self.film(), self.chance
        path = chance.choice((
            "/", f"/films/{film}", f"/v1/films/{film}", "/v1/films", "/v1/jobs", f"/v1/jobs?film={film}", f"/v1/jobs/{self.job()}", "/v1/files",
            f"/v1/files/{film}", f"/v1/films/{film}/tracks/descriptions.en.vtt", f"/v1/films/{film}/tracks/descriptions.x-00000001.srt",
            f"/v1/films/{film}/chapters.vtt", f"/v1/films/{film}/summary.json", "/v1/search?q=frames", f"/v1/search?q=frames&film={film}",
            f"/films/search?q=frames&film={film}", "/v1/models", "/v1/roots", "/metrics", "/readyz", "/healthz", "/openapi.json",
            f"/v1/films/{film}/preview.mp4", f"/v1/films/{film}/frame.jpg?at={chance.random() * 8:.2f}",
        ))  # fmt: skip
        await self.get(client, path)

    async def part(self, client: httpx.AsyncClient) -> None:
        start = self.chance.randrange(200_000)
        place = self.chance.choice(("films/{}/video", "files/{}/content")).format(self.film())
        await self.get(client, f"/v1/{place}", headers={"Range": f"bytes={start}-{start + self.chance.randrange(100_000)}"})

    async def nonsense(self, client: httpx.AsyncClient) -> None:
        path, content = self.chance.choice((
            ("/v1/jobs", b"{"), ("/v1/jobs", b'{"film": 5}'), ("/v1/chat/completions", b"\xff\xfe"), ("/v1/films", b'{"path": "../etc/passwd"}'),
            ("/v1/chat/completions", b'{"messages": []}'), ("/v1/files", b"--x\r\n"), ("/v1/hooks/jellyfin", b"[]"),
            ("/films/add", b"path=%00"), ("/v1/completions", b'{"prompt": ["", null]}'),
        ))  # fmt: skip
        answer = await client.post(path, content=content, headers={"Content-Type": "application/json"})
        self.look("nonsense", answer, answer.text)


ACTS = (
    Crowd.upload, Crowd.remove, Crowd.begin, Crowd.begin, Crowd.cancel, Crowd.follow, Crowd.ask, Crowd.ask, Crowd.page, Crowd.page, Crowd.page,
    Crowd.part, Crowd.nonsense,
)  # fmt: skip


def client_of(service: Served) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
    return httpx.AsyncClient(base_url=service.url, headers=service.headers, timeout=120, limits=limits)


def complaints(log: Path) -> list[str]:
    """What a service's log should not hold."""
    found = []
    for line in log.read_text(errors="replace").splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            found.append(line)  # a traceback, or what a library prints
            continue
        if told.get("level") in ("error", "critical") or "internal_error" in line:
            found.append(f"{line[:300]} ... {line[-1700:]}" if len(line) > 2000 else line)
    return [line for line in found if line.strip() and "#key=" not in line]


async def main(asked: argparse.Namespace, place: Path) -> dict[str, Any]:
    specs = [FilmSpec(seconds=seconds, width=160, height=96, fps=10, gop=10, seed=seconds) for seconds in (3, 6, 9)]
    films = [path.read_bytes() for path in make_films(place, specs, at_once=2)]
    service = Served(place / "state", OPTIONS)
    crowd = Crowd(service, films, asked.seed)
    end, rounds, began = time.monotonic() + asked.seconds, 0, time.monotonic()
    try:
        while time.monotonic() < end:
            service.start()
            crowd.away = False
            until = min(end, time.monotonic() + asked.restart)
            rounds += 1
            async with client_of(service) as client:
                asking = [asyncio.create_task(crowd.ask_on(client, until + 5)) for _ in range(asked.clients)]
                await asyncio.sleep(max(0.0, until - time.monotonic()))
                crowd.away = True
                if rounds % 2:
                    await asyncio.to_thread(service.__exit__, None, None, None)
                else:
                    service.kill()
                await asyncio.gather(*asking)
        service.start()
        left: list[str] = ["?"]
        async with client_of(service) as client:
            settled, fewest = time.monotonic() + SETTLE, 1 << 30
            while left and time.monotonic() < settled:
                await asyncio.sleep(0.5)
                if left != ["?"] and len(left) < fewest:
                    settled, fewest = time.monotonic() + SETTLE, len(left)
                left = [
                    job["id"]
                    for status in ("queued", "in_progress")
                    for job in (await client.get(f"/v1/jobs?status={status}&limit=1000")).json()["data"]
                ]
            failed = (await client.get("/v1/jobs?status=failed&limit=1000")).json()["data"]
            state = (await client.get("/readyz")).json()
    finally:
        service.__exit__(None, None, None)
    wrong = [*crowd.wrong, *complaints(service.log), *(f"{job} is not done" for job in left)]
    wrong += ["something is left in the engine"] if state["requests"]["in_flight"] or state["asks"]["open"] else []
    return {
        "seconds": round(time.monotonic() - began, 1), "clients": asked.clients, "starts": rounds + 1, "answers": sum(crowd.answers.values()),
        "by_status": dict(Counter(key.rpartition(" ")[2] for key in crowd.answers.elements()).most_common()),
        "by_kind": dict(sorted(crowd.answers.items())),
        "jobs": len(crowd.jobs), "failed": dict(Counter((job.get("error") or {}).get("code", "?") for job in failed).most_common()),
        "wrong": wrong[:60], "wrong_count": len(wrong),
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--restart", type=float, default=30.0, help="seconds between two ends of the service")
    parser.add_argument("--seed", type=int, default=0)
    with tempfile.TemporaryDirectory(prefix="scenescribe-soak-") as folder:
        found = asyncio.run(main(parser.parse_args(), Path(folder)))
    print(json.dumps(found, indent=2))
    sys.exit(bool(found["wrong"]))
