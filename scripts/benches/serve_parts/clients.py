"""The clients of ``scripts/bench serve``: they ask about films while these are captioned, and say what they saw."""

import argparse
import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import httpx

QUESTIONS = ("How many objects are there?", "What shape is red?", "Is there a star?", "What colour is the circle?")
SETTLING = 0.25
"""part of a stretch that is not counted"""


class Clients:
    """``films``: ids of those that are asked about."""

    def __init__(self, asked: argparse.Namespace, client: httpx.AsyncClient, films: Sequence[str]) -> None:
        self._asked, self._client, self._films = asked, client, films
        self._captioning: list[asyncio.Task[None]] = []

    async def look(self) -> None:
        """A first question about each film: its frames are decoded, its prefix is read."""
        for film in self._films:
            await self._ask(film, QUESTIONS[0], tokens=4)

    async def stretch(self, streams: int, pause: float) -> dict[str, Any]:
        """Captions a second, and what the streams saw."""
        self._caption()
        counted_from = time.monotonic() + SETTLING * self._asked.seconds
        until = time.monotonic() + self._asked.seconds
        firsts, gaps, ended = list[float](), list[float](), Counter[str]()

        async def person(number: int) -> None:
            await asyncio.sleep(pause * number / max(1, streams))  # people don't begin together
            for turn in range(1_000_000):
                if time.monotonic() >= until:
                    return
                began = time.monotonic()
                question = f"{QUESTIONS[(number + turn) % len(QUESTIONS)]} {number} {turn}"
                told, times = await self._ask(self._films[number % len(self._films)], question, until=until)
                if began > counted_from:
                    ended[told] += 1
                    if times:
                        firsts.append(times[0] - began)
                        gaps.extend(after - before for before, after in itertools.pairwise(times))
                await asyncio.sleep(pause)

        people = [asyncio.create_task(person(number)) for number in range(streams)]
        await asyncio.sleep(counted_from - time.monotonic())
        before, at = await self._windows(), time.monotonic()
        await asyncio.sleep(max(0.0, until - time.monotonic()))
        part: dict[str, Any] = {"streams": streams, "pause": pause}
        part["windows_s"] = round((await self._windows() - before) / (time.monotonic() - at), 2)
        await asyncio.gather(*people)
        if streams:
            part |= {"answers": dict(ended), "first_token": spread(firsts), "between_tokens": spread(gaps)}
        return part

    async def full(self) -> dict[str, Any]:
        """Seconds to a 429 while as many answers are open as may be."""
        opened, release = asyncio.Semaphore(0), asyncio.Event()

        async def hold(number: int) -> None:
            body = self._body(self._films[number % len(self._films)], QUESTIONS[0], 2048)
            if self._asked.engine == "echo":  # it says much about long texts alone
                body["messages"] = [{"role": "user", "content": "again and " * 1000}]
            async with self._client.stream("POST", "/v1/chat/completions", json=body) as answer:
                lines = answer.raise_for_status().aiter_lines()  # held: without it the answer would be closed
                await anext(lines)
                opened.release()
                await release.wait()
                assert isinstance(lines, AsyncGenerator)
                await lines.aclose()

        holders = [asyncio.create_task(hold(number)) for number in range(self._asked.streams)]
        for _ in holders:
            await opened.acquire()
        waits, codes = list[float](), Counter[int]()
        for _ in range(100):
            began = time.monotonic()
            answer = await self._client.post("/v1/chat/completions", json=self._body(self._films[0], "One more?", 8))
            codes[answer.status_code] += 1
            if answer.status_code == 429:
                waits.append(time.monotonic() - began)
        release.set()
        await asyncio.gather(*holders)
        return {"answers": {str(code): count for code, count in codes.items()}, "told_429": spread(waits)}

    async def quiet(self) -> None:
        """Cancel what is captioned."""
        for task in self._captioning:
            task.cancel()
        await asyncio.gather(*self._captioning, return_exceptions=True)
        self._captioning = []
        for status in ("in_progress", "queued"):
            for job in (await self._client.get("/v1/jobs", params={"status": status})).json()["data"]:
                await self._client.delete(f"/v1/jobs/{job['id']}")
        while (await self._client.get("/readyz")).json()["requests"]["in_flight"]:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.1)

    async def leaving(self) -> dict[str, float]:
        """Seconds from a client's end to the engine's."""
        took = []
        for number in range(20):
            body = self._body(self._films[0], f"{QUESTIONS[1]} {number}", 2048)
            async with self._client.stream("POST", "/v1/chat/completions", json=body) as answer:
                async for line in answer.aiter_lines():
                    if '"content": "' in line and '"role"' not in line:
                        break
            began = time.monotonic()
            while (await self._client.get("/readyz")).json()["requests"]["in_flight"]:  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.005)
            took.append(time.monotonic() - began)
        return spread(took)

    def _caption(self) -> None:
        async def again(film: str) -> None:
            while True:
                body = {"film": film, "settings": {"overwrite": True}}
                job = (await self._client.post("/v1/jobs", json=body)).raise_for_status().json()["id"]
                async with self._client.stream("GET", f"/v1/jobs/{job}/events") as told:
                    async for _ in told.aiter_lines():
                        pass

        self._captioning = self._captioning or [asyncio.create_task(again(film)) for film in self._films]

    async def _windows(self) -> int:
        for line in (await self._client.get("/metrics")).text.splitlines():
            if line.startswith("scenescribe_windows_total "):
                return int(float(line.split()[1]))
        raise AssertionError("the service counts windows")

    def _body(self, film: str, question: str, tokens: int) -> dict[str, Any]:
        shown = {"type": "video_url", "video_url": {"url": f"scenescribe:{film}"}}
        messages = [{"role": "user", "content": [shown, {"type": "text", "text": question}]}]
        return {"messages": messages, "stream": True, "max_tokens": tokens}

    async def _ask(
        self, film: str, question: str, tokens: int | None = None, *, until: float = float("inf")
    ) -> tuple[str, list[float]]:
        """How it ended, and when each piece of the answer came; one that is not over when the stretch is counts as ``open``."""
        times: list[float] = []
        try:
            body = self._body(film, question, tokens or self._asked.answer_tokens)
            async with self._client.stream("POST", "/v1/chat/completions", json=body) as answer:
                if answer.status_code != 200:
                    return str(answer.status_code), times
                async for line in answer.aiter_lines():
                    if line.startswith('data: {"error"'):
                        return "error", times
                    if line == "data: [DONE]":
                        return "whole", times
                    if '"content": "' in line and '"role"' not in line:
                        times.append(time.monotonic())
                        if times[-1] > until:
                            return "open", times
        except httpx.HTTPError as error:
            return type(error).__name__, times
        return "cut off", times


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and the worst, in seconds."""
    ordered = sorted(values)
    if not ordered:
        return {}
    at = {"p50": 0.5, "p95": 0.95, "max": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(part * len(ordered)))], 4) for name, part in at.items()} | {
        "count": len(ordered)
    }
