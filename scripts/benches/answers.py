"""How often `ask` is right where the truth is known: films of drawn scenes, the embedded model, the whole way through the house.

scripts/bench answers --minutes 10 --films 2 --questions 200 --equal 1000

window   questions about one scene (--at its seconds): the answer is the scene's, to the letter
when     "When is there a red star?": the first citation lies in a scene that holds one; every citation lies inside the film
equal    so many greedy questions about twenty short films, interleaved and many at once, with all caches, against the same asked one
         by one under keys that were never seen: the same words, and none that another film would have given
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.needed import needed

needed("av", "vllm")

import av

from models.base import Request
from pipeline.asking.talk import Talk
from pipeline.asking.types import Answer
from pipeline.engine.gate import Priority
from pipeline.host import Host
from pipeline.options.ask import AskSettings
from scripts.shapes_world import words
from scripts.shapes_world.chance import sample_scene
from scripts.shapes_world.draw import Painter
from scripts.shapes_world.world import Scene

SIZE, FPS, SECONDS = (480, 360), 10, (3.0, 4.0, 5.0, 6.0, 8.0)
FILMS_ASKED = 20
"""about which questions are asked in turn"""
Placed = tuple[float, float, Scene]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="of each film")
    parser.add_argument("--films", type=int, default=2)
    parser.add_argument("--questions", type=int, default=100, help="of each kind; 0: none")
    parser.add_argument("--equal", type=int, default=1000, help="0: none")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, help="also write the numbers here, after each step")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scenescribe-answers-") as place:
        found = asyncio.run(run(Path(place), asked))
    print(json.dumps(found, indent=1))
    _keep(found, asked.json)


async def run(place: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Films made, described and asked about with one engine."""
    chance = Random(asked.seed)
    films = [(place / f"film{n}.mp4", scenes(chance, asked.minutes * 60)) for n in range(asked.films)]
    for path, placed in films if asked.questions else ():
        write(path, placed)
    settings = AskSettings(model="shapes", sure=True, caption=True, state_dir=place / "state")
    found: dict[str, Any] = {}
    if asked.questions:
        found = {"films": asked.films, "minutes": asked.minutes, "scenes": sum(len(placed) for _, placed in films)}
    async with Host(settings.describing(), profile="questions") as host:
        if asked.questions:
            found["when"] = await when(host, films, settings, chance, asked.questions)
            _keep(found, asked.json)
            found["window"] = await window(host, films, settings, chance, asked.questions)
            _keep(found, asked.json)
        if asked.equal:
            found["equal"] = await equal(host, place, settings, chance, asked.equal)
    return found


def _keep(found: dict[str, Any], path: Path | None) -> None:
    """What is known so far, in case the run is cut off."""
    if path is not None:
        path.write_text(json.dumps(found, indent=1))


def scenes(chance: Random, seconds: float) -> list[Placed]:
    """Scenes one after the other for so many seconds, each with its start and end."""
    placed: list[Placed] = []
    start = 0.0
    while start < seconds:
        scene = sample_scene(chance, count=chance.choice((1, 2, 2, 3)), size=SIZE, duration=chance.choice(SECONDS))
        placed.append((start, start + scene.duration, scene))
        start += scene.duration
    return placed


