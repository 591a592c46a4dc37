"""How often the product is right: renders fresh scenes, encodes them, runs all of Scenescribe on them, marks what it wrote.

    python -m scripts.evaluate --scenes 500                          # the world: H.264, crf 23, 640x360 and up
    python -m scripts.evaluate --scenes 500 --renderer other         # another renderer: soft edges, blur, crf 30
    python -m scripts.evaluate --scenes 200 --agree                  # also against transformers in float32

Captions come from the command `scenescribe caption`, questions from the same pipeline with one engine for all of them.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import av

from models.base import Captioner, Reply, Request
from scripts.shapes_training import other
from scripts.shapes_training.marks import mark
from scripts.shapes_world import words
from scripts.shapes_world.chance import sample_scene
from scripts.shapes_world.draw import Painter
from scripts.shapes_world.world import Scene

_SEED = 424_242  # of the scenes that are marked; training draws from other seeds
_SIZES = (*((640, 360),) * 4, (854, 480), (640, 480), (640, 640), (360, 640), (1280, 720))


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A film of one scene, and its truth."""

    path: Path
    caption: str
    questions: tuple[tuple[str, str], ...]


def scene_of(seed: int, number: int) -> Scene:
    """The scene of a number; the same for every renderer."""
    rng = Random(f"{seed}/{number}")
    return sample_scene(rng, size=rng.choice(_SIZES))


