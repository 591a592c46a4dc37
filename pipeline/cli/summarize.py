"""``scenescribe summarize``: what a film is about, and its chapters."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import console
from pipeline.cli.caption import describe_found, run_until_signalled
from pipeline.cli.films_elsewhere import Elsewhere
from pipeline.cli.help import MOST
from pipeline.cli.logs import beside_the_screen
from pipeline.cli.options import with_options
from pipeline.cli.summaries import summarize_items
from pipeline.options import names
from pipeline.options.base import load
from pipeline.options.caption import Settings
from pipeline.shard import parsed, share

if TYPE_CHECKING:
    from pipeline.cli.screen import Screen
    from pipeline.summary_items import Item

MOST_USED = ("chapters", "into_video", "length", "style", "model", "output_dir")


@with_options(Settings, most=MOST_USED, without=("summarize",))
def summarize(
    inputs: Annotated[
        list[str] | None, typer.Argument(help="Films, folders, globs or .descriptions.json.", show_default=False)
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
    config: Annotated[Path | None, typer.Option("--config", help="A TOML file of options.", dir_okay=False)] = None,
    flags: dict[str, Any] = {},  # noqa: B006 - filled by with_options
) -> None:
    """Say what films are about: FILE.summary.json and .md, each sentence with its times; chapters with --chapters.

    Starts from finished captions; a film that has none is described first. Without a model that writes prose (no GPU, --engine echo)
    a summary is composed of the captions' own words, and says so. Exit codes are those of caption.

    Examples:
        scenescribe summarize movie.mp4 --chapters
        scenescribe summarize films --into-video --model qwen2.5-vl-7b
        scenescribe summarize movie.descriptions.json --length long --style "for children"
    """
    settings = load(Settings, flags | {"summarize": True}, config, known=names).settings
    if not inputs:
        console.say("scenescribe: no_input: name at least one film or folder (scenescribe summarize --help)")
        sys.exit(2)
    from pipeline.cli.screen import Screen

    screen = Screen(live=progress, quiet=quiet, verbose=verbose)
    beside_the_screen(verbose=screen.verbose, file=settings.log_file)
    sys.exit(run_until_signalled(_run(inputs, settings, screen, recursive=recursive, as_json=as_json)))


async def _run(inputs: Sequence[str], settings: Settings, screen: "Screen", *, recursive: bool, as_json: bool) -> int:
    """Describe what is not described, summarize the rest; the exit code."""
    from pipeline.cli.display import Display
    from pipeline.inputs import Inputs
    from pipeline.store.lookup import WhatIsThere
    from pipeline.summarizer import needs_its_own_engine
    from pipeline.summary_items import films_of, find_items

    items, errors = find_items(inputs, settings, recursive=recursive)
    items, settings = list(share(items, parsed(settings.shard))), settings.changed(shard="1/1")
    failures = len(errors)
    for name, error in errors:
        console.fail(name, error)
    if films := films_of(items):
        _say_what_is_missing([item for item in items if item.film in films], screen)
        # films that were described before have named their model
        folders = any(os.path.isdir(name) for name in inputs) and any(not item.described for item in items)
        display = Display(screen, as_json=as_json)
        # where one model does both it writes the summary as soon as a film's captions are there
        first = (
            settings
            if not needs_its_own_engine(settings)
            else settings.changed(summarize=False, chapters=False, into_video=False)
        )
        failed = await describe_found(
            first, Elsewhere(Inputs(films, ())), display, None, folders=folders, dry=False, lookup=WhatIsThere
        )
        failures += failed
        items = [item for item in items if item.described and (item.film not in films or first is not settings)]
    return 1 if failures + await summarize_items(items, settings, screen, as_json=as_json) else 0


def _say_what_is_missing(items: "Sequence[Item]", screen: "Screen") -> None:
    """Say which films are described first: some have no captions, of others the model refused windows."""
    new = sum(not item.described for item in items)
    again = len(items) - new
    if new:
        screen.say(f"no captions of {new} film{'s' * (new > 1)} yet: described first")
    if again:
        screen.say(f"windows without a description in {again} film{'s' * (again > 1)}: asked again first")
