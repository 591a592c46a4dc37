"""The whole product against the bare engine on a GPU: the table of docs/performance.md.

    scripts/bench gpu --model FOLDER --random-weights --folder FILMS --json bf16.json
    scripts/bench gpu --model FOLDER --random-weights --folder FILMS --json fp8.json --quantization fp8
    scripts/bench gpu --model FOLDER --random-weights --films 32 --rounds 2 --reader-rows --rows "1080p exact" --json variants.json \\
        --variants decode=auto decode=auto,nice=10 decode=auto,cores=12 decode=auto,children=8 decode=cpu
    scripts/bench gpu --engine echo --engine-arg delay=0.2 --films 4 --rounds 1                          (no GPU: the logic)

Rows are films of one size under one sampler; all rows share one loaded engine, and in each bare and product take turns
(pipeline/bench/measure.py). ``reader`` is how many windows a second the same films give when every question is answered at once, read by
processes that a few of them started before: where it is under ``bare``, decoding is the limit. ``--variants``: who decodes, in how many
processes, how nicely and on how many cores (gpu_parts/variants.py); bare and all of them take turns, and the numbers so far are written after
each run.

Encoding hours of film takes longer than measuring them: a quarter as many seconds is encoded, and each film is four of these
pieces, joined without encoding again.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.needed import needed, needed_model

needed("av")

from models.base import Reply, Request
from pipeline.bench.films import FilmSpec, make_films
from pipeline.bench.measure import SaysSomething, compare, run_once
from pipeline.inputs import Film
from pipeline.options.caption import Settings
from pipeline.studio import Studio
from scripts.benches.gpu_parts.variants import Variant, measured

ROWS = {
    "1080p keyframes": ((1920, 1080), "keyframes:count=8"),
    "480p exact": ((854, 480), "uniform:count=8"),
    "1080p exact": ((1920, 1080), "uniform:count=8"),
}
PIECE, PIECES = 16, 4
"""seconds of an encoded piece, and how many of them make a film"""
DRAWN = 16
"""pieces that are encoded at the most: films are these in another order"""
WARMING = 16
"""films that are read before a reader's row: decoding processes start with the films that they are needed for, and stay"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="shapes", help="a preset or a model's folder")
    parser.add_argument("--engine", default="vllm")
    parser.add_argument("--random-weights", action="store_true")
    parser.add_argument("--quantization")
    parser.add_argument("--films", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", nargs="*", choices=list(ROWS), default=["1080p keyframes", "480p exact"])
    parser.add_argument("--reader-rows", nargs="*", choices=list(ROWS), default=list(ROWS), help="rows to read without a model")
    parser.add_argument("--max-num-seqs", type=int, default=256)
    parser.add_argument("--max-model-len", type=int, default=4096)
    parser.add_argument(
        "--engine-arg", action="append", default=[], metavar="KEY=VALUE", help="as scenescribe takes it; repeatable"
    )
    parser.add_argument("--decode", nargs="+", choices=["auto", "cpu"], default=["auto"], help="who decodes in the reader's rows")
    parser.add_argument(
        "--variants", nargs="+", type=Variant.of, default=[], metavar="WORDS", help="in place of the product as it comes"
    )
    parser.add_argument("--folder", type=Path, help="keep the films here, and use those that are there")
    parser.add_argument("--json", type=Path, help="also write the numbers here, after each row")
    asked = parser.parse_args()
    needed_model(asked.model, random_weights=asked.random_weights)
    needed(*(("vllm",) if asked.engine == "vllm" else ()))
    with tempfile.TemporaryDirectory(prefix="scenescribe-bench-") as place:
        asyncio.run(_run(asked, Path(place)))


async def _run(asked: argparse.Namespace, place: Path) -> None:
    folder = asked.folder or place / "films"
    found: dict[str, Any] = {
        "machine": f"{_processor()}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}",
        "quantization": asked.quantization,
        "reader": {},
        "rows": {},
    }
    began = time.monotonic()
    films = {size: _films(folder, size, asked.films) for size in {ROWS[row][0] for row in (*asked.rows, *asked.reader_rows)}}
    print(f"films there after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    settings = Settings(
        model=asked.model,
        engine=asked.engine,
        windows="fixed:seconds=8",
        max_tokens=64,
        max_num_seqs=asked.max_num_seqs,
        max_model_len=asked.max_model_len,
        quantization=asked.quantization,
        engine_arg=(*(["load_format=dummy"] if asked.random_weights else []), *asked.engine_arg),
    )
    engine = Studio(settings).engine.captioner  # one for all rows
    try:
        for row, decode in ((row, decode) for row in asked.reader_rows for decode in asked.decode):
            size, sampler = ROWS[row]
            async with Studio(settings.changed(sampler=sampler, decode=decode), captioner=_AtOnce(engine)) as studio:
                await run_once(studio, films[size][:WARMING], place / f"started {row} {decode}")
                ran = await run_once(studio, films[size], place / f"read {row} {decode}")
                found["reader"][f"{row}, {decode}"] = {
                    "windows_per_second": round(ran["windows"] / ran["seconds"], 1), "decoding": studio.host.decoding, **ran,
                }  # fmt: skip
            _say(asked, found, f"reader, {row}, {decode}", found["reader"][f"{row}, {decode}"]["windows_per_second"])
        for row in asked.rows:
            size, sampler = ROWS[row]
            if asked.variants:

                def told(numbers: dict[str, Any], row: str = row) -> None:
                    found["rows"][row] = numbers
                    _say(asked, found, row, json.dumps(numbers))

                await measured(
                    _Lent(engine), settings.changed(sampler=sampler), films[size], asked.variants, rounds=asked.rounds,
                    place=place / row, told=told,
                )  # fmt: skip
                continue
            async with Studio(settings.changed(sampler=sampler), captioner=_Lent(engine)) as studio:
                found["rows"][row] = await compare(studio, films[size], asked.rounds, place / row)
            _say(asked, found, row, found["rows"][row]["ratio"])
    finally:
        await engine.close()
    print(json.dumps(found, indent=2))


def _say(asked: argparse.Namespace, found: dict[str, Any], *words: object) -> None:
    print(*words, file=sys.stderr, flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _films(folder: Path, size: tuple[int, int], count: int) -> tuple[Film, ...]:
    here = folder / f"{size[0]}x{size[1]}"
    paths = [here / f"film{i:03}.mp4" for i in range(count)]
    if not all(path.exists() for path in paths):
        (here / "pieces").mkdir(parents=True, exist_ok=True)
        specs = [
            FilmSpec(seconds=PIECE, width=size[0], height=size[1], seed=seed)
            for seed in range(min(max(PIECES, count // 4), DRAWN))
        ]
        pieces = make_films(here / "pieces", specs, at_once=len(os.sched_getaffinity(0)))
        for i, path in enumerate(paths):
            _join(path, [pieces[(i + step * (1 + i // len(pieces))) % len(pieces)] for step in range(PIECES)])
    return tuple(Film(path, Path(path.name)) for path in paths)


def _join(path: Path, pieces: Sequence[Path]) -> None:
    """Write the packets of all pieces, one after the other, to one MP4."""
    import av

    unfinished = path.with_suffix(".part")
    with av.open(str(unfinished), "w", format="mp4") as out:
        stream, shift = None, 0
        for piece in pieces:
            with av.open(str(piece)) as source:
                video = source.streams.video[0]
                stream = stream or out.add_stream_from_template(video)
                for packet in source.demux(video):
                    if packet.dts is None:
                        continue
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                    out.mux(packet)
                shift += round(PIECE / video.time_base)
    unfinished.rename(path)


class _Lent(SaysSomething):
    """An engine that outlives the studio that uses it."""

    async def close(self) -> None:
        """Nothing: others will ask it."""


class _AtOnce(_Lent):
    """It answers without asking the model: what is left is reading."""

    async def start(self) -> None:
        """There is nothing to load."""

    async def caption(self, request: Request) -> Reply:
        return Reply(text="Something is seen here.", finish="stop", prompt_tokens=0, completion_tokens=0)


if __name__ == "__main__":
    main()
