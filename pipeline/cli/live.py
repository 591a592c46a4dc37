"""``scenescribe live``: streams in, descriptions out, while they go on."""

import asyncio
import contextlib
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli import console, signals
from pipeline.cli.options import with_options
from pipeline.cli.signs_of_life import Waiting
from pipeline.errors import UsageError
from pipeline.options import names
from pipeline.options.base import load
from pipeline.options.live import LiveSettings

if TYPE_CHECKING:
    from pipeline.live.events import Event
    from pipeline.live.opening import Live

AT_MOST = 20.0
"""seconds from a signal to the end: what waits is still described, if the engine is quick enough"""


@with_options(LiveSettings, most=("model", "window", "output_dir"))
def live(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Streams: addresses, NAME=ADDRESS, devices, - or cameras.toml.", show_default=False)
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only failures and warnings on stderr.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also what the engine says.")] = False,
    config: Annotated[Path | None, typer.Option("--config", help="A TOML file of options.", dir_okay=False)] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Show all options, where each comes from, and stop.")
    ] = False,
    flags: dict[str, Any] = {},  # noqa: B006 - filled by with_options
) -> None:
    """Describe cameras and channels while they go on: text within seconds, every second accounted for.

    Ends with the source (stdin, a file) or by Ctrl-C. Exit code: 0 ended, 1 a source was given up, 2 usage, 3 something is
    missing on this machine, 130 and 143 signals.

    Examples:
        scenescribe live rtsp://camera/stream --model llava-onevision-7b
        ffmpeg -i INPUT -c copy -f mpegts - | scenescribe live - -o described
        scenescribe live cameras.toml --jsonl -
    """
    loaded = load(LiveSettings, flags, config, known=names)
    if print_config:
        console.print_settings(loaded)
        return
    from pipeline import log
    from pipeline.live.address import Kind
    from pipeline.live.opening import Live
    from pipeline.watch.webhook import AN_ADDRESS, is_address

    settings = loaded.settings
    if settings.webhook is not None and not is_address(settings.webhook):
        raise UsageError("bad_value", f"--webhook {settings.webhook}: give {AN_ADDRESS}")
    wished = Live.of(sources or [], settings)
    if any(plan.address.kind is Kind.STDIN for plan in wished.plans) and sys.stdin.isatty():
        raise UsageError(
            "bad_source",
            "-: standard input is this terminal; send a stream: ffmpeg -i INPUT -c copy -f mpegts - | scenescribe live -",
        )
    log.set_up("auto", level=logging.WARNING if quiet else logging.INFO)
    if not quiet:
        for plan in wished.plans:
            console.say(plan.name if plan.name == plan.address.shown else f"{plan.name}: {plan.address.shown}")
    sys.exit(_run(wished, quiet=quiet, verbose=verbose))


def _run(wished: "Live", *, quiet: bool, verbose: bool) -> int:
    from pipeline.live.events import line
    from pipeline.live.outputs.lines import Lines

    caught: list[int] = []
    many = len(wished.plans) > 1
    shown = sys.stdout.isatty()
    own = wished.settings.jsonl is None or str(wished.settings.jsonl) != "-"

    async def main() -> int:
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        screen = None
        if own and (shown or wished.settings.jsonl is None):
            screen = Lines(sys.stdout, form=(lambda event: _on_screen(event, many=many)) if shown else line, gone=gone.set)
        async with wished.engine(verbose=verbose) as engine:
            station = wished.station(engine, screen=screen, on_address=lambda address: console.say(f"page: {address}/"))
            watcher = asyncio.create_task(_stop_when(gone, station.stop))

            def stop(number: int) -> None:
                signals.end_within(AT_MOST, 128 + number, kernel=0.7)
                caught.append(number)
                station.stop()

            signals.on_first(loop, stop)
            try:
                with contextlib.nullcontext() if quiet else Waiting(engine, engine.captioner.engine, counts=False):
                    how = await station.run()
            finally:
                watcher.cancel()
        given_up = [stream for stream in station.streams if how.get(stream.plan.name) == "gave_up"]
        for stream in given_up if not shown else ():  # stdout has it as JSON; on a terminal it stands there in words
            console.say(
                f"scenescribe: {stream.reason or 'offline'}: {stream.plan.name}: {stream.told or 'the source was given up'}"
            )
        return 1 if given_up else 0

    code = asyncio.run(main())
    return 128 + caught[0] if caught else code


def _on_screen(event: "Event", *, many: bool) -> str | None:
    """The event as a person reads it on a terminal, whose lines break between words."""
    from pipeline.live.outputs.lines import sentence

    said = sentence(event, many=many)
    return None if said is None else console.wrapped(said)


async def _stop_when(gone: asyncio.Event, stop: Any) -> None:
    """Nobody reads stdout any more: the work is over."""
    await gone.wait()
    console.unheard(sys.stdout)
    stop()
