"""The engine ``openai`` on a scripted server (stub_server.py), which waits for nothing but what a test is about."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from patience import PATIENCE

from models.engines.openai.endpoint import OpenAIEndpoint
from models.preset import Preset

PRESET = Preset(name="tiny", id="tiny")


@asynccontextmanager
async def endpoint(server: Any, preset: Preset = PRESET, *, attempts: int = 3) -> AsyncIterator[OpenAIEndpoint]:
    """Started; closed behind the block."""
    captioner = OpenAIEndpoint(preset, base_url=server.url, patience=0.01, timeout=httpx.Timeout(PATIENCE), attempts=attempts)
    await captioner.start()
    try:
        yield captioner
    finally:
        await captioner.close()
