"""Many films through one studio: the engine sees more of them than are read at once."""

import asyncio
from pathlib import Path

import pytest
from patience import PATIENCE

from models.base import Reply, Request
from models.engines.echo import EchoCaptioner
from pipeline.bench.films import FilmSpec, write
from pipeline.errors import EnvironmentFault, ScenescribeError
from pipeline.inputs import Film, find_films
from pipeline.observing import Observer, Result
from pipeline.options.caption import Settings
from pipeline.run import describe_all, plan_outputs
from pipeline.studio import Studio

COUNT = 7


class Told:
    """A RunObserver that writes down how each film ended."""

    def __init__(self) -> None:
        self.ended: dict[str, str] = {}

    def observer(self, film: Film) -> Observer:
        return Observer()

    def finished(self, film: Film, result: Result) -> None:
        self.ended[film.path.name] = result.state

    def failed(self, name: Path | str, error: ScenescribeError) -> None:
        self.ended[Path(name).name] = error.code


class Together(EchoCaptioner):
    """Answers nobody before ``COUNT`` requests are there."""

    def __init__(self) -> None:
        super().__init__(capacity=COUNT)
        self.barrier = asyncio.Barrier(COUNT)

    async def caption(self, request: Request) -> Reply:
        await self.barrier.wait()
        return await super().caption(request)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    write(folder / "0.mp4", FilmSpec(seconds=2, width=160, height=90, fps=10, gop=10))
    for number in range(1, COUNT):
        (folder / f"{number}.mp4").write_bytes((folder / "0.mp4").read_bytes())
    return folder


def settings(out: Path) -> Settings:
    return Settings(engine="echo", model="shapes", output_dir=out, windows="fixed:seconds=8", decode_workers=1)


async def test_clips_of_one_window_fill_the_engine_though_few_are_read_at_once(clips: Path, tmp_path: Path) -> None:
    told, found = Told(), find_films([str(clips)], recursive=False)
    async with Studio(settings(tmp_path), captioner=Together()) as studio:
        assert studio.host.limits.reading < COUNT
        await asyncio.wait_for(describe_all(found.films, plan_outputs(found.films, studio), studio, told), PATIENCE)
        assert studio.engine.peak[0] == COUNT
        assert (studio.engine.in_flight, studio.engine.waiting) == (0, 0)
    assert told.ended == {f"{number}.mp4": "done" for number in range(COUNT)}


async def test_a_fault_that_stands_in_every_films_way_ends_the_run(clips: Path, tmp_path: Path) -> None:
    class Broken(EchoCaptioner):
        async def start(self) -> None:
            raise EnvironmentFault("engine_missing", "there is none")

    told, found = Told(), find_films([str(clips)], recursive=False)
    async with Studio(settings(tmp_path), captioner=Broken()) as studio:
        with pytest.raises(EnvironmentFault, match="there is none"):
            await asyncio.wait_for(describe_all(found.films, plan_outputs(found.films, studio), studio, told), PATIENCE)
        assert studio.engine.in_flight == 0
    assert "done" not in told.ended.values()
