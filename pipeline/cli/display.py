"""What a person sees of a run: live bars on a terminal, plain lines elsewhere, JSON lines where programs listen."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.progress import TaskID

from pipeline.cli.console import data, name_of, one_line
from pipeline.cli.line import FilmLine, seconds_at_work
from pipeline.cli.notices import faults, lines
from pipeline.cli.screen import Screen
from pipeline.cli.sentences import how_it_ended
from pipeline.cli.summary import Summary, counted, gauges_line
from pipeline.describe import Result
from pipeline.errors import ScenescribeError
from pipeline.inputs import Film

if TYPE_CHECKING:
    from pipeline.studio import Studio


class Display:
    """A RunObserver. Entering it shows the live part, leaving it takes it away; what was said stays on the screen."""

    def __init__(self, screen: Screen, *, as_json: bool = False) -> None:
        self.screen, self.as_json = screen, as_json
        self.strict = False
        self.failures = 0
        self.summary = Summary()
        self._total: TaskID | None = None
        self._lines: dict[Path, FilmLine] = {}
        self.count = 0
        self._studio: Studio | None = None

    def begin(self, studio: "Studio", films: Sequence[Film]) -> None:
        """Say what is going to run."""
        self.count = len(films)
        self.strict = studio.settings.strict
        model = studio.model
        self.screen.say(f"{counted(len(films), 'film')} · model {model.name} · engine {model.engine}")
        studio.engine.on_ready.append(self._loaded)
        self._studio = studio
        if studio.preset.knows and studio.settings.engine != "echo":
            self.screen.say(f"note: {studio.preset.knows}")

    def _loaded(self) -> None:
        assert self._studio is not None
        if self._studio.engine.last_start >= 0.5:  # echo loads none, and an endpoint has
            self.screen.say(f"model loaded in {self._studio.engine.last_start:.0f} s")
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
        model = self._studio.engine if self._studio is not None else None
        self._lines[film.path] = FilmLine(self.screen, film, model, alone=self.count == 1)
        return self._lines[film.path]

    def finished(self, film: Film, result: Result) -> None:
        self._lines.pop(film.path).close()
        name, notices = name_of(film.path), result.notices
        state: str = result.state
        wrong, reason = faults(notices), ""
        if state == "done":
            for line in lines(film.path, notices, verbose=self.screen.verbose, quiet=self.screen.quiet):
                self.screen.fail(line)
        if wrong and self.strict:
            state, reason = "failed", wrong[0].code
            self.failures += 1
        elif wrong and state == "done":
            reason = counted(len(wrong), "warning")
        self.screen.say(how_it_ended(name, result))
        if result.described and self.count == 1:
            self.screen.say(f"  -> {', '.join(name_of(path) for path in result.outputs)}")
        self._row(name, state, reason, result if state == "done" else None)
        if self.as_json:
            stats = dict(result.document.stats)
            if "seconds" in stats:
                stats["seconds"] = stats["seconds"] | {
                    "write": round(stats["seconds"].get("write", 0.0) + result.write_seconds, 3)
                }
            data(
                {
                    "path": name, "state": state, "outputs": [name_of(path) for path in result.outputs], "captions": len(result.document.captions),
                    "warnings": [{"code": notice.code, "message": notice.message, "start": notice.start} for notice in notices],
                    "stats": stats,
                }
            )  # fmt: skip

    def failed(self, name: Path | str, error: ScenescribeError) -> None:
        self.failures += 1
        if isinstance(name, Path) and name in self._lines:
            self._lines.pop(name).close()
        self.screen.fail(f"{name_of(name)}: {error.code}: {one_line(error.message)}")
        self._row(name_of(name), "failed", error.code)
        if self.as_json:
            data({"path": name_of(name), "state": "failed", "code": error.code, "message": error.message})

    def metrics(self, metrics: Mapping[str, Any]) -> None:
        """The engine's own gauges at their highest, with -v."""
        if metrics:
            self.screen.say(gauges_line(metrics))

    def end(self, started: float) -> None:
        """The last lines: a table where there were many films, and one line for all. ``started``: on time.monotonic's clock."""
        assert self._studio is not None
        took = seconds_at_work(self._studio.engine, started)
        for row in self.summary.table(self.screen.width):
            self.screen.say(row)
        for line in self.summary.lines(took, self._studio.engine.clock):
            self.screen.say(line)

    def _row(self, name: str, state: str, reason: str, result: Result | None = None) -> None:
        self.summary.add(name, state, reason, result)
        if self._total is not None:
            self.screen.update(self._total, done=len(self.summary.rows), state=f"{len(self.summary.rows)} of {self.count}")
