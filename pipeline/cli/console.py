"""What the terminal is told: messages and failures on stderr, data on stdout. No other module prints or exits."""

import os
import shutil
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn, TextIO

from pipeline.cli.masked import masked
from pipeline.errors import ScenescribeError
from pipeline.sanitize import json_line

if TYPE_CHECKING:
    from pipeline.options.base import Loaded


def name_of(path: Path | str) -> str:
    """A file name as it may be printed: bytes that are no UTF-8 and control characters are escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return plain(text, keep="")


def plain(text: str, keep: str = "\n\t") -> str:
    """A text whose control characters are escaped: what others wrote can't move the cursor, name the window or turn the line around."""
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text)


def say(text: str) -> None:
    """A message for people; a terminal's lines break between words, so that what is to be typed stays whole; all others stay whole.

    Where they stopped listening (``2>&1 | head -1``) the work goes on.
    """
    try:
        print(wrapped(plain(text)) if sys.stderr.isatty() else plain(text), file=sys.stderr, flush=True)
    except BrokenPipeError:
        unheard(sys.stderr)


def wrapped(text: str) -> str:
    """A text whose lines are as wide as the terminal at most, where a space lets them be."""
    from rich.cells import cell_len

    columns = shutil.get_terminal_size().columns
    lines: list[str] = []
    for line in text.split("\n"):
        first, *others = line.split(" ")
        made, length = [first], cell_len(first)
        for word in others:
            length += 1 + cell_len(word)
            if length > columns and any(made):
                lines.append(" ".join(made))
                made, length = [word], cell_len(word)
            else:
                made.append(word)
        lines.append(" ".join(made))
    return "\n".join(lines)


def rewrite(text: str) -> None:
    """A line of a terminal's stderr in place of what stands on it; an empty one takes it away."""
    try:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
    except BrokenPipeError:
        unheard(sys.stderr)


def unheard(stream: IO[str]) -> None:
    """What is said to a stream whose reader went away goes nowhere from now on, also at the end of the program."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def finish(stream: IO[str]) -> None:
    """Write what is still kept back for a stream; where its reader went away, nobody misses it. Raises OSError (a full disk)."""
    try:
        stream.flush()
    except BrokenPipeError:
        unheard(stream)


def check_heard(stream: TextIO) -> None:
    """``unheard``, where what was said to a stream can't be written (a full disk): Python tries it once more at its end."""
    try:
        stream.flush()
    except OSError:
        unheard(stream)


def fail(path: Path | str, error: ScenescribeError) -> None:
    """The one line of a failed input: ``PATH: reason-code: sentence``."""
    say(f"{name_of(path)}: {error.code}: {one_line(error.message)}")


def one_line(text: str) -> str:
    """A sentence that may carry anything, on one printable line."""
    joined = " ".join(text.split())
    return "".join(c if c.isprintable() else "?" for c in os.fsencode(joined).decode("utf-8", "replace"))


def data(value: Any) -> None:
    """One JSON value on one line of stdout; what is written to files does not depend on who reads it."""
    try:
        print(json_line(value, default=str).encode("utf-8", "backslashreplace").decode(), flush=True)
    except BrokenPipeError:
        unheard(sys.stdout)


def end(error: ScenescribeError) -> NoReturn:
    """Leave the program with an error that is not about one input."""
    say(f"scenescribe: {error.code}: {one_line(error.message)}")
    sys.exit(error.exit_code)


def print_settings(loaded: "Loaded[Any]") -> None:
    """All options with their values and where each comes from, as the TOML that would set them; secrets are not shown."""
    for name, value in loaded.settings.model_dump(mode="json").items():
        shown = json_line(masked(name, value))
        line = f"{name.replace('_', '-')} = {shown}" if value is not None else f"# {name.replace('_', '-')} ="
        print(f"{line:<48}  # {loaded.origin[name]}")
