"""One film of a run under way, as a person sees it: a live line with a bar on a terminal, now and then a plain line elsewhere."""

import os
import time

from rich.progress import TaskID

from pipeline.cli.console import name_of, one_line
from pipeline.cli.screen import Screen
from pipeline.cli.signs_of_life import PLAIN_EVERY, Model
from pipeline.cli.summary import clock, counted
from pipeline.inputs import Film
from pipeline.observing import Observer
from pipeline.part import Part
from pipeline.types import Caption, VideoInfo


class FilmLine(Observer):
    """One film's line: time done of time to do, captions so far, speed, and the last caption."""

    def __init__(self, screen: Screen, film: Film, model: Model | None, *, alone: bool = False, part: Part | None = None) -> None:
        """``alone``: its captions are said one by one on a terminal too, and its speed. ``part``: what of the film is described."""
        self.screen, self.film, self.model, self.alone = screen, film, model, alone
        self.part = part or Part(0.0)
        self.length = 0.0
        """seconds to describe, once the film is opened"""
        self.row: TaskID | None = None
        self.count = 0
        self.started = self.spoken = time.monotonic()
        self.done = 0.0

    def opened(self, info: VideoInfo) -> None:
        self.length = max(0.0, min(self.part.span[1], info.duration) - self.part.start)
        if self.screen.live:
            self.row = self.screen.add_row(name_of(os.path.basename(self.film.path)), self.length, "waiting for the model")
            if self.model is not None and self.model.ready:
                self.show_state()

    def captioned(self, caption: Caption, position: float) -> None:
        self.count += 1
        self.done = max(self.done, min(caption.end - self.part.start, self.length))
        if self.row is not None:
            self.show_state(f" · {one_line(caption.text)}")
            if self.screen.verbose or self.alone:
                self.screen.say(f"  {clock(caption.start)}  {one_line(caption.text)}")
        elif time.monotonic() - self.spoken > PLAIN_EVERY or self.screen.verbose:
            self.spoken = time.monotonic()
            self.screen.say(f"{name_of(self.film.path)}: {self.state()} · {one_line(caption.text)}")

    @property
    def share(self) -> float:
        """How much of the film is described, from 0 to 1."""
        return self.done / self.length if self.length > 0 else 0.0

    def waiting(self, text: str) -> None:
        """What the film waits for, on its line."""
        if self.row is not None and not self.count:
            self.screen.update(self.row, done=self.done, state=text)

    def show_state(self, last: str = "") -> None:
        """How far the film is, on its line; ``last`` is its last caption."""
        if self.row is not None:
            self.screen.update(self.row, done=self.done, state=self.state() + last)

    def state(self) -> str:
        """Done of to do, captions, and of a film that has the engine for itself the speed since the model is there."""
        far = f"{clock(self.done)} of {clock(self.length)}"
        if not self.count:
            return f"{far} · no caption yet"
        passed = max(seconds_at_work(self.model, self.started), 0.001)
        speed = f" · {self.done / passed:.1f}x" if self.alone else ""
        return f"{far} · {counted(self.count, 'caption')}{speed}"

    def step(self, what: str, done: float = 0.0) -> None:
        if self.row is not None:
            self.screen.update(self.row, done=done * self.length, state=f"{what} {done:.0%}")

    def close(self) -> None:
        if self.row is not None:
            self.screen.remove_row(self.row)


def seconds_at_work(model: Model | None, since: float) -> float:
    """Seconds from ``since`` on time.monotonic's clock until now in which no model was loading."""
    now = time.monotonic()
    return now - since - (model.starting_seconds(since, now) if model is not None else 0.0)
