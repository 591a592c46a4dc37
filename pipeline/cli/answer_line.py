"""An answer as it comes, on the standard output."""

import contextlib
import sys
from collections.abc import Callable, Iterator

from pipeline.cli import console


def show(text: str) -> None:
    """Words of an answer; what is no character for a terminal is not printed."""
    shown = "".join(c if c.isprintable() or c == "\n" else " " for c in text)
    try:
        sys.stdout.write(shown.encode("utf-8", "replace").decode())
        sys.stdout.flush()
    except BrokenPipeError:
        console.unheard(sys.stdout)


@contextlib.contextmanager
def answer_line() -> Iterator[Callable[[str], None]]:
    """Shows pieces of an answer. Where it breaks off for an error, what is said of that begins on its own line."""
    last = "\n"

    def piece(text: str) -> None:
        nonlocal last
        show(text)
        last = text[-1:] or last

    try:
        yield piece
    except Exception:
        if last != "\n":
            show("\n")
        raise
