"""Summaries of many finished films, with one model: what was named, as documents, then all of them at once.

film, folder or .descriptions.json -> Item (JSON, film, where its outputs go) -> Summarizer -> files
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import formats
from pipeline.accident import internal_error
from pipeline.errors import EnvironmentFault, InputError, ScenescribeError, UsageError
from pipeline.files import missing
from pipeline.host import Host
from pipeline.inputs import Film, find_films
from pipeline.languages import check_tag
from pipeline.options.caption import Settings
from pipeline.outputs import plan
from pipeline.safe_open import MEGABYTE, read_text
from pipeline.sinks.base import Written
from pipeline.summarizer import Summarizer, writer_of
from pipeline.types import Document

if TYPE_CHECKING:
    from pipeline.outline import Summary

SUFFIX = ".descriptions.json"
LARGEST = 64 * MEGABYTE
"""bytes of a film's JSON"""
AT_ONCE = 16
"""films whose questions are with the engine at once; each has dozens"""
Told = Callable[["Item", Written, "Summary"], None]
Failed = Callable[[Path | str, ScenescribeError], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One film to summarize."""

    name: Path
    """what the user named, or found in a folder that was named"""
    json: Path
    film: Path | None
    """None where only the JSON was named and the film does not stand beside it"""
    folder: Path
    stem: str

    @property
    def described(self) -> bool:
        return self.json.exists()


def find_items(names: Sequence[str], settings: Settings, *, recursive: bool) -> tuple[list[Item], list[tuple[str, InputError]]]:
    """What the user named, each film once, and what was named and could not be."""
    jsons = [name for name in names if name.endswith(".json")]
    found = find_films([name for name in names if not name.endswith(".json")], recursive=recursive)
    wanted = [name.strip().lower() for name in settings.format.split(",") if name.strip()]
    places = plan(
        found.films, folder=settings.output_folder, language=check_tag(settings.language),
        formats=formats.names() if "all" in wanted else wanted, burn=False, mux=False, part=settings.part,
    )  # fmt: skip
    items = [
        Item(
            name=film.path,
            json=places[film.path].json,
            film=film.path,
            folder=places[film.path].folder,
            stem=places[film.path].stem,
        )
        for film in found.films
    ]
    errors = list(found.errors)
    for name in jsons:
        path = Path(name)
        if not path.exists():
            errors.append((name, InputError("not_found", missing(path), path=name)))
        elif all(path.absolute() != item.json.absolute() for item in items):
            stem = path.name.removesuffix(SUFFIX) if path.name.endswith(SUFFIX) else path.stem
            items.append(Item(name=path, json=path, film=None, folder=settings.output_folder or path.parent, stem=stem))
    return items, errors


def films_of(items: Sequence[Item]) -> tuple[Film, ...]:
    """The films that have no captions yet, or of whose windows the model refused some: they are asked again."""
    return tuple(Film(item.film, Path(item.film.name)) for item in items if item.film is not None and not _complete(item))


def _complete(item: Item) -> bool:
    """Whether all windows are described; what can't be read is told later."""
    if not item.described:
        return False
    try:
        document = read_document(item.json)
    except InputError:
        return True
    return document.answered == len(document.captions)


async def summarize_all(
    items: Sequence[Item],
    settings: Settings,
    told: Told,
    failed: Failed,
    *,
    host: Host | None = None,
    while_loading: Callable[[Host], AbstractContextManager[object]] = nullcontext,
) -> None:
    """Summarize finished films; the model of ``settings`` is loaded where it writes and anything has to be written.

    ``host``: one that runs already; ``while_loading`` is entered with one that is opened here. What is wrong with one film is told
    to ``failed``; EnvironmentFault and UsageError are raised.
    """
    from pipeline.engine.opening import choose_preset
    from pipeline.summarizer import writes_prose

    async with AsyncExitStack() as held:
        writer = None
        if host is None and writes_prose(settings, choose_preset(settings)):
            host = await held.enter_async_context(Host(settings))
            held.enter_context(while_loading(host))
        if host is not None:
            writer = writer_of(settings, host)
        summarizer = Summarizer(settings, writer, overwrite=settings.overwrite)
        room = asyncio.Semaphore(AT_ONCE)

        async def one(item: Item) -> None:
            async with room:
                try:
                    document = await asyncio.to_thread(read_document, item.json)
                    files = summarizer.files(item.folder, item.stem, _film(item, document, wanted=settings.into_video))
                    written, summary = await summarizer.write(document, files)
                    told(item, replace(written, notices=(*document.unanswered, *written.notices)), summary)
                except (EnvironmentFault, UsageError):
                    raise
                except ScenescribeError as error:
                    failed(item.name, error)
                except Exception as error:  # an accident of this film: the others are summarized
                    failed(item.name, internal_error(item.name, error))

        tasks = [asyncio.create_task(one(item)) for item in items]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def read_document(path: Path) -> Document:
    """A film's captions. Raises InputError ``not_found``, ``unreadable``, ``bad_json``."""
    from pipeline.formats import json

    try:
        return json.from_text(read_text(path, LARGEST))
    except FileNotFoundError:
        raise InputError("not_found", missing(path), path=str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("unreadable", f"{path.name} can't be read: {getattr(error, 'strerror', None) or error}") from None


def _film(item: Item, document: Document, *, wanted: bool) -> Path | None:
    """The film itself. Raises InputError ``no_film`` where a copy of it is wanted and it is not there."""
    if item.film is not None:
        return item.film
    name = os.path.basename(document.source.name.replace("\0", ""))
    said = os.fsdecode(name.encode("utf-8", "surrogateescape"))
    # or it was renamed together with its captions
    stem = item.json.name.removesuffix(SUFFIX)
    for candidate in (said, stem + Path(said).suffix, stem):
        if candidate and candidate != item.json.name and (beside := item.json.with_name(candidate)).is_file():
            return beside
    if wanted:
        raise InputError("no_film", f"{name or 'the film'} does not stand beside its captions, so there is no copy with chapters")
    return None
