"""While a model loads, the screen says that it goes on; of one film there is one speed; a batch says what is left."""

import asyncio
import io
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from patience import PATIENCE
from rich.cells import cell_len

from pipeline.cli import display as module
from pipeline.cli import signs_of_life as life
from pipeline.cli import watch_screen as watching
from pipeline.cli.display import Display
from pipeline.cli.screen import Screen, shortened
from pipeline.cli.signs_of_life import loading, usual
from pipeline.engine.supervisor import Supervisor
from pipeline.inputs import Film
from pipeline.store.past import Past


def test_what_is_said() -> None:
    assert loading(12.4, "vllm") == "loading the model: 0:12"
    assert loading(12.4, "openai") == "asking the server: 0:12"
    assert usual(None, "openai") == "asking the server"
    assert "model" not in loading(12.4, "echo") + usual(None, "echo"), "echo loads none"
    assert usual(Past(start=54.2), "vllm") == "loading the model; the last time took 0:54"
    assert usual(None, "vllm").startswith("loading the model; a small model on a CPU usually takes about a minute")
    assert usual(None, "another") == "loading the model"


class Model:
    """An engine that loads until it is told that it is ready."""

    def __init__(self) -> None:
        self.ready = False
        self.last_start = 0.0
        self.on_ready: list[Any] = []

    def starting_seconds(self, since: float, until: float) -> float:
        return 0.0


def display_of(films: list[Film], past: Past | None = None) -> tuple[Display, Model, list[str]]:
    display, model, said = Display(Screen(live=False)), Model(), list[str]()
    display.screen.fail = said.append  # type: ignore[method-assign]
    studio: Any = SimpleNamespace(
        settings=SimpleNamespace(strict=False, engine="vllm", burn=False), engine=model, preset=SimpleNamespace(knows=""),
        model=SimpleNamespace(name="m", engine="vllm"), recipe=SimpleNamespace(part=None),
    )  # fmt: skip
    display.begin(studio, films, past)
    return display, model, said


async def test_in_a_pipe_too_a_line_now_and_then_says_that_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLAIN_EVERY", 0.0)
    monkeypatch.setattr(module, "MOMENT", 0.0)
    film = Film(Path("a.mp4"), Path("a.mp4"))
    display, _, said = display_of([film], Past(start=54))
    heard, begun = asyncio.Event(), len(said)

    def say(text: str) -> None:
        said.append(text)
        if len(said) >= begun + 3:
            heard.set()

    display.screen.fail = say  # type: ignore[method-assign]
    display.observer(film)
    task = asyncio.create_task(display.show_signs_of_life())
    await heard.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert said[begun] == "loading the model; the last time took 0:54", "once"
    assert [line[:-1] for line in said[begun + 1 :]] == ["loading the model: 0:0"] * 2


def test_what_is_left_of_a_batch_goes_by_bytes(tmp_path: Path) -> None:
    films = []
    for name, size in (("a", 100), ("b", 300)):
        (tmp_path / name).write_bytes(b"x" * size)
        films.append(Film(tmp_path / name, Path(name)))
    display, model, _ = display_of(films)
    model.ready = True
    assert display._left() == "", "nothing is known before something is done"
    display._sizes.pop(tmp_path / "a")
    display._began = time.monotonic() - 100.0
    assert display._left() == "about 5:00 left", "a quarter took 100 s"
    display._lines[tmp_path / "b"] = SimpleNamespace(share=1.0)  # type: ignore[assignment]
    assert display._left() == "writing what is left", "all is read: how long burning takes is not known, and never 0:00"


@pytest.mark.parametrize(
    ("name", "columns", "shown"),
    [
        ("one.mp4", 12, "one.mp4"),
        ("A long evening at the sea, part 1.mp4", 16, "A long \u2026rt 1.mp4"),
        ("\u6d77\u8fb9\u7684\u591c\u665a\u7b2c\u4e00\u90e8\u5206.mp4", 12, "\u6d77\u8fb9 \u2026\u5206.mp4"),
    ],
)
def test_of_a_long_name_both_ends_are_shown(name: str, columns: int, shown: str) -> None:
    assert shortened(name, columns) == shown
    assert cell_len(shown) <= columns


async def test_a_model_that_is_loaded_anew_is_counted_from_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that died after an hour was said to have loaded for an hour."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    film = Film(Path("a.mp4"), Path("a.mp4"))
    display, model, _ = display_of([film])
    display.observer(film)
    shown, looks = list[str](), asyncio.Event()

    class Looked:
        @property
        def ready(self) -> bool:
            looks.set()
            return model.ready

        def __getattr__(self, name: str) -> Any:
            return getattr(model, name)

    async def look() -> None:
        looks.clear()
        await looks.wait()

    for line in display._lines.values():
        monkeypatch.setattr(line, "waiting", shown.append)
    display._studio.engine = Looked()  # type: ignore[union-attr, assignment]
    signs = asyncio.create_task(display.show_signs_of_life())
    try:
        model.ready = True
        clock.now += 3600
        await look()
        await look()
        model.ready = False
        await look()
        await look()
    finally:
        signs.cancel()
        await asyncio.gather(signs, return_exceptions=True)
    assert shown[0] == "loading the model: 0:00"


