"""Real host processes, without a GPU: their captions are those of one process, whoever dies in between."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from patience import PATIENCE

from models.base import Request
from pipeline.bench.films import FilmSpec, make_films
from pipeline.errors import EnvironmentFault, ScenescribeError
from pipeline.fleet.fleet import Fleet
from pipeline.inputs import Film
from pipeline.observing import Observer, Result
from pipeline.options.caption import Settings
from pipeline.run import describe_all, plan_outputs
from pipeline.studio import Studio
from pipeline.types import Caption, Window

COUNT = 6


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> tuple[Film, ...]:
    folder = tmp_path_factory.mktemp("films")
    specs = [FilmSpec(seconds=12, width=160, height=90, seed=seed) for seed in range(COUNT)]
    return tuple(Film(path, Path(path.name)) for path in make_films(folder, specs, at_once=2))


class Told:
    """Hears a run; ``act`` is called with each caption, and how many there were."""

    def __init__(self, act: Callable[[int], None] = lambda count: None, *, pictures: bool = False) -> None:
        self.act, self.pictures = act, pictures
        self.captions, self.results, self.errors = 0, dict[str, Result](), dict[str, ScenescribeError]()
        self.windows: list[Window] = []

    def observer(self, film: Film) -> Observer:
        outer = self

        class One(Observer):
            pictures = outer.pictures

            def captioned(self, caption: Caption, position: float) -> None:
                outer.captions += 1
                outer.act(outer.captions)

            def read(self, window: Window) -> None:
                outer.windows.append(window)

        return One()

    def finished(self, film: Film, result: Result) -> None:
        self.results[film.path.name] = result

    def failed(self, name: Path | str, error: ScenescribeError) -> None:
        self.errors[str(name)] = error


def settings(out: Path, **options: Any) -> Settings:
    asked = {"engine": "echo", "model": "shapes", "windows": "fixed:seconds=1", "output_dir": out, "decode_workers": 1}
    return Settings(**{**asked, **options})


async def run(studio: Studio, films: tuple[Film, ...], told: Told) -> None:
    await describe_all(films, plan_outputs(films, studio), studio, told)


def documents(folder: Path) -> dict[str, Any]:
    """All that does not depend on who did it and how long it took."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text())
        stats = {name: document["stats"][name] for name in ("windows", "frames", "prompt_tokens", "completion_tokens")}
        found[path.name] = {**document, "stats": stats}
    return found


