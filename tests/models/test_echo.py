"""The captioner that runs no model."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from models.base import Request, Sampling
from models.engines import echo
from models.engines.base import Access
from models.engines.echo import EchoCaptioner, describe
from models.errors import BadEngineOption, EngineDead, RequestRefused
from models.options import EngineOptions
from models.presets import preset

Film = Callable[..., Request]


def test_it_tells_windows_apart(film: Film) -> None:
    red, blue = np.zeros((2, 4, 6, 3), np.uint8), np.zeros((2, 4, 6, 3), np.uint8)
    red[..., 0], blue[..., 2] = 200, 100
    says = describe(Request(prompt="x", video=red, times=(1.0, 2.5)))
    assert says == "2 frames of 6x4 in 1.5 s: #c80000."
    assert describe(Request(prompt="x", video=blue)) == "2 frames of 6x4: #000064."
    assert describe(Request(prompt="x", images=(red[0], blue[0]))) == "2 images of 6x4: #c80000 to #000064."
    assert describe(Request(prompt="what is it?")) == "Text alone: what is it?"


async def test_a_fault_on_request(film: Film) -> None:
    faults = iter([RequestRefused("no"), EngineDead("gone"), None])
    captioner = EchoCaptioner(fault=lambda _: next(faults))
    await captioner.start()
    with pytest.raises(RequestRefused):
        await captioner.caption(film())
    with pytest.raises(EngineDead):
        await captioner.caption(film())
    assert (await captioner.caption(film(max_tokens=200))).finish == "stop"
    assert captioner.asked == 3


def test_its_delay_and_capacity_are_engine_arguments() -> None:
    def made(**extra: object) -> EchoCaptioner:
        captioner = echo.open(preset("shapes"), EngineOptions(extra=extra), Access())
        assert isinstance(captioner, EchoCaptioner)
        return captioner

    assert (made().capacity, made(capacity=3).capacity, made(load_format="dummy").capacity) == (8, 3, 8)
    for wrong in ({"delay": -1}, {"delay": "x"}, {"delay": float("nan")}, {"pace": -0.5}, {"capacity": 0}, {"capacity": True}):
        with pytest.raises(BadEngineOption, match="allowed"):
            made(**wrong)


async def test_a_delay_can_be_cancelled(film: Film) -> None:
    captioner = EchoCaptioner(delay=30)
    await captioner.start()
    task = asyncio.create_task(captioner.caption(Request(prompt="x", sampling=Sampling())))
    await asyncio.sleep(0.01)
    assert (await captioner.metrics())["running"] == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await captioner.metrics())["running"] == 0