async def test_before_a_watched_folder_too_each_film_says_how_long_the_model_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """And again when the engine is started anew, with the films that wait then."""
    for name in ("SECOND", "MOMENT"):
        monkeypatch.setattr(watching, name, 0.0)
    monkeypatch.setattr(life, "recall", lambda _: Past(start=54))
    screen, model, said, shown = watching.WatchScreen(Screen(live=False)), Model(), list[str](), list[str]()
    screen.screen.say = said.append  # type: ignore[method-assign]
    recipe = SimpleNamespace(model="m", windows="w", sampler="s")
    studio: Any = SimpleNamespace(
        engine=model, recipe=recipe, settings=SimpleNamespace(engine="vllm"), model=SimpleNamespace(engine="vllm")
    )
    screen._state = SimpleNamespace(studio=studio)  # type: ignore[assignment]
    line = screen.film(Film(Path("a.mp4"), Path("a.mp4")))
    monkeypatch.setattr(line, "waiting", shown.append)
    signs = asyncio.create_task(screen.show_signs_of_life())

    async def until(there: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            while not there():  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0)

    try:
        for times in (1, 2):
            model.ready = False
            await until(lambda times=times: len(said) == times)
            model.ready = True
            for _ in range(10):  # turns of the loop, in which it looks again
                await asyncio.sleep(0)
    finally:
        signs.cancel()
        await asyncio.gather(signs, return_exceptions=True)
    assert said == ["loading the model; the last time took 0:54"] * 2
    assert shown[0] == "loading the model: 0:00"


def test_a_watched_folder_says_what_still_changes() -> None:
    screen, said = watching.WatchScreen(Screen(live=False)), list[str]()
    screen.screen.say = said.append  # type: ignore[method-assign]
    screen._state = SimpleNamespace(root=Path("/in"))  # type: ignore[assignment]
    screen.waits([Path("/in/a.mp4")])
    screen.waits([Path("/in/x/a.mp4"), Path("/in/b.mp4")])
    assert said == ["waits for 1 file that still changes: a.mp4", "waits for 2 files that still change: x/a.mp4 ..."]


class Slow:
    """An engine that has loaded for so many seconds, and is there when it was looked at so often."""

    def __init__(self, looks: int, seconds: float = 7.0) -> None:
        self.looks, self.seconds = looks, seconds

    @property
    def ready(self) -> bool:
        self.looks -= 1
        return self.looks < 0

    def starting_seconds(self, since: float, until: float) -> float:
        return self.seconds


def waited_for(model: Any, monkeypatch: pytest.MonkeyPatch, *, terminal: bool = False) -> str:
    """What a command without a screen of films says on stderr until a model is there."""
    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(life, "SECOND", 0.001)
    monkeypatch.setattr(life, "PLAIN_EVERY", 0.0)
    with life.Waiting(model, "vllm", Past(start=54)) as waiting:
        if waiting._thread is not None:
            waiting._thread.join(PATIENCE)
    return stream.getvalue()


def test_commands_without_a_screen_of_films_say_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    first = "loading the model; the last time took 0:54\n"
    assert waited_for(Slow(4), monkeypatch) == first + 2 * "loading the model: 0:07\n"
    counted = 2 * "\r\x1b[Kloading the model: 0:07" + "\r\x1b[K"
    assert waited_for(Slow(4), monkeypatch, terminal=True) == first + counted, "the line that counts is taken away"
    assert waited_for(Slow(4, seconds=0.0), monkeypatch) == "", "a model that nobody has asked for yet is not loading"
    assert waited_for(Slow(0), monkeypatch) == "", "nor one that is there"


async def test_a_start_that_goes_on_counts_as_loading() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def start() -> None:
        begun.set()
        await go_on.wait()

    captioner: Any = SimpleNamespace(start=start)
    supervisor = Supervisor(captioner)
    supervisor.starts.append((-1e6, -1e6 + 60))  # one that died since
    assert supervisor.loading_seconds == supervisor.starting_seconds(0.0, time.monotonic()) == 0
    task = supervisor.warm()
    await asyncio.wait_for(begun.wait(), PATIENCE)
    await asyncio.sleep(0.01)
    assert supervisor.starting_seconds(0.0, time.monotonic()) > 0
    assert 0 < supervisor.loading_seconds <= supervisor.starting_seconds(0.0, time.monotonic()), "of this start alone"
    go_on.set()
    await task
    assert supervisor.starting_seconds(0.0, time.monotonic()) == supervisor.last_start > 0
    assert supervisor.loading_seconds == 0


def test_nothing_is_drawn_while_something_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drawing between counting the rows and writing above them left one of them among what was said."""
    screen, held = Screen(live=False), list[bool]()
    lock: Any = screen.progress.live._lock
    monkeypatch.setattr(screen.console, "print", lambda *_: held.append(lock._is_owned()))
    screen.say("a.mp4: done")
    assert held == [True]
