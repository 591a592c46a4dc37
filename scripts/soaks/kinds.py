"""The same drawn pictures from every kind of source give the same captions, and what is written is read by those who read such data.

    scripts/soak kinds --images 2000        the real engine with the embedded model, on two cores
    scripts/soak kinds --images 2000 --pixels                               no model: a caption is the hash of the pixels that the engine is given
    scripts/soak kinds --images 2000 --kinds folder tar                     some of them, where time is short

Sources: a folder, tars, Parquet with bytes, Parquet with addresses (a web server of this machine), an imagefolder, a bucket (moto).
Readers: pyarrow, webdataset, pycocotools, datasets. Needs the extra ``dev``.
"""

import argparse
import asyncio
import hashlib
import io
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
from buckets import moto
from picture_sets import as_folder, as_imagefolder, as_parquet, as_tar, as_urls, served
from PIL import Image

from models.base import Request
from models.engines.echo import EchoCaptioner
from pipeline.annotating import flow
from pipeline.annotating.recipe import PictureRecipe
from pipeline.annotating.writing import layouts_of, write
from pipeline.datasets import results
from pipeline.host import Host
from pipeline.options.annotate import AnnotateSettings
from pipeline.storage import open_storage
from scripts.shapes_world.chance import sample_scene
from scripts.shapes_world.draw import Painter
from scripts.shapes_world.words import still_caption

SHARD = 500
FORMATS = "jsonl,webdataset,coco,imagefolder"
KINDS = ("folder", "tar", "parquet", "addresses", "imagefolder", "bucket")


