"""``scenescribe watch``: the daemon."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import console, signals
from pipeline.cli.films_elsewhere import no_addresses
from pipeline.cli.options import with_options
from pipeline.errors import UsageError
from pipeline.options import names
from pipeline.options.base import load
from pipeline.options.watch import WatchSettings

if TYPE_CHECKING:
    from pipeline.cli.screen import Screen

AT_MOST = 9.0
"""seconds from SIGTERM to the end, whatever hangs: what is on disk is complete at every moment"""


@with_options(WatchSettings, most=("output_dir", "model", "format", "state_dir", "once"))
def watch(
    folder: Annotated[
        str | None, typer.Argument(help="The folder to watch; also s3://, gs://, az://.", show_default=False)
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only warnings and failures.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="More lines in the log.")] = False,
    config: Annotated[Path | None, typer.Option("--config", help="A TOML file of options.", dir_okay=False)] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Show all options, where each comes from, and stop.")
    ] = False,
    flags: dict[str, Any] = {},  # noqa: B006 - filled by with_options
) -> None:
    """Describe every film that arrives in a folder, once, through restarts, full disks and slow copies.

    SIGTERM ends it within ten seconds, SIGHUP reads the configuration again. Exit code: 0 done (--once), 1 a film failed
    (--once), 2 usage, 3 something is missing or another daemon has the state folder, 130 and 143 signals.

    Examples:
        scenescribe watch films -o described --model llava-onevision-7b
        scenescribe watch films -o described --once --settle 0
        scenescribe watch films -o described --webhook https://example.org/films
        scenescribe watch s3://bucket/films -o s3://bucket/described --poll 30 --model llava-onevision-7b
    """
    loaded = load(WatchSettings, flags, config, known=names)
    if print_config:
        console.print_settings(loaded)
        return
    if folder is None:
        raise UsageError("no_input", "name the folder to watch (scenescribe watch --help)")
    from pipeline import log
    from pipeline.watch.elsewhere import watched

    root, address = watched(folder, loaded.settings.state_folder)
    if address is None and not root.is_dir():
        raise UsageError("not_found", f"there is no folder {console.name_of(folder)}")
    if address is not None and loaded.settings.cluster is not None:
        raise no_addresses()
    _check(loaded.settings)

    screen = None
    if loaded.settings.log_format == "auto" and log.for_people():
        from pipeline.cli.screen import Screen

        screen = Screen(quiet=quiet, verbose=verbose)
    level = logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO
    log.set_up(loaded.settings.log_format, level=level, say=screen.fail if screen is not None else None)

    def reread() -> WatchSettings:
        return _check(load(WatchSettings, flags, config, known=names).settings)

    sys.exit(_run(root, address, loaded.settings, reread, screen))


def _check(settings: WatchSettings) -> WatchSettings:
    """What the types of the options don't say. Raises UsageError."""
    from pipeline.watch.deliveries import words_of
    from pipeline.watch.webhook import AN_ADDRESS, is_address

    if settings.exec is not None:
        words_of(settings.exec)
    if settings.webhook is not None and not is_address(settings.webhook):
        raise UsageError("bad_value", f"--webhook {settings.webhook}: give {AN_ADDRESS}")
    if settings.listen is not None:
        from pipeline.watch.health import address_of

        address_of(settings.listen)
    return settings


def _run(
    root: Path, address: str | None, settings: WatchSettings, reread: Callable[[], WatchSettings], screen: "Screen | None"
) -> int:
    from pipeline.watch.daemon import Daemon

    observer = None
    if screen is not None:
        from pipeline.cli.watch_screen import WatchScreen

        observer = WatchScreen(screen)
    caught: list[int] = []

    async def main() -> int:
        daemon = Daemon(root, settings, reread=reread, observer=observer, address=address)
        loop = asyncio.get_running_loop()

        def stop(number: int) -> None:
            signals.end_within(AT_MOST, 128 + number, kernel=0.7)
            if screen is not None:
                screen.say("\nstopping; what is under way goes on with the next start")
            caught.append(number)
            daemon.stop()

        signals.on_first(loop, stop)
        loop.add_signal_handler(signal.SIGHUP, daemon.reload)
        signs = asyncio.create_task(observer.show_signs_of_life()) if observer is not None else None
        try:
            return await daemon.run()
        finally:
            if signs is not None:
                signs.cancel()
                await asyncio.gather(signs, return_exceptions=True)

    code = asyncio.run(main())
    return 128 + caught[0] if caught else code
