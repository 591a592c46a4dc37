"""``scenescribe annotate``: captions for pictures by the million, as a data set."""

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import console
from pipeline.cli.caption import run_until_signalled
from pipeline.cli.logs import beside_the_screen
from pipeline.cli.options import with_options
from pipeline.cli.sentences import ECHO
from pipeline.options import names
from pipeline.options.annotate import AnnotateSettings
from pipeline.options.base import load

if TYPE_CHECKING:
    from pipeline.annotating.recipe import PictureRecipe
    from pipeline.cli.annotate_screen import AnnotateScreen
    from pipeline.datasets.ledger import Ledger
    from pipeline.imagesources.base import Wishes

MOST_USED = ("output_dir", "format", "model", "limit")


@with_options(AnnotateSettings, most=MOST_USED)
def annotate(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            help="Folders, pictures, globs, .tar shards, .parquet files; also s3://, gs://, az://.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object about the run on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only failures.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also what the engine says and measures.")] = False,
    progress: Annotated[
        bool | None, typer.Option("--progress/--no-progress", help="Live display; by itself on a terminal.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="A TOML file of options.", dir_okay=False)] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Show all options, where each comes from, and stop.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many pictures of which sources, and how many tokens; do nothing.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="Also one HTML page about the data set: pictures, captions, failures, hosts.")
    ] = None,
    metrics: Annotated[
        Path | None,
        typer.Option(
            "--metrics", help="A file of numbers for Prometheus (textfile collector), written anew while the run goes on."
        ),
    ] = None,
    flags: dict[str, Any] = {},  # noqa: B006 - filled by with_options
) -> None:
    """Describe pictures by the million: rows in Parquet under -o OUT, and what trainers read (--format).

    A folder is looked into with all its folders. What was named is listed once; the same command goes on where a run was stopped or killed, and
    several at once on one OUT share the work. A picture that can't be described is a row with a reason. Exit code: 0 done, 1 a picture failed,
    2 usage, 3 something is missing on this machine.

    Examples:
        scenescribe annotate photos -o captions --format txt --model qwen2.5-vl-7b
        scenescribe annotate s3://bucket/shards -o s3://bucket/captioned --format webdataset
        scenescribe annotate table.parquet -o out --url-column url --keep-columns id,label
        scenescribe annotate photos -o out --limit 20 --engine echo        (no model: says what it was shown)
    """
    loaded = load(AnnotateSettings, flags, config, known=names)
    if print_config:
        console.print_settings(loaded)
        return
    if not sources:
        console.say("scenescribe: no_input: name at least one folder, shard or table (scenescribe annotate --help)")
        sys.exit(2)
    from pipeline.cli.annotate_screen import AnnotateScreen
    from pipeline.cli.screen import Screen

    screen = AnnotateScreen(
        Screen(live=progress, quiet=quiet, verbose=verbose), as_json=as_json, metrics=metrics, engine=loaded.settings.engine
    )
    sys.exit(run_until_signalled(_run(sources, loaded.settings, screen, dry=dry_run, report=report)))


async def _run(
    sources: list[str], settings: AnnotateSettings, screen: "AnnotateScreen", *, dry: bool, report: Path | None
) -> int:
    """List, describe, write; the exit code."""
    from pipeline.annotating import flow, writing
    from pipeline.annotating.recipe import PictureRecipe
    from pipeline.engine.opening import refuse_unnamed_embedded
    from pipeline.host import Host

    beside_the_screen(verbose=screen.screen.verbose, file=settings.log_file)
    storage, wishes, layouts = flow.storage_of(settings), flow.wishes_of(settings), writing.layouts_of(settings.format)
    writing.refuse_extension(settings.caption_extension)
    host = Host(settings.describing(), verbose=screen.screen.verbose, pictures=settings.detail)
    refuse_unnamed_embedded(settings.describing(), host.preset)
    recipe = PictureRecipe.of(settings, host.preset)
    if dry:
        from pipeline.cli.annotate_dry_run import dry_run

        return await asyncio.to_thread(dry_run, screen.screen, sources, settings, wishes, host.preset, as_json=screen.as_json)
    if report is not None:
        from pipeline.report.page import check

        check(report, overwrite=settings.overwrite)
    await asyncio.to_thread(screen.measure)  # a file that can't be written is told now
    began = time.monotonic()
    ledger, problems = await asyncio.to_thread(flow.prepared, storage, sources, settings, recipe, listed=screen.listed)
    screen.begin(ledger, problems, who=ECHO if settings.engine == "echo" else f"model {host.preset.name}")
    if not await asyncio.to_thread(screen.all_done, ledger):
        with screen:
            await _work(settings, ledger, recipe, wishes, screen)
    screen.writing(layouts)
    written = await asyncio.to_thread(
        writing.write, ledger, layouts, wishes, extension=settings.caption_extension, overwrite=settings.overwrite
    )
    code = await asyncio.to_thread(screen.end, ledger, written, problems, seconds=time.monotonic() - began)
    if report is not None:
        from pipeline.report import data_set

        run = data_set.Run(seconds=time.monotonic() - began, asked=screen.progress.ended, held_back_by=screen.held_back_by)
        await asyncio.to_thread(data_set.write, report, ledger, wishes, run)
        screen.screen.say(f"  report: {report}")
    return code


async def _work(
    settings: AnnotateSettings,
    ledger: "Ledger",
    recipe: "PictureRecipe",
    wishes: "Wishes",
    screen: "AnnotateScreen",
) -> None:
    """Describe what is left: in this process, in one for each GPU, or on the nodes of a cluster."""
    from pipeline.annotating import flow
    from pipeline.cli.annotate_gauges import Others, OwnEngine
    from pipeline.datasets.sole import SoleStorage
    from pipeline.fleet.placement import placements

    host = flow.host_of(settings, ledger, verbose=screen.screen.verbose)
    if settings.cluster is not None:
        from pipeline.fleet import annotate_ray

        others = Others(ledger, screen)
        async with screen.shown(others), others.followed():
            await annotate_ray.run(settings, ledger, model=host.preset.name, say=screen.screen.fail)
        return
    describing = settings.describing()
    places = placements(describing)
    if not places or isinstance(ledger.storage, SoleStorage):  # there one process alone can write
        async with host, screen.shown(OwnEngine(host.engine, screen.screen.say)):
            await flow.work(host, ledger, recipe, wishes, told=screen.told, shard=settings.part, spool_gb=settings.spool_gb)
        return
    from pipeline.fleet.annotators import Annotators

    hosts = Annotators(
        settings, places, usual_share=host.preset.engine.get("gpu_memory_utilization"), verbose=screen.screen.verbose, told=screen.heard,
        say=screen.screen.fail, finished=lambda: ledger.frozen.units.keys() <= ledger.done(),
    )  # fmt: skip
    screen.screen.say("; ".join(f"host {place.number}: {place.words}" for place in places))
    async with screen.shown(hosts):
        await hosts.run()
