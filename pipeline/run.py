"""All films of one run through one studio, several at a time; one that fails does not stop the others."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import EnvironmentFault, ScenescribeError, UsageError
from pipeline.inputs import Film
from pipeline.job import Observer, Result, describe
from pipeline.outputs import Outputs, plan

if TYPE_CHECKING:
    from pipeline.studio import Studio

WRITING = 2
"""films more at a time than are read at once: those whose videos are being written while others are described"""


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
    queue = iter(films)

    async def worker() -> None:
        for film in queue:  # shared by all workers: each takes the next one
            try:
                result = await describe(film, outputs[film.path], studio, observer.observer(film))
            except (EnvironmentFault, UsageError):
                raise
            except ScenescribeError as error:
                observer.failed(film.path, error)
            else:
                observer.finished(film, result)

    workers = [asyncio.create_task(worker()) for _ in range(min(len(films), studio.captioning.films + WRITING))]
    try:
        await asyncio.gather(*workers)
    finally:
        for one in workers:
            one.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
