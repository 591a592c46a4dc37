"""The contract of a source: what it is, its windows, and whether it is still what it was.

    probe() -> VideoInfo        before a picture is decoded; again after it changed
    windows(recipe) -> Reading  iterate it on a thread of its own, close it in any case
    changed()                   after the reading: is the file that was probed still there?

``probe``, ``windows`` and ``changed`` block and are called on threads.
"""

from collections.abc import Collection, Iterator
from types import TracebackType
from typing import Protocol, Self

from pipeline.captioning.recipe import Recipe
from pipeline.file_version import Change
from pipeline.types import Notice, Span, VideoInfo, Window


class Reading(Protocol):
    """Windows in order of time, once. A context manager; leaving it ends an iteration that waits on another thread."""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the user should know of the pictures; complete after the iteration."""

    @property
    def shots(self) -> tuple[float, ...]:
        """Times of the cuts found so far, where the window rule looks for them."""

    @property
    def decode_seconds(self) -> float:
        """Seconds that decoding took so far, all processes together."""

    @property
    def reader(self) -> str:
        """Who decoded, as the JSON names it; complete after the iteration."""

    @property
    def position(self) -> float:
        """Seconds read so far."""

    def __iter__(self) -> Iterator[Window]:
        """Raises InputError; ``source_changed`` where the source was written to while it was read."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class Source(Protocol):
    """One film, stream or set of pictures."""

    def probe(self) -> VideoInfo:
        """What it is. Raises InputError."""

    def windows(self, recipe: Recipe, *, known: Collection[Span] = (), between: Span | None = None) -> Reading:
        """Begin to read what the recipe wants to see of the source that was probed last.

        ``known`` windows (start, end, to the millisecond) need no pictures: they come without. ``between``, else the recipe's
        part: these seconds are read as though they were all of it. The first window begins with them, the last one ends with
        them, times stay those of the film, and nothing is decoded but what their pictures need. Raises
        InputError.
        """

    def changed(self) -> Change:
        """What became of it since ``probe``."""
