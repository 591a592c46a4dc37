"""Pictures a second of ``annotate`` against the bare engine fed from memory, on one loaded model.

    scripts/bench images --images 200 --rounds 1                                        two cores, the embedded model
    scripts/bench images --model FOLDER --random-weights --images 3000 --json out.json  a GPU: speed is real, words are not

bare      pictures of the model's size, in memory, as many in flight as the engine takes
product   listing -> plan -> files, tars or Parquet -> decoding children -> the same engine -> rows, committed

Pictures are JPEGs of --size, no two of the same bytes. Product and bare take turns; medians are compared. s3 is a server of this machine
(moto, an extra for tests), in a process of its own. ``ratio`` is by the clock; ``processor_ratio`` compares seconds of processor, of this
process and all its children but that server: it says the same on a machine that others use, and counts decoding in full, which a machine
with cores to spare does beside the model.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.needed import needed, needed_model
from scripts.random_weights import with_words

needed("PIL", "psutil")


from models.base import Captioner
from pipeline.annotating import flow
from pipeline.annotating.recipe import PictureRecipe
from pipeline.bench.measure import SaysSomething
from pipeline.datasets.results import status
from pipeline.engine.opening import open_captioner, preset_for_pictures
from pipeline.host import Host
from pipeline.options.annotate import AnnotateSettings
from pipeline.video.children.pictures import PictureDecoder
from scripts.benches.images_parts.sets import drawn, placed
from scripts.benches.reader_parts.measure import cpu_seconds

KEPT = 256
"""pictures that the bare engine is fed with, in turn"""
NEEDS = {"parquet": ("pyarrow",), "s3": ("moto", "obstore", "httpx")}
"""modules, by kind of source"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--size", default="1024x768")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--kinds", nargs="+", default=["folder", "tar", "parquet"], choices=["folder", "tar", "parquet", "s3"])
    parser.add_argument("--model")
    parser.add_argument("--random-weights", action="store_true", help="a model folder without weights")
    parser.add_argument("--engine", default="vllm")
    parser.add_argument("--detail", default="low", choices=["low", "high"])
    parser.add_argument("--max-tokens", type=int, default=64)
    parser.add_argument("--engine-arg", action="append", default=[])
    parser.add_argument("--decode-workers", type=int)
    parser.add_argument("--json", type=Path, help="also write the numbers here, after each kind")
    asked = parser.parse_args()
    needed_model(asked.model, random_weights=asked.random_weights)
    if asked.random_weights:
        asked.model = with_words(asked.model)
    needed(*(("vllm",) if asked.engine == "vllm" else ()))
    needed(*(module for kind in asked.kinds for module in NEEDS.get(kind, ())))
    with tempfile.TemporaryDirectory(prefix="scenescribe-bench-") as folder:
        asyncio.run(measure(asked, Path(folder)))


async def measure(asked: argparse.Namespace, folder: Path) -> None:
    """Each kind of source, and the bare engine before each."""
    more = ["load_format=dummy"] if asked.random_weights else []
    settings = AnnotateSettings(
        model=asked.model, engine=asked.engine, detail=asked.detail, max_tokens=asked.max_tokens, decode_workers=asked.decode_workers,
        engine_arg=(*asked.engine_arg, *more), output_dir="unused",
    )  # fmt: skip
    pictures = drawn(asked.images, *map(int, asked.size.split("x")))
    describing = settings.describing()
    captioner: Captioner = SaysSomething(open_captioner(describing, preset_for_pictures(describing, asked.detail)))
    host = Host(describing, captioner=captioner, pictures=asked.detail)
    recipe = PictureRecipe.of(settings, host.preset)
    async with host:
        await host.engine.warm()
        kept = [one.image for one in PictureDecoder(host.pool, recipe.size).decode(pictures[:KEPT]) if hasattr(one, "image")]
        results: dict[str, Any] = {
            "model": host.preset.name, "engine": f"{captioner.engine} {captioner.engine_version}", "images": asked.images, "size": asked.size,
            "shown": list(kept[0].shape), "frames": recipe.frames, "detail": asked.detail, "max_tokens": asked.max_tokens,
            "max_in_flight": host.engine.limit, "decode_workers": host.decode_workers,
            "machine": f"{platform.processor() or platform.machine()}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}",
            "decoded_per_second_one_process": round(await asyncio.to_thread(decoded, host, recipe, pictures[:KEPT]), 1),
        }  # fmt: skip
        await bare(host, recipe, kept, len(kept))  # warms everything up
        for kind in asked.kinds:
            with placed(kind, pictures, folder / kind) as (source, options):
                told = settings.changed(storage_option=options)
                rounds: list[dict[str, float]] = []
                for turn in range(asked.rounds):
                    alone, used_alone = await spent(bare(host, recipe, kept, asked.images))
                    hungry = host.engine.clock.hungry
                    took, used = await spent(product(host, recipe, told, source, str(folder / f"out-{kind}-{turn}")))
                    rounds.append({
                        "bare": alone, "product": took, "hungry": host.engine.clock.hungry - hungry,
                        "bare_processor": used_alone, "product_processor": used,
                    })  # fmt: skip
            middle = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
            results[kind] = {
                "images_per_second": round(asked.images / middle["product"], 2),
                "bare_images_per_second": round(asked.images / middle["bare"], 2),
                "ratio": round(middle["bare"] / middle["product"], 3),
                "processor_ratio": round(middle["bare_processor"] / middle["product_processor"], 3),
                "hungry_seconds": round(middle["hungry"], 2),
                "rounds": [{name: round(value, 2) for name, value in one.items()} for one in rounds],
            }  # fmt: skip
            print(json.dumps({kind: results[kind]}), flush=True)
            if asked.json:
                asked.json.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


async def spent(work: Coroutine[Any, Any, float]) -> tuple[float, float]:
    """The seconds that it says, and those of processor that it took."""
    before = _processor()
    took = await work
    return took, _processor() - before


def _processor() -> float:
    """Of this process and its children, but for servers that play what is elsewhere."""
    import psutil

    servers = [psutil.Process(child.pid) for child in multiprocessing.active_children()]
    return cpu_seconds() - sum(sum(server.cpu_times()[:2]) for server in servers)


async def bare(host: Host, recipe: PictureRecipe, kept: list[Any], count: int) -> float:
    """Seconds for ``count`` pictures from memory through the engine alone."""
    places = asyncio.Semaphore(host.engine.limit)

    async def one(number: int) -> None:
        async with places:
            await host.engine.captioner.caption(recipe.request(kept[number % len(kept)]))

    began = time.monotonic()
    await asyncio.gather(*(one(number) for number in range(count)))
    return time.monotonic() - began


async def product(host: Host, recipe: PictureRecipe, settings: AnnotateSettings, source: str, out: str) -> float:
    """Seconds from the listing to the last commit."""
    settings = settings.changed(output_dir=out)
    began = time.monotonic()
    ledger, problems = await asyncio.to_thread(flow.prepared, flow.storage_of(settings), [source], settings, recipe)
    await flow.work(host, ledger, recipe, flow.wishes_of(settings), told=lambda item, answer: None)
    took = time.monotonic() - began
    found = status(ledger)
    if problems or found.failed or not found.finished:
        raise SystemExit(f"{source}: {found}")
    return took


def decoded(host: Host, recipe: PictureRecipe, files: list[bytes]) -> float:
    """Pictures a second of one decoding process."""
    began = time.monotonic()
    count = sum(1 for _ in PictureDecoder(host.pool, recipe.size).decode(files))
    return count / (time.monotonic() - began)


if __name__ == "__main__":
    main()
