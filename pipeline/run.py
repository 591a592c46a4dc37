"""All films of one run, several at a time; one that fails does not stop the others, however it fails."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipeline.accident import failure
from pipeline.errors import EnvironmentFault, ScenescribeError, UsageError
from pipeline.inputs import Film
from pipeline.observing import Observer, Result
from pipeline.outputs import Outputs, plan
from pipeline.scheduler import Scheduler, Seat
from pipeline.storage.spool import Large, Some, Spool
from pipeline.types import Document, Outcome, VideoInfo
from pipeline.unfinished import done

if TYPE_CHECKING:
    from pipeline.storage.staging import Staging
    from pipeline.store.lookup import FileLookup
    from pipeline.studio import Studio


class RunObserver(Protocol):
    """Told how each film ends; ``observer`` gives what is told while one is under way."""

    def observer(self, film: Film) -> Observer: ...

    def finished(self, film: Film, result: Result) -> None: ...

    def failed(self, name: Path | str, error: ScenescribeError) -> None: ...


def plan_outputs(films: Sequence[Film], studio: "Studio", folder: Path | None = None) -> dict[Path, Outputs]:
    """Where each film's outputs go, as the studio's settings say; ``folder`` stands for their ``output_dir``.

    Raises UsageError ``bad_value`` where that is an address, which nothing stands for.
    """
    settings = studio.settings
    return plan(
        films,
        folder=folder or settings.output_folder,
        language=studio.recipe.language,
        formats=studio.formats,
        burn=settings.burn,
        mux=settings.mux,
        sidecars=settings.sidecar_name,
        part=studio.recipe.part,
    )


async def describe_all(
    films: Sequence[Film], outputs: Mapping[Path, Outputs], studio: "Studio", observer: RunObserver, *, spool: Spool | None = None,
    staged: Mapping[Path, "Staging"] | None = None, lookup: "type[FileLookup] | None" = None,
) -> None:  # fmt: skip
    """Describe every film. What is wrong with one is told to the observer, an error of ours as ``internal_error``.

    ``spool``: where films of storages lie while they are read; one that is finished is not fetched. ``staged``: films whose
    outputs belong in a storage. ``lookup``: who knows what is there already, ``FileLookup`` where nobody is named.

    Raises EnvironmentFault and UsageError, which stand in the way of every film: the run ends, what is done stays done.
    """

    async def described(film: Film, seat: Seat, watcher: Observer) -> Result:
        if film.remote is None or spool is None:
            known = lookup(outputs[film.path], overwrite=studio.settings.overwrite) if lookup is not None else None
            return await studio.describe(film.path, outputs[film.path], lookup=known, observer=watcher, place=seat)
        if (earlier := await asyncio.to_thread(finished, film, outputs[film.path], studio)) is not None:
            return earlier
        async with spool.here(film.remote, film.path, needed(studio), larger(studio)) as arriving:
            return await studio.describe(film.path, outputs[film.path], observer=watcher, place=seat, arriving=arriving)

    async def one(film: Film, seat: Seat) -> None:
        try:
            staging, watcher = (staged or {}).get(film.path), observer.observer(film)
            if staging is None:
                result = await described(film, seat, watcher)
            else:
                result = await staging.around(
                    made(film.path, outputs[film.path], studio), lambda: described(film, seat, watcher),
                    overwrite=studio.settings.overwrite,
                )  # fmt: skip
            observer.finished(film, result)
        except (EnvironmentFault, UsageError):
            raise
        except ScenescribeError as error:
            observer.failed(film.path, error)
        except Exception as error:
            observer.failed(film.path, failure(film.path, error))

    scheduler = Scheduler(studio.host.limits)
    try:
        for film in films:
            await scheduler.begin(lambda seat, film=film: one(film, seat))  # type: ignore[misc]
        await scheduler.all_done()
    finally:
        await scheduler.give_back()


def needed(studio: "Studio") -> Some | None:
    """How a film of a storage is fetched: a part of it may do where a part is described, nobody listens, and no copy of it is made."""
    part = studio.recipe.part
    if part is None or _copied(studio):
        return None
    from pipeline.media.film_part import by_ranges

    return by_ranges(part.span, studio.host.pool)


def larger(studio: "Studio") -> Large | None:
    """How a film of a storage comes that is larger than the room for it: while it is read, where this process's children read it and
    nobody else wants it whole."""
    if studio.recipe.part is not None or _copied(studio) or not studio.host.reads_here:
        return None
    from pipeline.media.film_feed import while_read

    return while_read(studio.host.pool)


def _copied(studio: "Studio") -> bool:
    """Whether a film is read for more than its pictures."""
    return bool(studio.settings.burn or studio.settings.mux or studio.layout.place != "window")


def made(film: Path, outputs: Outputs, studio: "Studio") -> tuple[Path, ...]:
    """All files that a film's description may make or remove, the JSON first."""
    summary = studio.summarizer.files(outputs.folder, outputs.stem, film).all if studio.summarizer is not None else ()
    return (*outputs.all, *summary, outputs.journal)


def finished(film: Film, outputs: Outputs, studio: "Studio") -> Result | None:
    """How a film of a storage ended that needs not be fetched: all its files are here, made from one of its size with these settings.

    Raises OutputError ``settings_differ``, ``output_exists``.
    """
    from pipeline.store.lookup import find

    assert film.remote is not None
    if studio.settings.overwrite or studio.summarizer is not None or not all(map(done, outputs.all)):
        return None
    size = film.remote.entry.size
    document = _document(outputs.json)
    if document is None or document.source.size != size:
        return None
    source = document.source
    info = VideoInfo(
        path=film.path, size=size, container="", codec=source.codec, duration=source.duration, start=source.start, fps=source.fps,
        width=source.width, height=source.height, reader=source.reader,
    )  # fmt: skip
    if find(outputs, studio.recipe.key(info), size, overwrite=False) is None:
        return None
    if any(caption.outcome is Outcome.FAILED for caption in document.captions):
        return None
    return Result(
        state="skipped", info=info, seconds=source.duration, document=document, outputs=outputs.all, notices=(), described=False
    )


def _document(path: Path) -> Document | None:
    """The document of a JSON of ours; None where it is none."""
    from pipeline.formats import json
    from pipeline.safe_open import read_text
    from pipeline.store.lookup import LARGEST

    try:
        return json.from_text(read_text(path, LARGEST))
    except (ScenescribeError, OSError, UnicodeDecodeError):
        return None
