"""One film of a run under way, as a person sees it: a live line with a bar on a terminal, now and then a plain line elsewhere."""

import os
import time
from typing import TYPE_CHECKING

from rich.progress import TaskID
from rich.text import Text

from pipeline.cli.console import name_of, one_line
from pipeline.cli.summary import clock, counted
from pipeline.inputs import Film
from pipeline.job import Observer
from pipeline.types import Caption, VideoInfo

if TYPE_CHECKING:
    from pipeline.cli.display import Display

PLAIN_EVERY = 10.0
"""seconds between two lines of progress of one film where stderr is no terminal"""


class FilmLine(Observer):
    """One film's line: time done of time to do, captions so far, speed, and the last caption."""

    def __init__(self, display: "Display", film: Film) -> None:
        self.display, self.film = display, film
        self.task: TaskID | None = None
        self.count = 0
        self.info: VideoInfo | None = None
        self.started = self.spoken = time.monotonic()
        self.done = 0.0

    def opened(self, info: VideoInfo) -> None:
        self.info = info
        if self.display.live:
            name = name_of(os.path.basename(self.film.path))
            self.task = self.display.progress.add_task(
                Text(name[:40]).plain.replace("[", "\\["),
                total=max(info.duration, 0.001),
                state="waiting for the model",
                visible=False,
            )
            if self.display.model_ready:
                self.show_state()
            self.display.show_first()

    def captioned(self, caption: Caption, position: float) -> None:
        assert self.info is not None
        self.count += 1
        self.done = max(self.done, min(caption.end, self.info.duration))
        if self.task is not None:
            self.show_state(f" · {one_line(caption.text)}")
            if self.display.verbose or self.display.count == 1:
                self.display.say(f"  {clock(caption.start)}  {one_line(caption.text)}")
        elif time.monotonic() - self.spoken > PLAIN_EVERY or self.display.verbose:
            self.spoken = time.monotonic()
            self.display.say(f"{name_of(self.film.path)}: {self.state()} · {one_line(caption.text)}")

    def show_state(self, last: str = "") -> None:
        """How far the film is, on its line; ``last`` is its last caption."""
        if self.task is not None:
            self.display.progress.update(self.task, completed=self.done, state=(self.state() + last).replace("[", "\\["))

    def state(self) -> str:
        """Done of to do, captions, and the speed since the model is there."""
        assert self.info is not None
        far = f"{clock(self.done)} of {clock(self.info.duration)}"
        if not self.count:
            return f"{far} · no caption yet"
        passed = max(self.display.seconds_at_work(self.started), 0.001)
        return f"{far} · {counted(self.count, 'caption')} · {self.done / passed:.1f}x"

    def step(self, what: str, done: float = 0.0) -> None:
        if self.task is not None:
            self.display.progress.update(
                self.task, completed=done * (self.info.duration if self.info else 1), state=f"{what} {done:.0%}"
            )

    def close(self) -> None:
        if self.task is not None:
            self.display.progress.remove_task(self.task)
            self.display.show_first()
