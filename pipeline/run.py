"""All films of one run, several at a time; one that fails does not stop the others, however it fails."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipeline import log as logs
from pipeline.describe import Observer, Result
from pipeline.errors import EnvironmentFault, InputError, ScenescribeError, UsageError
from pipeline.inputs import Film
from pipeline.outputs import Outputs, plan
from pipeline.scheduler import Scheduler, Seat

if TYPE_CHECKING:
    from pipeline.studio import Studio

log = logs.get(__name__)


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
        language=studio.recipe.language,
        formats=studio.formats,
        burn=settings.burn,
        mux=settings.mux,
        sidecars=settings.sidecar_name,
        part=studio.recipe.part,
    )


async def describe_all(films: Sequence[Film], outputs: Mapping[Path, Outputs], studio: "Studio", observer: RunObserver) -> None:
    """Describe every film. What is wrong with one is told to the observer, an error of ours as ``internal_error``.

    Raises EnvironmentFault and UsageError, which stand in the way of every film: the run ends, what is done stays done.
    """

    async def one(film: Film, seat: Seat) -> None:
        try:
            result = await studio.describe(film.path, outputs[film.path], observer=observer.observer(film), place=seat)
            observer.finished(film, result)
        except (EnvironmentFault, UsageError):
            raise
        except ScenescribeError as error:
            observer.failed(film.path, error)
        except Exception as error:
            observer.failed(film.path, internal_error(film.path, error))

    scheduler = Scheduler(studio.host.limits)
    try:
        for film in films:
            await scheduler.begin(lambda seat, film=film: one(film, seat))  # type: ignore[misc]
        await scheduler.all_done()
    finally:
        await scheduler.give_back()


def internal_error(path: Path, error: Exception) -> InputError:
    """An accident of one film, with its traceback in the log: whatever it was, it is that film's alone."""
    log.error("internal error", path=path, exc_info=error)
    text = f"a fault of ours ({type(error).__name__}: {error}); please report it with the traceback, which -v or --log-file shows"
    return InputError("internal_error", text)
