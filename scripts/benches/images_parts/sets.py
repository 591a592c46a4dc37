"""Pictures about as hard as photographs, as every kind of source; a bucket is a server of this machine, in a process of its own."""

import contextlib
import io
import logging
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

DRAWN = 64
"""pictures that are drawn; each file has a comment of its own, so that its bytes differ"""
SHARDS = 8
KEYS = {"access_key_id": "test", "secret_access_key": "test", "region": "us-east-1"}


def drawn(count: int, width: int, height: int) -> list[bytes]:
    """JPEGs about as hard as photographs of this size."""
    from PIL import Image

    def one(seed: int) -> bytes:
        rng = np.random.default_rng(seed)
        coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
        grain = rng.normal(0, 6, (height, width, 1))
        image = Image.fromarray((np.asarray(coarse, np.float32) + grain).clip(0, 255).astype(np.uint8))
        out = io.BytesIO()
        image.save(out, "JPEG", quality=85)
        return out.getvalue()

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        bases = list(threads.map(one, range(min(count, DRAWN))))
    files = []
    for number in range(count):
        note = b"number %d" % number
        base = bases[number % len(bases)]
        files.append(base[:2] + b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note + base[2:])
    return files


@contextlib.contextmanager
def placed(kind: str, pictures: list[bytes], place: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Where the pictures lie as this kind of source, and the options of its storage."""
    place.mkdir()
    names = [f"{number:06d}.jpg" for number in range(len(pictures))]
    if kind == "folder":
        for name, data in zip(names, pictures, strict=True):
            (place / name).write_bytes(data)
    elif kind == "tar":
        from pipeline.datasets.layouts.base import add_member

        import tarfile  # isort: skip

        for shard in range(SHARDS):
            with tarfile.open(place / f"{shard:05d}.tar", "w") as tar:
                for name, data in list(zip(names, pictures, strict=True))[
                    shard * len(names) // SHARDS : (shard + 1) * len(names) // SHARDS
                ]:
                    add_member(tar, name, data)
    elif kind == "parquet":
        import pyarrow
        import pyarrow.parquet

        table = pyarrow.table({"key": names, "image": pictures})
        pyarrow.parquet.write_table(table, place / "table.parquet", row_group_size=500)
    else:
        from pipeline.storage import open_storage, parse_options

        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        server = multiprocessing.get_context("spawn").Process(target=_moto, args=(theirs,), daemon=True)
        server.start()
        endpoint = ours.recv()
        options = (f"endpoint={endpoint}", *(f"{name}={value}" for name, value in KEYS.items()))
        import httpx

        httpx.put(f"{endpoint}/bench-images")
        storage = open_storage("s3://bench-images/in", parse_options(options))
        for name, data in zip(names, pictures, strict=True):
            storage.put(name, data)
        try:
            yield "s3://bench-images/in", options
        finally:
            server.terminate()
            server.join()
        return
    yield str(place), ()


def _moto(pipe: Any) -> None:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    pipe.send(f"http://{host}:{port}")
    threading.Event().wait()
