"""One case of test_vllm_engine.py, which runs it in a process of its own: the engine is killed with requests in flight."""

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from models.base import Captioner, Reply, Request
from models.errors import EngineDead
from models.vllm_engine import VllmEngine

Film = Callable[..., Request]


async def test_a_killed_engine_is_noticed_at_once_and_starts_again(vllm_engine: Captioner, film: Film, tmp_path: Path) -> None:
    """And, since a start takes half a minute, with --profile this time."""
    before = await vllm_engine.caption(film())
    tasks = [asyncio.create_task(vllm_engine.caption(film(seed, max_tokens=900))) for seed in range(6)]
    stream = vllm_engine.stream(film(6, max_tokens=900))
    await anext(stream)  # it is at work on all of them, and hundreds of tokens from their end: all end in one step
    for child in multiprocessing.active_children():
        if child.pid:
            os.kill(child.pid, signal.SIGKILL)
    killed = time.monotonic()
    results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 20)
    assert any(isinstance(result, EngineDead) for result in results), results
    assert all(isinstance(result, EngineDead | Reply) for result in results), results
    with pytest.raises(EngineDead):
        async for _ in stream:
            pass
    assert time.monotonic() - killed < 10
    with pytest.raises(EngineDead):
        await vllm_engine.caption(film())
    await vllm_engine.close()
    with pytest.raises(EngineDead, match="start it first"):
        await vllm_engine.caption(film())
    assert isinstance(vllm_engine, VllmEngine)
    vllm_engine.options = replace(vllm_engine.options, profile_dir=str(tmp_path))
    await vllm_engine.start()
    assert await vllm_engine.caption(film()) == before
    await vllm_engine.close()
    assert list(tmp_path.glob("**/*.json.gz")), "no trace was written"
