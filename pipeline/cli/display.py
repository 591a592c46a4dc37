"""What a person sees of a run: live bars on a terminal, plain lines elsewhere, JSON lines where programs listen."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.progress import TaskID

from pipeline.cli.console import data, name_of, one_line
from pipeline.cli.line import FilmLine, seconds_at_work
from pipeline.cli.notices import Once, as_data, faults, lines
from pipeline.cli.screen import Screen
from pipeline.cli.sentences import how_it_ended, who, written
from pipeline.cli.signs_of_life import MOMENT, PLAIN_EVERY, loaded, loading, usual
from pipeline.cli.summary import Summary, clock, counted, gauges_line
from pipeline.errors import ScenescribeError
from pipeline.inputs import Film
from pipeline.observing import Result
from pipeline.store.past import Past

if TYPE_CHECKING:
    from pipeline.studio import Studio


class Display:
    """A RunObserver. Entering it shows the live part, leaving it takes it away; what was said stays on the screen."""

    def __init__(self, screen: Screen, *, as_json: bool = False) -> None:
        self.screen, self.as_json = screen, as_json
        self.strict = False
        self.failures = 0
        self._once = Once()
        self._written: list[str] = []
        """where many films were described: the files that came of it"""
        self.summary = Summary()
        self._total: TaskID | None = None
        self._lines: dict[Path, FilmLine] = {}
        self.count = 0
        self._studio: Studio | None = None
        self._past: Past | None = None
        self._began = self._told = time.monotonic()
        self._addresses: dict[Path, str] = {}
        """of films of storages: what they are called"""
        self._called: Callable[[Path, Path], Path | str] = lambda film, output: output
        self._sizes: dict[Path, int] = {}
        """films that are not done -> bytes: the one measure of all films' lengths that is there before they are opened"""
        self._all_bytes = 0

    def begin(
        self,
        studio: "Studio",
        films: Sequence[Film],
        past: Past | None = None,
        called: Callable[[Path, Path], Path | str] | None = None,
    ) -> None:
        """Say what is going to run. ``past``: the latest run of its kind; ``called``: a film's output -> what it is called where it
        ends up."""
        self._called = called or self._called
        self._past, self._began = past, time.monotonic()
        self._sizes = {film.path: _size(film.path) if film.remote is None else film.remote.entry.size for film in films}
        self._addresses = {film.path: film.remote.url for film in films if film.remote is not None}
        self._all_bytes = sum(self._sizes.values())
        self.count = len(films)
        self.summary.order = {name_of(self._addresses.get(film.path, film.path)): place for place, film in enumerate(films)}
        self.strict = studio.settings.strict
        self.screen.say(f"{counted(len(films), 'film')} · {who(studio.model)}")
        studio.engine.on_ready.append(self._loaded)
        self._studio = studio
        if studio.preset.knows and studio.settings.engine != "echo":
            self.screen.say(f"note: {studio.preset.knows}")

    def _loaded(self) -> None:
        assert self._studio is not None
        if self._studio.engine.last_start >= 0.5:  # echo loads none, and an endpoint has
            self.screen.say(loaded(self._studio.engine.last_start))
        for line in self._lines.values():
            line.show_state()

    def __enter__(self) -> Self:
        if self.screen.live and self.count > 1:
            self._total = self.screen.add_total("all films", self.count)
        self.screen.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.screen.__exit__(kind, error, trace)

    def observer(self, film: Film) -> FilmLine:
        studio = self._studio
        model, part = (studio.engine, studio.recipe.part) if studio is not None else (None, None)
        self._lines[film.path] = FilmLine(self.screen, film, model, alone=self.count == 1, part=part)
        return self._lines[film.path]

    def finished(self, film: Film, result: Result) -> None:
        self._lines.pop(film.path).close()
        self._sizes.pop(film.path, None)
        name, notices = name_of(self._addresses.get(film.path, film.path)), result.notices
        state: str = result.state
        wrong, reason = faults(notices), ""
        if state == "done":
            for line in lines(film.path, self._once.of(notices), verbose=self.screen.verbose, quiet=self.screen.quiet):
                self.screen.fail(line)
        if wrong and self.strict:
            state, reason = "failed", wrong[0].code
            self.failures += 1
        elif wrong and state == "done":
            reason = counted(len(wrong), "warning")
        self.screen.say(how_it_ended(name, result, alone=self.count == 1))
        outputs = [name_of(self._called(film.path, path)) for path in result.outputs]
        if result.described and self.count == 1:
            self.screen.say(f"  -> {', '.join(outputs)}")
        elif result.described:
            self._written += outputs
        self._row(name, state, reason, result if state == "done" else None)
        if self.as_json:
            stats = dict(result.document.stats)
            if "seconds" in stats:
                stats["seconds"] = stats["seconds"] | {
                    "write": round(stats["seconds"].get("write", 0.0) + result.write_seconds, 3)
                }
            data(
                {
                    "path": name, "state": state, "outputs": outputs, "captions": result.document.answered,
                    "warnings": as_data(notices),
                    "stats": stats,
                }
            )  # fmt: skip

    def failed(self, name: Path | str, error: ScenescribeError) -> None:
        self.failures += 1
        if isinstance(name, Path) and name in self._lines:
            self._lines.pop(name).close()
            self._sizes.pop(name, None)
        name = self._addresses.get(Path(name), name)
        self.screen.fail(f"{name_of(name)}: {error.code}: {one_line(error.message)}")
        self._row(name_of(name), "failed", error.code)
        if self.as_json:
            data({"path": name_of(name), "state": "failed", "code": error.code, "message": error.message})

    def metrics(self, metrics: Mapping[str, Any]) -> None:
        """The engine's own gauges at their highest, with -v."""
        if metrics:
            self.screen.say(gauges_line(metrics))

    async def show_signs_of_life(self) -> None:
        """While the model loads, how long that has taken and usually takes; while films are under way, what is left. Until cancelled."""
        told_usual, since = False, 0.0
        while True:
            await asyncio.sleep(1)
            if self._studio is None:
                continue
            now, ready = time.monotonic(), self._studio.engine.ready
            since = now if ready else max(since, self._began)  # one that died is loaded anew
            text = None if ready else loading(now - since, self._studio.model.engine)
            if text is not None and not told_usual and now - self._began >= MOMENT:
                told_usual = True
                self.screen.say(usual(self._past, self._studio.model.engine))
            if text is not None and self._lines:
                for line in self._lines.values():
                    line.waiting(text)
            elif self._total is not None:
                self._show_total()
            if not self.screen.live and now - self._told >= PLAIN_EVERY and self._lines:
                self._told = now
                if text is not None:
                    self.screen.say(text)
                elif self.count > 1 and (left := self._left()):
                    self.screen.say(f"{len(self.summary.rows)} of {self.count} films · {left}")

    def _left(self) -> str:
        """``about 4:10 left``, by the bytes of the films that are done; nothing where too little is, and no time where all is read."""
        assert self._studio is not None
        under_way = sum(self._sizes.get(path, 0) * line.share for path, line in self._lines.items())
        left = sum(self._sizes.values()) - under_way
        done = self._all_bytes - left
        took = seconds_at_work(self._studio.engine, self._began)
        if took < 2 or done <= 0 or done / self._all_bytes < 0.02:
            return ""
        seconds = took * left / done
        # read and described to the end, and not over: what is left is written, and how long burning takes nobody knows
        then = ", then burning" if self._studio.settings.burn else ""
        return f"about {clock(seconds)} left{then}" if seconds >= 1 else "writing what is left"

    def end(self, started: float) -> Past | None:
        """The last lines: a table where there were many films, and one line for all. ``started``: on time.monotonic's clock.

        Returns what there is to remember of the run, if the model was asked.
        """
        assert self._studio is not None
        took = seconds_at_work(self._studio.engine, started)
        for row in self.summary.table(self.screen.width):
            self.screen.say(row)
        for line in self.summary.lines(took, self._studio.engine.clock):
            self.screen.say(line)
        if self._written:
            self.screen.say(f"  -> {written(self._written)}")
        return self.summary.past(took, self._studio.engine.last_start)

    def _row(self, name: str, state: str, reason: str, result: Result | None = None) -> None:
        self.summary.add(name, state, reason, result)
        self._show_total()

    def _show_total(self) -> None:
        if self._total is not None:
            left = self._left()
            state = f"{len(self.summary.rows)} of {self.count}" + (f" · {left}" if left else "")
            self.screen.update(self._total, done=len(self.summary.rows), state=state)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # said of the film itself, when its turn comes
