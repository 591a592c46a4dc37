"""``scenescribe caption``: films in, descriptions out."""

import asyncio
import contextlib
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import console, signals
from pipeline.cli.help import MOST
from pipeline.cli.logs import beside_the_screen
from pipeline.cli.options import with_options
from pipeline.options import names
from pipeline.options.base import load
from pipeline.options.caption import Settings
from pipeline.shard import parsed, share
from pipeline.unfinished import give_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.cli.display import Display
    from pipeline.cli.films_elsewhere import Elsewhere
    from pipeline.inputs import Inputs
    from pipeline.run import RunObserver
    from pipeline.store.lookup import FileLookup
    from pipeline.studio import Studio


@with_options(Settings, most=("model", "output_dir", "format", "language"))
def caption(
    inputs: Annotated[
        list[str] | None, typer.Argument(help="Films, folders or globs; also s3://, gs://, az://, https://.", show_default=False)
    ] = None,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Look into the folders' folders too.", rich_help_panel=MOST)
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a film on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only failures and warnings.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also what the engine says and measures.")] = False,
    progress: Annotated[
        bool | None, typer.Option("--progress/--no-progress", help="Live display; by itself on a terminal.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Also one HTML page about the run: pictures, captions, times.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="A TOML file of options.", dir_okay=False)] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Show all options, where each comes from, and stop.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say which films, how many windows, how long and how many tokens; do nothing.")
    ] = False,
    storage_option: Annotated[
        list[str] | None,
        typer.Option(help="KEY=VALUE for s3://, gs://, az://; may be repeated.", show_default=False),
    ] = None,
    spool_gb: Annotated[
        float, typer.Option(min=0.001, help="GiB of films of such storages that lie in the temporary folder at once.")
    ] = 50.0,
    flags: dict[str, Any] = {},  # noqa: B006 - filled by with_options
) -> None:
    """Describe films: FILE.descriptions.json, .srt and .vtt beside each, or under -o DIR (a folder or an address).

    Films that are finished are skipped, a run that was stopped goes on where it was. Exit code: 0 done, 1 an input failed,
    2 usage, 3 something is missing on this machine.

    Examples:
        scenescribe caption movie.mp4 --model llava-onevision-7b
        scenescribe caption films --recursive -o described --format srt,vtt,ass
        scenescribe caption s3://bucket/films --recursive -o s3://bucket/described
        scenescribe caption movie.mp4 --engine openai --base-url http://gpu-machine:8000/v1
        scenescribe caption movie.mp4 --engine echo        (no model: says what it was shown)
    """
    loaded = load(Settings, flags, config, known=names)
    if print_config:
        console.print_settings(loaded)
        return
    if not inputs:
        console.say("scenescribe: no_input: name at least one film or folder (scenescribe caption --help)")
        sys.exit(2)
    from pipeline.cli.display import Display
    from pipeline.cli.films_elsewhere import elsewhere
    from pipeline.cli.screen import Screen
    from pipeline.inputs import find_films
    from pipeline.storage import is_address

    addresses = [name for name in inputs if is_address(name)]
    found = find_films([name for name in inputs if not is_address(name)], recursive=recursive)
    display = Display(Screen(live=progress, quiet=quiet, verbose=verbose), as_json=as_json)
    folders = any(os.path.isdir(name) for name in inputs)
    with elsewhere(addresses, found, loaded.settings, storage_option or (), recursive=recursive, dry=dry_run) as work_on:
        for name, error in work_on.found.errors:
            display.failed(name, error)
        if not work_on.found.films:
            sys.exit(1)
        work = describe_found(loaded.settings, work_on, display, report, folders=folders, dry=dry_run, spool_gb=spool_gb)
        sys.exit(run_until_signalled(work))


async def describe_found(
    settings: Settings, on: "Elsewhere", display: "Display", report: Path | None, *, folders: bool, dry: bool, spool_gb: float = 0.0,
    lookup: "type[FileLookup] | None" = None,
) -> int:  # fmt: skip
    """Describe all films with one studio; the exit code. ``lookup``: who knows what is there already."""
    from pipeline.engine.opening import refuse_unnamed_embedded
    from pipeline.run import describe_all, plan_outputs
    from pipeline.storage.spool import GIB, Spool
    from pipeline.store import past
    from pipeline.studio import Studio

    beside_the_screen(verbose=display.screen.verbose, file=settings.log_file)
    studio = Studio(settings, verbose=display.screen.verbose)
    if folders:
        refuse_unnamed_embedded(settings, studio.preset)
    outputs = plan_outputs(on.found.films, studio, on.output)  # of all, since their names may be in each other's way
    found = replace(on.found, films=tuple(share(on.found.films, parsed(settings.shard))))
    on = replace(on, found=found)
    if not found.films:
        display.screen.say(f"--shard {settings.shard}: no film is left for this one: there are fewer films than shares")
        return 1 if display.failures else 0
    kind = past.kind(studio.recipe.model, settings.engine, studio.recipe.windows, studio.recipe.sampler)
    known = past.recall(kind)
    if dry:
        from pipeline.cli.dry_run import look_at

        async with studio:
            return await look_at(on, outputs, studio, display.screen, known, as_json=display.as_json)
    display.begin(studio, found.films, known, called=on.called)
    started = time.monotonic()
    with _reported(report, studio, found, display) as observer, display:
        async with studio:
            signs = asyncio.create_task(display.show_signs_of_life())
            try:
                room = Spool(int(spool_gb * GIB)) if on.spool else None
                await describe_all(found.films, outputs, studio, observer, spool=room, staged=on.staged, lookup=lookup)
            finally:
                signs.cancel()
                await asyncio.gather(signs, return_exceptions=True)
                if display.screen.verbose:
                    display.metrics(studio.engine.gauges.highest)
                    display.screen.say(studio.host.decoding)
    if (run := display.end(started)) is not None:
        past.remember(kind, run)
    if report is not None:
        display.screen.say(f"  report: {console.name_of(report)}")
    if settings.wants_summary:
        from pipeline.summarizer import needs_its_own_engine

        if needs_its_own_engine(settings):
            from pipeline.cli.summaries import summarize_finished

            display.failures += await summarize_finished(
                [os.fspath(film.path if film.remote is None else outputs[film.path].json) for film in found.films],
                settings,
                display.screen,
            )
    return 1 if display.failures else 0


@contextlib.contextmanager
def _reported(path: Path | None, studio: "Studio", found: "Inputs", display: "Display") -> "Iterator[RunObserver]":
    """What the run is told to; after it, however it ended, the page of ``--report`` is written."""
    if path is None:
        yield display
        return
    from pipeline import report

    report.check(path, overwrite=studio.settings.overwrite)
    record = report.Recorder(display, studio, found.errors)
    try:
        yield record
    finally:
        record.stop()
        report.write(path, record)


def run_until_signalled(work: Any) -> int:
    """Run a coroutine to its exit code. SIGINT and SIGTERM cancel it, cleanly: 130 and 143."""
    caught: list[int] = []

    async def main() -> int:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def stop(number: int) -> None:
            give_up()
            console.say("\nstopping; the same command goes on from here (once more ends it at once)")
            caught.append(number)
            signals.end_within(signals.WHOLE, 128 + number)
            task.cancel()

        signals.on_first(loop, stop)
        try:
            return int(await work)
        finally:
            if caught:
                signals.end_within(signals.LAST, 128 + caught[0])

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        if not caught:
            raise
        return 128 + caught[0]