class SaysPixels(EchoCaptioner):
    """Captions are the shape and the hash of the pixels in a request: equal captions, equal pictures."""

    async def _words(self, request: Request) -> list[str]:
        await super()._words(request)
        shown = request.video if request.video is not None else request.images[0]
        return [f"{shown.shape[-2]}x{shown.shape[-3]}", hashlib.blake2b(shown.tobytes(), digest_size=16).hexdigest()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--engine", default="vllm")
    parser.add_argument("--pixels", action="store_true", help="no model: compare what the engine is given")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scenescribe-soak-") as folder:
        asyncio.run(soak(asked, Path(folder)))


async def soak(asked: argparse.Namespace, place: Path) -> None:
    pictures, truth = drawn(asked.images)
    sets = list(pictures.items())
    for start in range(0, len(sets), SHARD):
        as_tar(dict(sets[start : start + SHARD]), place / "shards" / f"{start // SHARD:05}.tar")
    with moto() as s3, served(pictures) as base:
        bucket = f"{s3.bucket()}/photos"
        storage = open_storage(bucket, s3.options)
        for name, data in pictures.items():
            storage.put(name, data)
        kinds: dict[str, tuple[Any, dict[str, Any]]] = {
            "folder": (as_folder(pictures, place / "folder"), {}),
            "tar": (place / "shards", {}),
            "parquet": (as_parquet(pictures, place / "bytes.parquet", groups=256), {}),
            "addresses": (as_urls(pictures, place / "addresses.parquet", base), {"allow_host": ("127.0.0.1",)}),
            "imagefolder": (as_imagefolder(pictures, place / "imagefolder"), {}),
            "bucket": (bucket, {"storage_option": tuple(f"{name}={value}" for name, value in s3.options.items())}),
        }
        settings = AnnotateSettings(model="shapes", engine="echo" if asked.pixels else asked.engine, output_dir="unused")
        host = Host(settings.describing(), captioner=SaysPixels(capacity=64) if asked.pixels else None, pictures=settings.detail)
        found: dict[str, dict[str, str]] = {}
        async with host:
            await host.engine.warm()
            for kind, (source, more) in ((kind, kinds[kind]) for kind in asked.kinds):
                told = settings.changed(output_dir=str(place / f"out-{kind}"), **more)
                recipe = PictureRecipe.of(told, host.preset)
                began = time.monotonic()
                ledger, problems = await asyncio.to_thread(flow.prepared, flow.storage_of(told), [str(source)], told, recipe)
                await flow.work(host, ledger, recipe, flow.wishes_of(told), told=lambda item, answer: None)
                took = time.monotonic() - began
                rows = {row.key.rpartition("/")[2].partition(".")[0]: row for row in results.rows(ledger)}
                found[kind] = {number: row.caption for number, row in rows.items()}
                outcomes = sorted({row.outcome for row in rows.values()})
                print(f"{kind}: {len(rows)} rows, {outcomes}, {took:.0f} s, {len(rows) / took:.1f} pictures/s", flush=True)
                assert not problems
                written = await asyncio.to_thread(write, ledger, layouts_of(FORMATS), flow.wishes_of(told))
                print(f"  written: { {name: one.items for name, one in written.items()} }", flush=True)
                read_back(place / f"out-{kind}", found[kind])
    first = found[asked.kinds[0]]
    assert len(first) == asked.images
    for kind, captions in found.items():
        differ = [number for number in first if captions.get(number) != first[number]]
        print(f"{kind}: {len(differ)} of {len(first)} captions differ from those of {asked.kinds[0]}")
        assert not differ
    print(f"{len(set(first.values()))} different captions")
    if asked.pixels:
        assert len(set(first.values())) == len(first)
        return
    right = sum(first[number] == said for number, said in truth.items())
    print(f"{right} of {len(truth)} captions are the drawn truth, word by word")


def drawn(count: int) -> tuple[dict[str, bytes], dict[str, str]]:
    """PNGs of the embedded model's world, and what is on them; no two of the same bytes."""
    pictures, truth = {}, {}
    for number in range(count):
        scene = sample_scene(Random(f"kinds {number}"), count=1 + number % 3, size=(320, 240), duration=2.0)
        out = io.BytesIO()
        Image.fromarray(Painter(scene).frame(0.0)).save(out, "PNG", compress_level=1)
        pictures[f"{number:05}.png"], truth[f"{number:05}"] = out.getvalue(), still_caption(scene.things)
    return pictures, truth


def read_back(out: Path, captions: dict[str, str]) -> None:
    """By those who read such data; each has to find every caption, once."""
    import contextlib

    os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"
    import datasets
    import pyarrow.dataset
    import webdataset
    from pycocotools.coco import COCO

    def numbered(key: str) -> str:
        return key.rpartition("/")[2].partition(".")[0]

    table = pyarrow.dataset.dataset(str(out / "data")).to_table(columns=["key", "caption"])
    rows = zip(table["key"].to_pylist(), table["caption"].to_pylist(), strict=True)
    assert {numbered(key): text for key, text in rows} == captions, "pyarrow"
    lines = [json.loads(line) for line in (out / "captions.jsonl").read_text().splitlines()]
    assert {numbered(line["key"]): line["caption"] for line in lines} == captions, "jsonl"
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(out / "captions.coco.json"))
    names = {one["id"]: numbered(one["file_name"]) for one in coco.imgs.values()}
    assert {names[one["image_id"]]: one["caption"] for one in coco.anns.values()} == captions, "pycocotools"
    shards = [str(path) for path in sorted((out / "webdataset").glob("*.tar"))]
    samples = webdataset.WebDataset(shards, shardshuffle=False, empty_check=False)
    # new shards number their samples and tell the key in their JSON; the source's own keep its keys
    told = ((json.loads(sample["json"]).get("key", sample["__key__"]), sample["txt"].decode()) for sample in samples)
    assert {numbered(key): text for key, text in told} == captions, "webdataset"
    loaded = datasets.load_dataset("imagefolder", data_dir=str(out / "imagefolder"), split="train", cache_dir=str(out / "cache"))
    assert sorted(loaded["text"]) == sorted(captions.values()), "datasets"
    print("  read back by pyarrow, json, pycocotools, webdataset, datasets", flush=True)


if __name__ == "__main__":
    main()