def write(path: Path, placed: list[Placed]) -> None:
    """The film in H.264."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "23", "preset": "veryfast"})
        (stream.width, stream.height), stream.pix_fmt = SIZE, "yuv420p"
        for _, _, scene in placed:
            painter, count = Painter(scene), round(scene.duration * FPS)
            for index in range(count):
                picture = painter.frame(index / (count - 1))
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


async def when(
    host: Host, films: list[tuple[Path, list[Placed]]], settings: AskSettings, chance: Random, count: int
) -> dict[str, Any]:
    """Whether the first citation is a right one."""
    right, inside, printed, seconds, wrong = 0, 0, 0, list[float](), list[str]()
    for path, placed in films:
        async with Talk(host, [path], settings) as talk:
            for _ in range(count // len(films)):
                thing = chance.choice(chance.choice(placed)[2].things)
                answer = await talk.ask(f"When is there a {thing.colour} {thing.shape}?")
                true = [
                    (a, b)
                    for a, b, scene in placed
                    if any((t.colour, t.shape) == (thing.colour, thing.shape) for t in scene.things)
                ]
                first = answer.citations[0] if answer.citations else None
                good = first is not None and any(first.start < b - 0.25 and first.end > a + 0.25 for a, b in true)
                right += good
                if not good:
                    wrong.append(f"{path.name} {thing.colour} {thing.shape}: {answer.text}")
                seconds.append(answer.total)
                printed += len(answer.citations)
                inside += sum(0 <= one.start < one.end <= placed[-1][1] + 0.2 for one in answer.citations)
    total = count // len(films) * len(films)
    return {
        "right": right, "of": total, "share": round(right / total, 4), "times_printed": printed, "times_inside": inside,
        "median_seconds": round(sorted(seconds)[total // 2], 3), "wrong": wrong[:5],
    }  # fmt: skip


async def window(
    host: Host, films: list[tuple[Path, list[Placed]]], settings: AskSettings, chance: Random, count: int
) -> dict[str, Any]:
    """Whether answers about one scene are the scene's."""
    right, total, wrong = 0, 0, list[str]()
    while total < count:
        path, placed = chance.choice(films)
        start, end, scene = chance.choice(placed)
        pair = words.ask(chance, scene, chance.choice(list(words.QUESTIONS)), plain=True)
        if pair is None:
            continue
        async with Talk(host, [path], settings.changed(at=f"{start:.3f}-{end:.3f}")) as talk:
            answer: Answer = await talk.ask(pair[0])
        total += 1
        said = answer.text.partition(" [")[0]
        right += said == pair[1]
        if said != pair[1]:
            wrong.append(f"{pair[0]} {pair[1]} {answer.text}")
    return {"right": right, "of": total, "share": round(right / total, 4), "wrong": wrong[:5]}


async def equal(host: Host, place: Path, settings: AskSettings, chance: Random, count: int) -> dict[str, Any]:
    """The same questions with what is kept, all at once and in any order, and without, one by one."""
    asked: dict[tuple[int, str], tuple[Request, str]] = {}
    for number in range(FILMS_ASKED):
        path = place / f"short{number}.mp4"
        scene = sample_scene(chance, count=1 + number % 3, size=SIZE, duration=8.0)
        write(path, [(0.0, 8.0, scene)])
        async with Talk(host, [path], settings) as talk:
            await talk.ask("Describe the video.")
            assert talk.last is not None
            for _ in range(2):  # in another wording
                for kind in words.QUESTIONS:
                    if (pair := words.ask(chance, scene, kind)) is not None:
                        asked[number, pair[0]] = talk.requests.about(talk.last, pair[0], ()), pair[1]
    bank = [chance.choice(list(asked)) for _ in range(count)]
    began = time.monotonic()
    kept = await asyncio.gather(*(host.engine.ask(asked[one][0], priority=Priority.QUESTION) for one in bank))
    took = time.monotonic() - began
    plain: dict[tuple[int, str], str] = {}
    for one in dict.fromkeys(bank):
        plain[one] = (await host.engine.ask(replace(asked[one][0], key=f"plain {len(plain)}"))).text
    answers = defaultdict[str, set[str]](set)
    for (_, question), text in plain.items():
        answers[question].add(text)
    differ = [(one, reply.text) for one, reply in zip(bank, kept, strict=True) if reply.text != plain[one]]
    return {
        "asked": count, "films": FILMS_ASKED, "the_same": count - len(differ), "of_another_film": sum(
            any(text == other for (number, question), other in plain.items() if question == one[1] and number != one[0])
            for one, text in differ
        ),
        "different_questions": len(plain), "answered_otherwise_by_another_film": sum(len(answers[one[1]]) > 1 for one in bank),
        "right": sum(text == asked[one][1] for one, text in plain.items()),
        "cached_share": round(sum(one.cached_tokens for one in kept) / sum(one.prompt_tokens for one in kept), 4),
        "questions_a_second": round(count / took, 1),
    }  # fmt: skip


if __name__ == "__main__":
    main()
