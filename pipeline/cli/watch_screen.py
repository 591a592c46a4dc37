"""What a person sees of ``scenescribe watch`` on a terminal: what ``caption`` shows, for films that keep arriving.

watching films · descriptions go to described · model llava-onevision-7b · Ctrl-C ends it
beach.mp4: 9 captions · 1:12 in 0:20 · 3.6x real time
harbour.mp4 ━━━━╸                   0:31 of 2:04 · 4 captions · 3.4x · A boat ...
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from pipeline.cli.console import name_of, one_line
from pipeline.cli.line import FilmLine
from pipeline.cli.notices import lines
from pipeline.cli.screen import Screen
from pipeline.cli.sentences import how_it_ended, who
from pipeline.cli.signs_of_life import MOMENT, earlier, loaded, loading, usual
from pipeline.cli.summary import counted
from pipeline.errors import ScenescribeError
from pipeline.inputs import Film
from pipeline.store.identity import Found
from pipeline.watch.observer import Ended, WatchObserver
from pipeline.watch.state import State

SECOND = 1.0
"""between two looks whether the model is there"""


class WatchScreen(WatchObserver):
    """A daemon's observer. The live part is there while films are under way; nothing is kept of those that have ended."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self._lines: dict[Path, FilmLine] = {}
        self._state: State | None = None

    def watching(self, state: State, *, taken_back: int, retried: int) -> None:
        self._state, studio = state, state.studio
        out = (
            f"descriptions go to {name_of(state.called(state.setup.output_dir))}"
            if state.setup.output_dir
            else "descriptions go beside the films"
        )
        how = "it ends when all is done" if state.settings.once else "Ctrl-C ends it; the next start goes on from there"
        self.screen.say(f"watching {name_of(state.called(state.root))} · {out} · {who(studio.model)}\n{how}")
        if studio.preset.knows and studio.settings.engine != "echo":
            self.screen.say(f"note: {studio.preset.knows}")
        for count, what in ((taken_back, "interrupted"), (retried, "failed")):
            if count:
                self.screen.say(f"{counted(count, 'film')} that {what} before: again")

    def queued(self, found: Sequence[Found], count: int) -> None:
        if count == len(found) == 1 and self._state is not None:
            self.screen.say(f"{name_of(found[0].path.relative_to(self._state.root))}: arrived")
        elif count:
            self.screen.say(f"{counted(count, 'film')} arrived")

    def waits(self, changing: Sequence[Path]) -> None:
        if self._state is not None:
            what = "1 file that still changes" if len(changing) == 1 else f"{len(changing)} files that still change"
            first = name_of(changing[0].relative_to(self._state.root))
            self.screen.say(f"waits for {what}: {first}{' ...' if len(changing) > 1 else ''}")

    def film(self, film: Film) -> FilmLine:
        if not self._lines:
            self.screen.__enter__()
        self._lines[film.path] = line = FilmLine(self.screen, film, self._state.studio.engine if self._state else None)
        return line

    def left(self, film: Film) -> None:
        if (line := self._lines.pop(film.path, None)) is not None:
            line.close()
            if not self._lines:
                self.screen.__exit__(None, None, None)

    def loaded(self) -> None:
        """The model is there: what waits for it goes on."""
        assert self._state is not None
        if (seconds := self._state.studio.engine.last_start) >= 0.5:  # echo loads none, and an endpoint has
            self.screen.say(loaded(seconds))
        for line in self._lines.values():
            line.show_state()

    async def show_signs_of_life(self) -> None:
        """While films wait for a model that loads: for how long, on the line of each, and once how long it usually takes. Until cancelled."""
        began: float | None = None
        told = False
        while True:
            await asyncio.sleep(SECOND)
            studio = self._state.studio if self._state is not None else None
            if studio is None or not self._lines or studio.engine.ready:
                began, told = None, False
                continue
            now = time.monotonic()
            began = began if began is not None else now - SECOND
            for line in self._lines.values():
                line.waiting(loading(now - began, studio.model.engine))
            if not told and now - began >= MOMENT:
                told = True
                self.screen.say(usual(earlier(studio.recipe, studio.settings.engine), studio.model.engine))

    def again(self, film: Film, error: ScenescribeError, after: float) -> None:
        name = name_of(film.relative)
        self.screen.say(f"{name}: {error.code}: {one_line(error.message)}; another try in {after:.0f} s")

    def ended(self, ended: Ended) -> None:
        name, result = name_of(ended.film.relative), ended.result
        if ended.state == "failed":
            self.screen.fail(f"{name}: {ended.reason}: {one_line(ended.message)}")
        elif ended.reason:
            self.screen.say(f"{name}: {ended.state}: {one_line(ended.message)}")
        elif result is not None:
            for line in lines(name, result.notices, verbose=self.screen.verbose, quiet=self.screen.quiet):
                self.screen.fail(line)
            self.screen.say(how_it_ended(name, result))
