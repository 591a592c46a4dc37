"""All films of one run through one studio, several at a time; one that fails does not stop the others."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import EnvironmentFault, ScenescribeError, UsageError
from pipeline.inputs import Film
from pipeline.job import Observer, Result, describe
from pipeline.outputs import Outputs, plan
from pipeline.seats import Seat

if TYPE_CHECKING:
    from pipeline.studio import Studio


class RunObserver(Protocol):
    """Told how each film ends; ``observer`` gives what is told while one is under way."""

    def observer(self, film: Film) -> Observer: ...

    def finished(self, film: Film, result: Result) -> None: ...

    def failed(self, name: Path | str, error: ScenescribeError) -> None: ...


def plan_outputs(films: Sequence[Film], studio: "Studio") -> dict[Path, Outputs]:
    """Where each film's outputs go, as the studio's settings say."""
    settings = studio.settings
    return plan(
        films,
        folder=settings.output_dir,
        language=settings.language,
        formats=studio.formats,
        burn=settings.burn,
        mux=settings.mux,
    )


async def describe_all(films: Sequence[Film], outputs: Mapping[Path, Outputs], studio: "Studio", observer: RunObserver) -> None:
    """Describe every film. InputError and OutputError are told to the observer.

    Raises EnvironmentFault and UsageError, which stand in the way of every film: the run ends, what is done stays done.
    """

    async def one(film: Film, seat: Seat) -> None:
        try:
            result = await describe(film, outputs[film.path], studio, observer.observer(film), on_read=seat.done_reading)
        except (EnvironmentFault, UsageError):
            raise
        except ScenescribeError as error:
            observer.failed(film.path, error)
        else:
            observer.finished(film, result)

    def begin(film: Film, seat: Seat) -> "asyncio.Task[None]":
        task = asyncio.create_task(one(film, seat))
        task.add_done_callback(lambda _: seat.leave())  # a task that is cancelled before it begins leaves too
        return task

    running: set[asyncio.Task[None]] = set()
    try:
        for film in films:
            running.add(begin(film, await studio.seats.take()))
            for task in [task for task in running if task.done()]:
                running.discard(task)
                task.result()
        await asyncio.gather(*running)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
