"""Engines for the tests of this folder: each starts once for the whole run, on a tiny model with random weights."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
import tiny_model
from patience import PATIENCE, START
from ports import free_port

from models.base import Captioner, Request, Sampling
from models.engines import open_captioner
from models.options import EngineOptions
from models.preset import Preset
from models.presets import EMBEDDED, preset

os.environ.setdefault("HF_HUB_OFFLINE", "1")
COLOURS = ((220, 20, 20), (20, 160, 20), (30, 60, 220), (240, 220, 30), (250, 250, 250), (150, 30, 200), (5, 5, 5))
ENGINE = {"max_model_len": 1024, "max_num_seqs": 16, "limit_mm_per_prompt": {"video": 1, "image": 4}}


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder made by tiny_model.py."""
    folder = tmp_path_factory.mktemp("model") / "tiny"
    tiny_model.make(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Preset:
    """Its preset."""
    return replace(preset(str(tiny_folder)), engine=ENGINE)


@pytest.fixture(scope="session")
def engine_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "engine.log"


@pytest.fixture(scope="session")
def served(tiny: Preset) -> Preset:
    """What the server serves: the embedded model; the tiny one where its weights are not here."""
    embedded = preset(EMBEDDED)
    return embedded if (Path(embedded.id) / "model.safetensors").is_file() else tiny


@pytest.fixture(scope="session")
def server(served: Preset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of a real ``vllm serve`` on the CPU."""
    port = free_port()
    log = tmp_path_factory.mktemp("serve") / "server.log"
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", served.id]
    command += [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--served-model-name",
        served.name,
        "--dtype",
        "float32",
        "--enforce-eager",
    ]
    command += ["--max-model-len", "1024", "--max-num-seqs", "16", "--mm-processor-cache-gb", "0", "--no-enable-prefix-caching"]
    command += ["--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}']
    command += ["--limit-mm-per-prompt", '{"video": 1, "image": 4}']
    environment = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, start_new_session=True)
    try:
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            assert process.poll() is None, log.read_text()[-3000:]
            try:
                if httpx.get(f"http://127.0.0.1:{port}/health", timeout=PATIENCE).is_success:
                    break
            except httpx.TransportError:
                time.sleep(0.5)
        else:
            raise AssertionError("vllm serve did not start: " + log.read_text()[-3000:])
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest_asyncio.fixture(scope="session")
async def vllm_engine(tiny: Preset, engine_log: Path) -> AsyncIterator[Captioner]:
    """The real engine on the CPU, in float32 so that its words can be compared."""
    captioner = open_captioner("vllm", tiny, EngineOptions(dtype="float32"), log_path=engine_log)
    await captioner.start()
    yield captioner
    await captioner.close()


@pytest_asyncio.fixture(scope="session")
async def reference(tiny: Preset) -> AsyncIterator[Captioner]:
    """The transformers engine."""
    captioner = open_captioner("transformers", tiny)
    await captioner.start()
    yield captioner
    await captioner.close()


@pytest_asyncio.fixture(scope="session")
async def endpoint(served: Preset, server: str) -> AsyncIterator[Captioner]:
    """The openai engine on the real server."""
    captioner = open_captioner("openai", served, base_url=server)
    await captioner.start()
    yield captioner
    await captioner.close()


@pytest_asyncio.fixture(scope="session")
async def echo(tiny: Preset) -> AsyncIterator[Captioner]:
    captioner = open_captioner("echo", tiny)
    await captioner.start()
    yield captioner
    await captioner.close()


Film = Callable[..., Request]


@pytest.fixture(scope="session")
def film() -> Film:
    """Makes requests: ``film(seed, frames=8, side=56, prompt=..., **sampling)``, a square of the seed's colour that moves right."""

    def make(seed: int = 0, *, frames: int = 8, side: int = 56, prompt: str = "bara dote fisi", **sampling: Any) -> Request:
        video = np.full((frames, side, side, 3), 96, np.uint8)
        for index, frame in enumerate(video):
            left = side // 8 + side * index // (2 * frames)
            frame[side // 3 : 2 * side // 3, left : left + side // 3] = COLOURS[seed % len(COLOURS)]
            frame[0, 0] = seed % 256
        times = tuple(index * 0.5 for index in range(frames))
        return Request(prompt=prompt, video=video, times=times, sampling=Sampling(**({"max_tokens": 16} | sampling)))

    return make
