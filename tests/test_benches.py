"""Benches say what is missing before they make or load anything; what only a bench does is right."""

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from patience import PATIENCE

from pipeline.video.children.pool import WorkerPool

HOUSE = Path(__file__).resolve().parents[1]
BLOCK = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocked())
"""


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HOUSE))


def bench(name: str, *words: str, without: tuple[str, ...] = (), place: Path) -> subprocess.CompletedProcess[str]:
    (place / "sitecustomize.py").write_text(BLOCK.format(blocked=set(without)))
    command = [sys.executable, str(HOUSE / "scripts/benches" / f"{name}.py"), *words]
    environment = {**os.environ, "PYTHONPATH": f"{place}{os.pathsep}{HOUSE}"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize(
    ("name", "words", "without", "said"),
    [
        ("serve", (), ("httpx",), "scripts/bench serve: missing here: pip install httpx"),
        ("live", (), ("imageio_ffmpeg",), "scripts/bench live: missing here: pip install imageio-ffmpeg"),
        ("gpu", (), ("vllm",), "scripts/bench gpu: missing here: pip install vllm"),
        ("images", ("--kinds", "s3", "--engine", "echo"), ("moto",), "scripts/bench images: missing here: pip install moto[server]"),
        ("cluster", (), ("ray",), "scripts/bench cluster: missing here: pip install ray"),
        ("summary", ("--model", "llava-onevision-7b", "--random-weights"), (), "--random-weights wants --model FOLDER"),
    ],
)  # fmt: skip
def test_what_is_missing_is_one_line_at_the_start(
    name: str, words: tuple[str, ...], without: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = bench(name, *words, without=without, place=tmp_path)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


@pytest.mark.usefixtures("parts")
def test_a_variant_is_read_from_words() -> None:
    from scripts.benches.gpu_parts.variants import Variant

    found = Variant.of("decode=cpu,children=3,nice=10,cores=12")
    assert (found.decode, found.children, found.nice, found.cores) == ("cpu", 3, 10, 12)
    with pytest.raises(argparse.ArgumentTypeError, match="decode="):
        Variant.of("threads=3")


@pytest.mark.usefixtures("parts")
async def test_decoders_get_the_priority_and_the_cores_of_a_variant() -> None:
    from scripts.benches.gpu_parts.variants import Variant, as_wished

    first = min(os.sched_getaffinity(0))
    with WorkerPool(spare=1) as pool:
        child = pool.acquire()

        async def as_asked() -> None:
            while True:
                with contextlib.suppress(OSError):
                    if os.getpriority(os.PRIO_PROCESS, child.pid) >= 7 and os.sched_getaffinity(child.pid) == {first}:
                        return
                await asyncio.sleep(0.05)

        async with as_wished(Variant.of("nice=7,cores=1")):
            await asyncio.wait_for(as_asked(), PATIENCE)
        pool.release(child)