def make(seed: int, number: int, renderer: str, crf: int, fps: int, path: Path) -> None:
    """Draw and encode one clip."""
    scene = scene_of(seed, number)
    painter = Painter(scene)
    count = round(scene.duration * fps)
    whole = path.with_name(f".{path.name}")  # takes its name when it is complete
    with av.open(str(whole), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": str(crf), "preset": "medium"})
        stream.width, stream.height, stream.pix_fmt = scene.width, scene.height, "yuv420p"
        stream.codec_context.thread_count = 1
        for index in range(count):
            moment = index / max(1, count - 1)
            picture = painter.frame(moment) if renderer == "world" else other.frame(scene, moment)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    whole.rename(path)


def clips(folder: Path, args: argparse.Namespace) -> list[Clip]:
    """All clips, those that are not there yet made now."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    with ProcessPoolExecutor(args.jobs) as pool:
        waiting = []
        for number in range(args.scenes):
            path = folder / f"scene{number:05}.mp4"
            if not path.exists():
                waiting.append(pool.submit(make, args.seed, number, args.renderer, args.crf, args.fps, path))
            scene = scene_of(args.seed, number)
            rng = Random(f"{args.seed}/{number}/questions")
            asked = [words.ask(rng, scene, kind, plain=True) for kind in words.QUESTIONS]
            pairs = tuple(pair for pair in asked if pair is not None)
            made.append(Clip(path=path, caption=words.caption(scene.things), questions=pairs))
        for future in waiting:
            future.result()
    return made


def answers(made: list[Clip], output: Path) -> dict[Path, str]:
    """What the product wrote about each clip: the text of its captions, joined where it saw more than one window."""
    found = {}
    for clip in made:
        document = json.loads((output / f"{clip.path.stem}.descriptions.json").read_text(encoding="utf-8"))
        found[clip.path] = " ".join(caption["text"] for caption in document["captions"])
    return found


def describe(made: list[Clip], folder: Path, output: Path, args: argparse.Namespace, *more: str) -> dict[Path, str]:
    """Run the command line on the folder."""
    command = [sys.executable, "-m", "pipeline.cli", "caption", str(folder), "-o", str(output), "--model", args.model]
    subprocess.run([*command, "--overwrite", "--no-progress", "-q", *more], check=True)
    return answers(made, output)


class Kept:
    """A captioner that outlives the runs that use it."""

    def __init__(self, inner: Captioner) -> None:
        self.inner, self.engine, self.engine_version, self.started = inner, inner.engine, "", False

    @property
    def capacity(self) -> int:
        """The engine's."""
        return self.inner.capacity

    async def start(self) -> None:
        """Start it, once."""
        if not self.started:
            await self.inner.start()
            self.engine_version, self.started = self.inner.engine_version, True

    async def caption(self, request: Request) -> Reply:
        """The engine's reply."""
        return await self.inner.caption(request)

    def stream(self, request: Request) -> AsyncIterator[str | Reply]:
        """The engine's words."""
        return self.inner.stream(request)

    async def metrics(self) -> Mapping[str, Any]:
        """The engine's."""
        return await self.inner.metrics()

    async def close(self) -> None:
        """Leave it running for the next run."""


async def ask_all(made: list[Clip], output: Path, args: argparse.Namespace) -> list[tuple[str, str, str]]:
    """Question, truth and answer, from one run of the pipeline for each question."""
    from models.engines import open_captioner
    from models.presets import preset
    from pipeline import caption_all_async

    by_question: dict[str, list[tuple[Clip, str]]] = {}
    for clip in made:
        for question, truth in clip.questions:
            by_question.setdefault(question, []).append((clip, truth))
    # The most general questions first, and then, of those about one object, as many as were asked for.
    chosen = sorted(by_question.items(), key=lambda item: -len(item[1]))[: args.questions]
    engine = Kept(open_captioner("vllm", preset(args.model)))
    results = []
    for question, asked in chosen:
        run = await caption_all_async(
            [clip.path for clip, _ in asked],
            captioner=engine,
            model=args.model,
            prompt=question,
            output_dir=output,
            overwrite=True,
        )
        run.raise_errors()
        said = answers([clip for clip, _ in asked], output)
        results += [(question, truth, said[clip.path]) for clip, truth in asked]
    await engine.inner.close()
    return results


def main() -> None:
    """Render, run, mark, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scenes", type=int, default=500)
    parser.add_argument("--renderer", choices=("world", "other"), default="world")
    parser.add_argument("--crf", type=int, help="quality of the films; 23, or 30 for the other renderer")
    parser.add_argument("--fps", type=int, default=25, help="of the films")
    parser.add_argument("--seed", type=int, default=_SEED)
    parser.add_argument("--model", default="shapes")
    parser.add_argument("--questions", type=int, default=12, help="how many different questions; 0 for captions alone")
    parser.add_argument("--agree", action="store_true", help="compare with transformers, float32, greedy")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes that render")
    parser.add_argument("-o", "--output-dir", type=Path, default=Path("out/evaluation"))
    args = parser.parse_args()
    args.crf = args.crf or (23 if args.renderer == "world" else 30)

    folder = args.output_dir / f"{args.renderer}-crf{args.crf}-fps{args.fps}-seed{args.seed}"
    made = clips(folder, args)
    only = folder / "films.txt"
    only.write_text("".join(f"{clip.path.name}\t{clip.caption}\n" for clip in made), encoding="utf-8")
    started = time.time()
    said = describe(made, folder, folder / "captions", args)
    print(f"{len(made)} scenes, renderer {args.renderer}, H.264 crf {args.crf}, {args.fps} fps")
    print(f"described in {time.time() - started:.0f} s, the engine's start included")
    for name, share in mark((clip.caption, said[clip.path]) for clip in made).items():
        print(f"  {name:<8} {share:7.2%}")
    for clip in [clip for clip in made if clip.caption != said[clip.path]][:10]:
        print(f"  wrong  {clip.path.name}: {clip.caption}  |  {said[clip.path]}")
    if args.questions:
        results = asyncio.run(ask_all(made, folder / "answers", args))
        right = sum(truth == answer for _, truth, answer in results)
        print(f"  questions {right / len(results):7.2%} of {len(results)}")
        for question in dict.fromkeys(question for question, _, _ in results):
            marks = [truth == answer for asked, truth, answer in results if asked == question]
            print(f"    {sum(marks) / len(marks):7.2%} of {len(marks):4}  {question}")
    if args.agree:
        reference = describe(made, folder, folder / "reference", args, "--engine", "transformers")
        same = sum(said[clip.path] == reference[clip.path] for clip in made)
        print(f"  the same as transformers in float32: {same / len(made):.2%}")


if __name__ == "__main__":
    main()
