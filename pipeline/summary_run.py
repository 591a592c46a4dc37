"""Summaries of many finished films, with one model, all of them at once.

Item (JSON, film, where its outputs go) -> Summarizer -> files
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.accident import failure
from pipeline.errors import EnvironmentFault, InputError, ScenescribeError, UsageError
from pipeline.host import Host
from pipeline.options.caption import Settings
from pipeline.sinks.base import Written
from pipeline.summarizer import Summarizer, writer_of
from pipeline.summary_items import SUFFIX, Item, read_document
from pipeline.types import Document

if TYPE_CHECKING:
    from pipeline.outline import Summary

AT_ONCE = 16
"""films whose questions are with the engine at once; each has dozens"""
Told = Callable[["Item", Written, "Summary"], None]
Failed = Callable[[Path | str, ScenescribeError], None]


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
                    failed(item.name, failure(item.name, error))

        tasks = [asyncio.create_task(one(item)) for item in items]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _film(item: Item, document: Document, *, wanted: bool) -> Path | None:
    """The film itself. Raises InputError ``no_film`` where a copy of it is wanted and it is not there."""
    if item.film is not None:
        return item.film.path
    name = os.path.basename(document.source.name.replace("\0", ""))
    said = os.fsdecode(name.encode("utf-8", "surrogateescape"))
    # or it was renamed together with its captions
    stem = item.json.name.removesuffix(SUFFIX)
    for candidate in (said, stem + Path(said).suffix, stem):
        if candidate not in ("", ".", item.json.name) and os.path.isfile(beside := item.json.with_name(candidate)):
            return beside
    if wanted:
        raise InputError("no_film", f"{name or 'the film'} does not stand beside its captions, so there is no copy with chapters")
    return None
