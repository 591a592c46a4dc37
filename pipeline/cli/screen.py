"""stderr, as a person sees it: what was said, and on a terminal below it a line with a bar for each film under way.

model loaded in 1:01                                <- say: stays
beach.mp4: 9 captions · 1:12
all films   ━━━━━━━━━━╸             3 of 8          <- rows: taken away when the screen is left
harbour.mp4 ━━━━╸                   0:31 of 2:04 · 4 captions · A boat ...
"""

import sys
from types import TracebackType
from typing import Self

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from pipeline.cli.console import plain, unheard

ROWS = 12
"""films that are shown at once on a terminal; hundreds may wait for the engine"""
NAME, REST = 40, 60
"""columns for a film's name at most; columns that its bar and its state want beside it"""
BAR = 12
"""columns of a bar: at 80, ``100 of 1300 · about 10:09 left, then burning`` has room beside it"""


class Screen:
    """A context manager around the live part. ``live``: there is one, ``verbose``: more is said, ``quiet``: only failures."""

    def __init__(self, *, live: bool | None = None, quiet: bool = False, verbose: bool = False) -> None:
        self.console = _Console(stderr=True, highlight=False)
        self.console.soft_wrap = not self.console.is_terminal  # a terminal's lines break between words, all others stay whole
        self.live = (self.console.is_terminal if live is None else live) and not quiet
        self.quiet, self.verbose = quiet, verbose
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=BAR),
            TextColumn("{task.fields[state]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
            console=self.console,
            expand=True,
            transient=True,
        )
        self._rows: list[TaskID] = []

    def __enter__(self) -> Self:
        if self.live:
            self.progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.live:
            self.progress.stop()

    def say(self, text: str) -> None:
        """A message, unless only failures are wanted."""
        if not self.quiet:
            self.fail(text)

    def fail(self, text: str) -> None:
        """A message that is said in any case."""
        # Rich counts the rows that it drew last, writes above them and draws them anew; its own thread that draws ten times a second
        # must not come between, or a row that was drawn stays among what was said.
        with self.progress.live._lock:
            self.console.print(Text(plain(text.encode("utf-8", "backslashreplace").decode())))

    @property
    def width(self) -> int | None:
        """Columns of the terminal; None where it is none, and a line may be as long as it is."""
        return self.console.width if self.console.is_terminal else None

    def add_total(self, name: str, count: int) -> TaskID:
        """The row of all films together, above the others."""
        return self.progress.add_task(name, total=count, state="")

    def add_row(self, name: str, length: float, state: str) -> TaskID:
        """A film's row, ``length`` seconds long; shown when there is room: films that were begun first come first."""
        row = self.progress.add_task(
            _plain(shortened(name, max(12, min(NAME, self.console.width - REST)))),
            total=max(length, 0.001),
            state=_plain(state),
            visible=False,
        )
        self._rows.append(row)
        self._show_first()
        return row

    def update(self, row: TaskID, *, done: float, state: str) -> None:
        self.progress.update(row, completed=done, state=_plain(state))

    def remove_row(self, row: TaskID) -> None:
        self._rows.remove(row)
        self.progress.remove_task(row)
        self._show_first()

    def _show_first(self) -> None:
        for place, row in enumerate(self._rows[: ROWS + 1]):
            self.progress.update(row, visible=place < ROWS)


def shortened(name: str, columns: int) -> str:
    """A name in so many columns: its middle is left out, as films of one series differ at their ends."""
    if cell_len(name) <= columns:
        return name
    first = set_cell_size(name, (columns - 1) // 2)
    last, room = "", columns - 1 - cell_len(first)
    for letter in reversed(name):
        if cell_len(letter + last) > room:
            break
        last = letter + last
    return f"{first}\u2026{last}"


def _plain(text: str) -> str:
    """A text that rich takes as it is."""
    return text.replace("[", "\\[")


class _Console(Console):
    """Where nobody reads stderr any more (``2>&1 | head -1``), the work goes on; rich would end the program."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        unheard(sys.stderr)
