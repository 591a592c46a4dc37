"""Summaries as the command line tells of them: for ``summarize``, and for ``caption --summarize`` with a model of its own."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli import console
from pipeline.cli.notices import as_data
from pipeline.cli.signs_of_life import Waiting
from pipeline.errors import ScenescribeError
from pipeline.options.caption import Settings

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pipeline.cli.screen import Screen
    from pipeline.host import Host
    from pipeline.outline import Summary
    from pipeline.sinks.base import Written
    from pipeline.summary_items import Item


async def summarize_finished(films: Sequence[str], settings: Settings, screen: "Screen") -> int:
    """Summaries of films that are described now, by a model of its own; how many failed."""
    from pipeline.summary_items import find_items

    items, _ = find_items(films, settings, recursive=False)
    return await summarize_items([item for item in items if item.described], settings, screen, as_json=False)


async def summarize_items(items: "Sequence[Item]", settings: Settings, screen: "Screen", *, as_json: bool) -> int:
    """Summarize all, and tell of each; how many failed."""
    from pipeline.cli import notices
    from pipeline.cli.sentences import of_summary
    from pipeline.passes.markdown import times
    from pipeline.summarizer import needs_its_own_engine
    from pipeline.summary_run import summarize_all

    if not items:
        return 0
    failures = 0

    def told(item: "Item", written: "Written", summary: "Summary") -> None:
        nonlocal failures
        name = console.name_of(item.name)
        for line in notices.lines(item.name, written.notices, quiet=screen.quiet, verbose=screen.verbose):
            screen.fail(line)
        failures += bool(settings.strict and notices.faults(written.notices))
        if not written.new:
            screen.say(f"{name}: skipped: it is summarized (--overwrite does it anew)")
        else:
            screen.say(f"{name}: {of_summary(summary)}")
            screen.say(f"  -> {', '.join(console.name_of(path) for path in written.paths)}")
        if as_json:
            console.data(
                {
                    "path": name, "state": "done" if written.new else "skipped", "outputs": [console.name_of(path) for path in written.paths],
                    "method": summary.method, "sentences": len(summary.sentences), "chapters": len(summary.chapters),
                    "warnings": as_data(written.notices),
                }
            )  # fmt: skip
        elif len(items) == 1 and not screen.quiet:
            for sentence in summary.sentences:
                print(f"{console.one_line(sentence.text)} ({times(sentence.times)})")

    def failed(name: Path | str, error: ScenescribeError) -> None:
        nonlocal failures
        failures += 1
        screen.fail(f"{console.name_of(name)}: {error.code}: {console.one_line(error.message)}")
        if as_json:
            console.data({"path": os.fspath(name), "state": "failed", "code": error.code, "message": error.message})

    if needs_its_own_engine(settings):
        settings = settings.changed(model=settings.summary_model, summary_model=None)

    def waiting(host: "Host") -> "AbstractContextManager[object]":
        said = Waiting(host.engine, host.engine.captioner.engine, counts=False)
        return contextlib.nullcontext() if screen.quiet else said

    await summarize_all(items, settings, told, failed, while_loading=waiting)
    return failures
