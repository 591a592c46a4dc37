"""What a second question costs, and what questions cost an engine that is captioning: the table of docs/performance.md.

    scripts/bench ask --model FOLDER --random-weights --json ask.json         one GPU, within six minutes
    scripts/bench ask --model shapes --frames 32 --seconds 20                 two cores

One engine in the profile of questions, asked through the house's own gate:

    idle     for each of so many films the first question and three more: seconds to the first token, everything counted
             (pictures prepared, prompt read); the ratio is that of the medians
    left     long answers that are left after their first piece: seconds until the engine has nothing more of them under way
    load     captions of windows that nobody has seen, as many in flight as the engine takes: alone, then with a question about one of
             four open films each half second, alone again; the first seconds of each stretch are not counted. ``parts``: where the
             seconds to the first token went, by vLLM's own clock: until its core had the question, until its step began, until that
             was done, and back; ``step``: seconds between two tokens of a caption, which are a step of the engine each

A model of random weights writes tokens that are no text, so nothing comes before its answer is whole: an answer has one token here, and
the whole of it is the first. Captions are of 32 to 96 tokens, 64 in the mean: all of one length they end together, and begin together.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.needed import needed, needed_model

needed("vllm")

from models.base import Reply, Request, Sampling
from pipeline.engine.engine import Engine
from pipeline.engine.gate import Priority
from pipeline.engine.opening import choose_preset, open_captioner
from pipeline.host import FOR_QUESTIONS
from pipeline.options.caption import Settings
from scripts.benches.ask_parts.timing import timed_requests

QUESTIONS = ("How many objects are there?", "What shape is red?", "Is there a star?", "What colour is the circle?")
RULES = "These are frames of a film, in order. Answer questions about it plainly and briefly, from what is there alone. " * 2
LONG = 400
"""tokens of an answer that is left"""
SETTLING = 0.25
"""part of a stretch under load that is not counted: its beginning sends all windows at once"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="a preset or a model's folder")
    parser.add_argument("--random-weights", action="store_true")
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--films", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=40.0, help="of each of the three stretches under load; 0: none")
    parser.add_argument("--every", type=float, default=0.5, help="seconds between two questions under load")
    parser.add_argument("--window-frames", type=int, default=8)
    parser.add_argument("--answer-tokens", type=int, default=1)
    parser.add_argument("--caption-tokens", type=int, default=64)
    parser.add_argument("--max-num-seqs", type=int)
    parser.add_argument("--max-model-len", type=int)
    parser.add_argument("--engine-arg", action="append", default=[])
    parser.add_argument("--json", type=Path, help="also write the numbers here, after each step")
    asked = parser.parse_args()
    needed_model(asked.model, random_weights=asked.random_weights)
    asyncio.run(_run(asked))


async def _run(asked: argparse.Namespace) -> None:
    settings = Settings(
        model=asked.model,
        max_num_seqs=asked.max_num_seqs,
        max_model_len=asked.max_model_len,
        engine_arg=(*asked.engine_arg, *(("load_format=dummy",) if asked.random_weights else ())),
    )
    preset = choose_preset(settings)
    captioner = open_captioner(settings, preset, profile="questions")
    found: dict[str, Any] = {"machine": _machine(), "model": preset.name, "frames": asked.frames}
    began = time.monotonic()
    async with Engine(captioner, reserve=FOR_QUESTIONS) as engine:
        await engine.warm()
        found |= {"engine": f"vllm {captioner.engine_version}", "start": round(time.monotonic() - began, 1)}
        say = "Describe the video."
        await engine.ask(_film(preset, asked.window_frames, say, asked.caption_tokens, seed=1_000_000), priority=Priority.CAPTION)
        found["idle"] = await _idle(engine, preset, asked)
        found["left"] = await _left(engine, preset, asked)
        _keep(found, asked.json)
        if asked.seconds:
            films = [_film(preset, asked.frames, QUESTIONS[0], asked.answer_tokens, seed=n, key=f"open {n}") for n in range(4)]
            for film in films:
                await engine.ask(film, priority=Priority.QUESTION)
            found["load"] = []
            for asking in (False, True, False):
                found["load"].append(await _load(engine, preset, asked, films if asking else ()))
                _keep(found, asked.json)
            alone = statistics.mean(part["windows_s"] for part in found["load"][::2])
            found["captioning_kept"] = round(found["load"][1]["windows_s"] / alone, 3)
        _keep(found, asked.json)
    print(json.dumps(found, indent=1))


async def _idle(engine: Engine, preset: Any, asked: argparse.Namespace) -> dict[str, Any]:
    first, later, shares = list[float](), list[float](), list[float]()
    for number in range(asked.films):
        film = _film(preset, asked.frames, "", asked.answer_tokens, seed=100 + number, key=f"film {number}")
        for n, question in enumerate(QUESTIONS):
            seconds, reply = await _ask(engine, film, question)
            (later if n else first).append(seconds)
            if n:
                shares.append(reply.cached_tokens / reply.prompt_tokens)
    return {
        "first": _spread(first),
        "later": _spread(later),
        "ratio": round(statistics.median(later) / statistics.median(first), 3),
        "cached_share": round(min(shares), 4),
    }