@pytest.fixture(scope="module")
def alone(films: tuple[Film, ...], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one process makes of the films."""
    out = tmp_path_factory.mktemp("alone")

    async def one() -> None:
        async with Studio(settings(out)) as studio:
            assert not isinstance(studio.host, Fleet), "one host without a GPU is no process of its own"
            await run(studio, films, Told())

    asyncio.run(one())
    return documents(out)


def gone(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


async def test_two_hosts_describe_as_one_process_does(films: tuple[Film, ...], alone: dict[str, Any], tmp_path: Path) -> None:
    told = Told(pictures=True)
    async with Studio(settings(tmp_path, hosts=2)) as studio:
        await run(studio, films, told)
        hosts = studio.host.coordinator.hosts  # type: ignore[attr-defined]
        assert len({host.pid for host in hosts}) == 2
        commands = [Path(f"/proc/{host.pid}/cmdline").read_bytes().decode().split("\0") for host in hosts]
        assert ["pipeline.fleet.host" in words for words in commands] == [True, True], "ps tells what they are"
        async with asyncio.timeout(PATIENCE):
            while not all(host.starts for host in hosts):  # noqa: ASYNC110 - the second one may be ready when all is done already
                await asyncio.sleep(0.05)
        reply = await studio.engine.ask(Request(prompt="one question of its own"))
        assert reply.text == "Text alone: one question of its own"
        pieces = [piece async for piece in studio.engine.stream(Request(prompt="in pieces"))]
        assert "".join(pieces[:-1]) == "Text alone: in pieces"  # type: ignore[arg-type]
    assert not told.errors
    assert documents(tmp_path) == alone
    assert told.captions == len(told.windows) == sum(document["stats"]["windows"] for document in alone.values())
    assert {window.frames.data.shape[0] for window in told.windows} == {1}, "one picture of each window, for the report"
    assert all(map(gone, (host.pid or 0 for host in hosts))), "nothing is left of them"


async def test_a_host_that_is_killed_loses_nothing_and_nothing_comes_twice(
    films: tuple[Film, ...], alone: dict[str, Any], tmp_path: Path
) -> None:
    studio = Studio(settings(tmp_path, hosts=2))
    hosts = studio.host.coordinator.hosts  # type: ignore[attr-defined]

    def kill(count: int) -> None:
        if count == 8:
            busy = next(host for host in hosts if host.pid is not None)
            os.kill(busy.pid, signal.SIGKILL)

    told = Told(kill)
    async with studio:
        await run(studio, films, told)
        assert studio.engine.deaths == 1
    assert not told.errors
    assert documents(tmp_path) == alone


async def test_work_may_be_kept_to_some_hosts(films: tuple[Film, ...], tmp_path: Path) -> None:
    """What scripts/bench gpus measures one GPU with, of several that are loaded."""
    async with Studio(settings(tmp_path, hosts=2)) as studio:
        fleet = studio.host
        assert isinstance(fleet, Fleet)
        await fleet.coordinator.all_ready()
        first, second = fleet.coordinator.hosts
        fleet.coordinator.use([second])
        held = fleet.coordinator._held
        told = Told(lambda count: (seen.append(len(held[second])), beside.append(len(held[first]))))  # type: ignore[func-returns-value]
        seen, beside = list[int](), list[int]()
        await run(studio, films, told)
    assert len(told.results) == COUNT
    assert max(seen) >= 1
    assert max(beside) == 0


async def test_a_stopped_run_goes_on_where_it_was(films: tuple[Film, ...], alone: dict[str, Any], tmp_path: Path) -> None:
    enough = asyncio.Event()
    told = Told(lambda count: enough.set() if count >= 10 else None)
    async with Studio(settings(tmp_path, hosts=2)) as studio:
        running = asyncio.create_task(run(studio, films, told))
        await asyncio.wait_for(enough.wait(), PATIENCE)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    first, again = told.captions, Told()
    async with Studio(settings(tmp_path, hosts=2)) as studio:
        await run(studio, films, again)
    windows = sum(document["stats"]["windows"] for document in alone.values())
    described = {name: document["captions"] for name, document in documents(tmp_path).items()}
    assert described == {name: document["captions"] for name, document in alone.items()}
    assert first + again.captions == windows, "none was asked twice"


async def test_hosts_that_can_t_work_end_the_run_with_their_reason(films: tuple[Film, ...], tmp_path: Path) -> None:
    told = Told()
    asked = settings(tmp_path, engine="openai", base_url="http://127.0.0.1:9/v1", model="any", hosts=2)
    async with Studio(asked) as studio:
        with pytest.raises(EnvironmentFault) as fault:
            await asyncio.wait_for(run(studio, films[:2], told), PATIENCE)
    assert fault.value.code == "endpoint_error", fault.value


def test_watch_runs_on_two_hosts(films: tuple[Film, ...], alone: dict[str, Any], tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pipeline.cli", "watch", str(films[0].path.parent), "-o", str(tmp_path / "out"), "--once"]
    words += ["--state-dir", str(tmp_path / "state"), "--settle", "0", "--engine", "echo", "--model", "shapes", "--hosts", "2"]
    done = subprocess.run(
        [*words, "--windows", "fixed:seconds=1", "--log-format", "json", "--log-file", str(tmp_path / "log")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    captions = {name: document["captions"] for name, document in documents(tmp_path / "out").items()}
    assert captions == {name: document["captions"] for name, document in alone.items()}
