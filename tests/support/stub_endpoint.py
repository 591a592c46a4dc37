"""The engine ``openai`` on a scripted server (stub_server.py), which waits for nothing but what a test is about."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from patience import PATIENCE

from models.engines.openai.endpoint import OpenAIEndpoint
from models.options import EngineOptions
from models.preset import Preset

PRESET = Preset(name="tiny", id="tiny")


@asynccontextmanager
async def endpoint(
    server: Any, preset: Preset = PRESET, *, attempts: int = 3, seats: int | None = None
) -> AsyncIterator[OpenAIEndpoint]:
    """Started; closed behind the block. ``seats``: requests under way at once."""
    captioner = OpenAIEndpoint(
        preset, EngineOptions(max_num_seqs=seats) if seats else None, base_url=server.url, patience=0.01, timeout=httpx.Timeout(PATIENCE),
        attempts=attempts,
    )  # fmt: skip
    await captioner.start()
    try:
        yield captioner
    finally:
        await captioner.close()