async def _left(engine: Engine, preset: Any, asked: argparse.Namespace) -> dict[str, Any]:
    """Answers that nobody waits for any more: when the engine's own gauge says that it is at work on none."""
    film = _film(preset, asked.frames, QUESTIONS[0], LONG, seed=200, key="left")
    await engine.ask(replace(film, sampling=Sampling(max_tokens=1)), priority=Priority.QUESTION)
    seconds, at_work = list[float](), 0
    for number in range(asked.films * 2):
        sampling = Sampling(max_tokens=LONG, temperature=1.5, seed=number)  # it rambles: the answer is long
        async with aclosing(engine.stream(replace(film, sampling=sampling))) as pieces:  # type: ignore[type-var]
            await anext(pieces)
            at_work += bool((await engine.captioner.metrics()).get("running"))
            began = time.monotonic()
        while (await engine.captioner.metrics()).get("running"):  # noqa: ASYNC110 - a gauge tells no events
            await asyncio.sleep(0.002)
        seconds.append(time.monotonic() - began)
    return {**_spread(seconds), "answers": len(seconds), "at_work_when_left": at_work}


async def _load(engine: Engine, preset: Any, asked: argparse.Namespace, films: Sequence[Request]) -> dict[str, Any]:
    """One stretch: windows a second, and seconds to the first token of the questions asked meanwhile."""
    until = time.monotonic() + asked.seconds
    counted_from = time.monotonic() + SETTLING * asked.seconds
    done, waits, shares = 0, list[float](), list[float]()
    bank = [_film(preset, asked.window_frames, "Describe the video.", asked.caption_tokens, seed=10_000 + n) for n in range(16)]

    async def captions(worker: int) -> None:
        nonlocal done
        count = 0
        while time.monotonic() < until:
            count += 1
            window = bank[(worker + count) % len(bank)]
            assert window.video is not None
            pixels = window.video.copy()
            pixels[0, 0, :3] = np.frombuffer(np.int64(time.monotonic_ns()).tobytes() + bytes([worker % 256]), np.uint8).reshape(
                3, 3
            )
            length = round(asked.caption_tokens * (0.5 + (7 * worker + 13 * count) % 33 / 32))
            sampling = replace(window.sampling, max_tokens=length)
            one = Request(prompt=window.prompt, video=pixels, times=window.times, sampling=sampling)
            await engine.ask(one, priority=Priority.CAPTION, owner=worker)
            done += time.monotonic() > counted_from

    async def questions() -> None:
        number = 0
        asking: list[asyncio.Task[None]] = []

        async def one(number: int) -> None:
            question = f"{QUESTIONS[number % len(QUESTIONS)]} {number}"
            seconds, reply = await _ask(engine, films[number % len(films)], question)
            if time.monotonic() - seconds > counted_from:
                waits.append(seconds)
                shares.append(reply.cached_tokens / reply.prompt_tokens)

        while time.monotonic() < until - 1:
            asking.append(asyncio.create_task(one(number)))
            number += 1
            await asyncio.sleep(asked.every)
        await asyncio.gather(*asking)

    workers = [captions(n) for n in range(engine.limit)]
    with timed_requests() as timed:
        await asyncio.gather(*workers, *((questions(),) if films else ()))
    part: dict[str, Any] = {"asking": bool(films), "windows_s": round(done / (time.monotonic() - counted_from), 2)}
    if steps := [one.step for one in timed if one.step]:
        part["step"] = _spread(steps)
    if waits:
        asked_for = [one for one in timed if one.priority == Priority.QUESTION]
        part["parts"] = {name: _spread([one.parts[name] for one in asked_for]) for name in ("sent", "queued", "computed", "back")}
        part |= {"first_token": _spread(waits), "questions": len(waits), "cached_share": round(min(shares), 4)}
    return part


async def _ask(engine: Engine, film: Request, question: str) -> tuple[float, Reply]:
    """Seconds to the first token, and the reply."""
    began, first = time.monotonic(), 0.0
    request = Request(
        prompt=question, preamble=film.preamble, video=film.video, times=film.times, key=film.key, sampling=film.sampling
    )
    async with aclosing(engine.stream(request)) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            first = first or time.monotonic() - began
            if isinstance(piece, Reply):
                return first, piece
    raise AssertionError("a stream ends with its reply")


def _film(preset: Any, frames: int, prompt: str, tokens: int, *, seed: int, key: str | None = None) -> Request:
    """Pictures of noise, which nothing can shorten: a model with random weights does not mind."""
    width, height = preset.frame_size(640, 360)
    video = np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)
    preamble = RULES if key is not None else ""
    times = tuple(0.5 * n for n in range(frames))
    return Request(prompt=prompt, preamble=preamble, video=video, times=times, key=key, sampling=Sampling(max_tokens=tokens))


def _spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile and the worst, in seconds."""
    ordered = sorted(values)
    at = {"p50": 0.5, "p95": 0.95, "max": 1.0}
    return {name: round(ordered[min(len(ordered) - 1, int(part * len(ordered)))], 4) for name, part in at.items()}


def _keep(found: dict[str, Any], path: Path | None) -> None:
    if path is not None:
        path.write_text(json.dumps(found, indent=1))


def _machine() -> str:
    import torch

    gpu = f"{torch.cuda.get_device_name(0)}, " if torch.cuda.is_available() else ""
    return f"{gpu}{platform.machine()}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
