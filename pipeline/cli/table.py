"""Rows under headings, for people: no name, id or number is ever broken, whatever the width.

name           memory  id                              wide enough, or no terminal: one line a row
llava-1.5-7b   22 GiB  llava-hf/llava-1.5-7b-hf

films/a.mp4       done            0:16                 only some names are too long for the terminal: those alone, their row
films/a lecture of the autumn term, part one.mp4       below them
                  failed  not_found

llava-1.5-7b                                           a terminal that is too narrow: the first field alone, the others
  memory 22 GiB                                        below it, as many on a line as fit
  id llava-hf/llava-1.5-7b-hf
"""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

from pipeline.cli.console import plain

Row = Sequence[str]
SPACE = "  "
LEAST = 24
"""columns for names, at least, where longer ones stand above their row"""


def width_of(stream: TextIO) -> int | None:
    """Columns of the terminal behind a stream; None where it is none: lines there may be as long as they are."""
    return shutil.get_terminal_size().columns if stream.isatty() else None


def lines(headings: Row, rows: Sequence[Row], *, width: int | None = None, right: frozenset[str] = frozenset()) -> list[str]:
    """The table's lines; ``right`` names the headings of columns of numbers. Trailing spaces are left out."""
    from rich.cells import cell_len  # a wide character takes two columns

    widths = [max(cell_len(row[k]) for row in (headings, *rows)) for k in range(len(headings))]
    if width is not None and sum(widths) + len(SPACE) * (len(widths) - 1) > width:
        room = width - sum(widths[1:]) - len(SPACE) * (len(widths) - 1)
        short = [size for size in (cell_len(row[0]) for row in (headings, *rows)) if size <= room]
        if room < LEAST or 2 * len(short) <= len(rows):
            return [line for row in rows for line in _stacked(headings, row, width, cell_len)]
        widths[0] = max(short)
    made = []
    for row in (headings, *rows):
        cells = []
        if cell_len(row[0]) > widths[0]:
            made.append(row[0])
            row = ("", *row[1:])
        for heading, text, columns in zip(headings, row, widths, strict=True):
            blank = " " * (columns - cell_len(text))
            cells.append(blank + text if heading in right else text + blank)
        made.append(SPACE.join(cells).rstrip())
    return made


def _stacked(headings: Row, row: Row, width: int, cell_len: Callable[[str], int]) -> list[str]:
    made = [row[0]]
    line = ""
    for heading, text in zip(headings[1:], row[1:], strict=True):
        if not text:
            continue
        field = f"{heading} {text}"
        if line and cell_len(line) + 3 + cell_len(field) > width:
            made.append(line)
            line = ""
        line = f"{line} · {field}" if line else f"{SPACE}{field}"
    return [*made, line] if line else made


def show(headings: Row, rows: Sequence[Row], *, right: frozenset[str] = frozenset()) -> None:
    """Print a table on stdout, its headings bold on a terminal; control characters in it are escaped."""
    rows = [[plain(cell, keep="") for cell in row] for row in rows]
    width = width_of(sys.stdout)
    made = lines(headings, rows, width=width, right=right)
    if width is not None and not os.environ.get("NO_COLOR"):
        bold = {made[0]} if made[0].startswith(headings[0]) else {row[0] for row in rows}
        made = [f"\x1b[1m{line}\x1b[0m" if line in bold else line for line in made]
    print("\n".join(made))
