"""One real engine, several who ask it at once: each gets what it gets alone, a question does not wait for a film, all words are true."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import av
import drawn_films
import pytest
from patience import PATIENCE
from picture_files import encoded
from picture_sets import as_folder, as_imagefolder, as_parquet, as_tar, as_urls, served
from PIL import Image
from ports import free_port
from senders import sending
from serving import Running

from models.base import Request, Sampling
from pipeline.annotating import flow
from pipeline.annotating.recipe import PictureRecipe
from pipeline.captioning.recipe import Recipe
from pipeline.datasets import results
from pipeline.describe import describe
from pipeline.engine.gate import Priority
from pipeline.live.address import understand
from pipeline.live.events import Event
from pipeline.live.outputs.base import Output
from pipeline.live.plan import Plan
from pipeline.live.station import Station
from pipeline.options.annotate import AnnotateSettings
from pipeline.sinks.base import Written
from pipeline.studio import Studio
from pipeline.types import Caption, Document, VideoInfo
from scripts.shapes_world.chance import sample_scene
from scripts.shapes_world.draw import Painter
from scripts.shapes_world.words import caption, still_caption

pytestmark = pytest.mark.engine
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


class Heard(Output):
    """The captions of a stream."""

    name = "heard"

    def __init__(self) -> None:
        super().__init__()
        self.captions: list[Event] = []

    def offer(self, event: Event) -> None:
        if event["event"] == "caption":
            self.captions.append(event)


async def texts(studio: Studio, name: str | Path, recipe: Recipe, sink: Told | None = None) -> list[str]:
    sink = sink or Told()
    await describe(studio.host.source(SAMPLES / name), recipe, sink, studio.engine, model=lambda: studio.model)
    return sink.texts


def test_two_recipes_at_once_give_what_each_gives_alone(service: Running) -> None:
    service.on_loop(_two_recipes_at_once_give_what_each_gives_alone(service.service.studio))


async def _two_recipes_at_once_give_what_each_gives_alone(studio: Studio) -> None:
    one, other = (
        replace(studio.recipe, windows=f"fixed:seconds={seconds}", sampler=f"uniform:count={count}")
        for seconds, count in ((2, 8), (3, 4))
    )
    asked = [("classic.mp4", one), ("first.mp4", other)]
    alone = [await texts(studio, *each) for each in asked]
    assert all(alone)
    assert alone[0] != alone[1]
    assert await asyncio.gather(*(texts(studio, *each) for each in asked)) == alone


def test_a_question_comes_back_while_the_film_goes_on(service: Running) -> None:
    service.on_loop(_a_question_comes_back_while_the_film_goes_on(service.service.studio))


async def _a_question_comes_back_while_the_film_goes_on(studio: Studio) -> None:
    sink = Told()
    gate, recipe = studio.engine._gate, replace(studio.recipe, windows="fixed:seconds=1")
    limit = gate.limit
    gate.resize(2)  # as with --max-in-flight 2: the film has more windows than may be asked at once
    film = asyncio.create_task(texts(studio, "first.mp4", recipe, sink))
    await sink.begun.wait()
    reply = await studio.engine.ask(Request(prompt="What is shown?", sampling=Sampling(max_tokens=8)), priority=Priority.QUESTION)
    there, done = len(sink.texts), film.done()
    assert reply.completion_tokens
    assert not done
    assert there < len(await film)
    gate.resize(limit)


def test_a_live_stream_of_drawn_shapes_is_described_as_it_goes_on(service: Running, tmp_path: Path) -> None:
    """The embedded model on a stream: each window names the things that are drawn, in their colours, from left to right."""
    service.on_loop(_a_live_stream_of_drawn_shapes_is_described_as_it_goes_on(service.service.studio, tmp_path))


async def _a_live_stream_of_drawn_shapes_is_described_as_it_goes_on(studio: Studio, tmp_path: Path) -> None:
    scene = sample_scene(Random("live"), count=2, size=(640, 360), duration=60.0)
    clip = tmp_path / "clip.ts"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=5, options={"preset": "ultrafast", "tune": "zerolatency", "g": "5"})
        (stream.width, stream.height), stream.pix_fmt = (640, 360), "yuv420p"
        painter = Painter(scene)
        for index in range(300):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(painter.frame(index / 299), format="rgb24")))
        container.mux(stream.encode())
    port = free_port()
    plan = Plan(name="cam", address=understand(f"udp://127.0.0.1:{port}"), window=3.0, skip_static=False, previous=0)
    station, told = Station([plan], studio.recipe, studio.engine), Heard()
    station.outputs.append(told)
    await studio.engine.warm()
    with sending("-re", "-i", clip, "-c", "copy", "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"):
        running = asyncio.create_task(station.run())
        async with asyncio.timeout(PATIENCE):
            while len(told.captions) < 3 and not running.done():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        station.stop()
        await running
    named = ", ".join(f"{thing.colour} {thing.shape}" for thing in scene.things)
    for event in told.captions[:3]:
        found = re.findall(r"(\w+) (circle|square|triangle|star|cross)", event["text"])
        assert ", ".join(" ".join(pair) for pair in found) == named, event["text"]
        assert event["outcome"] == "ok"
    assert studio.engine.ready  # the engine is the studio's: it goes on


def test_pictures_from_five_kinds_of_sources_get_the_same_captions_and_true_ones(service: Running, tmp_path: Path) -> None:
    service.on_loop(_pictures_from_five_kinds_of_sources_get_the_same_captions_and_true_ones(service.service.studio, tmp_path))


async def _pictures_from_five_kinds_of_sources_get_the_same_captions_and_true_ones(studio: Studio, tmp_path: Path) -> None:
    names = [f"{number:02}.png" for number in range(20)]
    scenes = [
        sample_scene(Random(f"still {name}"), count=1 + number % 3, size=(320, 240), duration=2.0)
        for number, name in enumerate(names)
    ]
    pictures = {name: encoded(Image.fromarray(Painter(scene).frame(0.0))) for name, scene in zip(names, scenes, strict=True)}
    with served(pictures) as base:
        kinds: dict[Path, dict[str, Any]] = {
            as_folder(pictures, tmp_path / "folder"): {},
            as_tar(pictures, tmp_path / "tar" / "0.tar"): {},
            as_parquet(pictures, tmp_path / "bytes.parquet"): {},
            as_urls(pictures, tmp_path / "urls.parquet", base): {"allow_host": ("127.0.0.1",)},
            as_imagefolder(pictures, tmp_path / "imagefolder"): {},
        }
        found = []
        for source, more in kinds.items():
            settings = AnnotateSettings(model="shapes", output_dir=str(tmp_path / f"{source.name}.out"), **more)
            recipe = PictureRecipe.of(settings, studio.preset.of_pictures())
            ledger, _ = flow.prepared(flow.storage_of(settings), [str(source)], settings, recipe)
            await flow.work(studio.host, ledger, recipe, flow.wishes_of(settings), told=lambda item, answer: None)
            found.append([row.caption for row in results.rows(ledger)])
    assert all(one == found[0] for one in found)
    truth = [still_caption(scene.things) for scene in scenes]
    right = sum(said == true for said, true in zip(found[0], truth, strict=True))
    assert right >= 18, [pair for pair in zip(found[0], truth, strict=True) if pair[0] != pair[1]]


def test_drawn_scenes_are_described_to_the_letter(service: Running, tmp_path: Path) -> None:
    """Four shapes of picture, H.264; windows of the scenes' length, so that cuts are not part of the question."""
    service.on_loop(_drawn_scenes_are_described_to_the_letter(service.service.studio, tmp_path))


async def _drawn_scenes_are_described_to_the_letter(studio: Studio, tmp_path: Path) -> None:
    recipe = replace(studio.recipe, windows=f"fixed:seconds={drawn_films.SECONDS:g}")
    said = await asyncio.gather(*(texts(studio, drawn_films.film(name, tmp_path), recipe) for name in drawn_films.SIZES))
    for name, found in zip(drawn_films.SIZES, said, strict=True):
        assert found == [caption(scene.things) for scene in drawn_films.scenes(name)], name
