"""One real engine, several who ask it at once: each gets what it gets alone, and a question does not wait for a film."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from models.base import Request, Sampling
from pipeline.captioning.recipe import Recipe
from pipeline.describe import describe
from pipeline.engine.gate import Priority
from pipeline.options.caption import Settings
from pipeline.sinks.base import Written
from pipeline.studio import Studio
from pipeline.types import Caption, Document, VideoInfo

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="module")]
SAMPLES = Path(__file__).parents[2] / "samples"


class Told:
    """A sink that keeps texts, and lets go of ``begun`` with the first."""

    journal = None

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.begun = asyncio.Event()

    async def open(self, info: VideoInfo) -> None:
        self.texts = []

    async def caption(self, caption: Caption) -> None:
        self.texts.append(caption.text)
        self.begun.set()

    async def close(self, document: Document, *, current: bool = False) -> Written:
        return Written(new=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def studio() -> AsyncIterator[Studio]:
    async with Studio(Settings(model="shapes", windows="fixed:seconds=1", max_in_flight=2)) as studio:
        yield studio


async def texts(studio: Studio, name: str, recipe: Recipe, sink: Told | None = None) -> list[str]:
    sink = sink or Told()
    await describe(studio.host.source(SAMPLES / name), recipe, sink, studio.engine, model=lambda: studio.model)
    return sink.texts


async def test_two_recipes_at_once_give_what_each_gives_alone(studio: Studio) -> None:
    other = replace(studio.recipe, windows="fixed:seconds=3", sampler="uniform:count=4")
    asked = [("classic.mp4", studio.recipe), ("first.mp4", other)]
    alone = [await texts(studio, *one) for one in asked]
    assert all(alone)
    assert alone[0] != alone[1]
    assert await asyncio.gather(*(texts(studio, *one) for one in asked)) == alone


async def test_a_question_comes_back_while_the_film_goes_on(studio: Studio) -> None:
    sink = Told()
    film = asyncio.create_task(texts(studio, "first.mp4", studio.recipe, sink))
    await sink.begun.wait()
    reply = await studio.engine.ask(Request(prompt="What is shown?", sampling=Sampling(max_tokens=8)), priority=Priority.QUESTION)
    there, done = len(sink.texts), film.done()
    assert reply.completion_tokens
    assert not done
    assert there < len(await film)
