"""``scenescribe serve``: the service."""

import asyncio
import logging
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.installed import adding
from pipeline.cli import console, signals
from pipeline.cli.options import with_options
from pipeline.cli.signs_of_life import Waiting, loaded
from pipeline.errors import EnvironmentFault
from pipeline.options import names
from pipeline.options.base import load
from pipeline.options.serve import ServeSettings

if TYPE_CHECKING:
    from pipeline.serve.service import Service

AT_MOST = 9.0
"""seconds from a signal to the end, whatever hangs: a thread may read a film on a share that is gone, and Python waits for it"""


@with_options(ServeSettings, most=("root", "listen", "model", "state_dir"))
def serve(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only warnings and failures.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="More lines in the log.")] = False,
    config: Annotated[Path | None, typer.Option("--config", help="A TOML file of options.", dir_okay=False)] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Show all options, where each comes from, and stop.")
    ] = False,
    flags: dict[str, Any] = {},  # noqa: B006 - filled by with_options
) -> None:
    """Films, jobs and questions over HTTP, with a page for the browser. Needs the extra ``serve``.

    The address to open is printed once it listens; it holds the key, which is made at the first start. SIGTERM ends the service
    within ten seconds; jobs go on with the next start. Exit code: 0, 2 usage, 3 something is missing or another service has the
    state folder, 130 and 143 signals.

    Examples:
        scenescribe serve --root films --model llava-onevision-7b
        scenescribe serve --engine echo        (no model: says what it was shown)
        scenescribe serve --listen 0.0.0.0:8770 --allow-host films.example.org
    """
    loaded = load(ServeSettings, flags, config, known=names)
    if print_config:
        console.print_settings(loaded)
        return
    from pipeline import log

    level = logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO
    log.set_up(loaded.settings.log_format, level=level)
    sys.exit(_run(loaded.settings, quiet=quiet, verbose=verbose))


def _run(settings: ServeSettings, *, quiet: bool, verbose: bool) -> int:
    missing = next((name for name in ("fastapi", "uvicorn", "python_multipart") if find_spec(name) is None), None)
    if missing is not None:
        raise EnvironmentFault("serve_missing", f"the service needs {missing}, which is not installed: {adding('serve')}")
    from pipeline.serve.server import serve as serve_until

    caught: list[int] = []

    async def main() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()

        def told(number: int) -> None:
            signals.end_within(AT_MOST, 128 + number, kernel=0.7)
            caught.append(number)
            stop.set()

        signals.on_first(loop, told)

        def make() -> "Service":
            from pipeline.serve.service import Service

            return Service(settings, verbose=verbose)

        def ready(address: str, service: "Service") -> None:
            console.say(f"{address}/#key={service.key.text}")
            if sys.stderr.isatty() and not quiet:
                waiting.enter_context(_welcome(service))

        with ExitStack() as waiting:
            await serve_until(settings.listen, make, stop, ready)

    asyncio.run(main())
    return 128 + caught[0] if caught else 0


def _welcome(service: "Service") -> Waiting:
    """What a person is told below the address; until the model is there, that it loads."""
    from pipeline.engine.opening import limits

    studio = service.studio
    console.say("Open it in a browser: it holds the key. Ctrl-C ends the service; jobs go on with the next start.")
    if knows := limits(studio.preset, studio.settings.engine):
        console.say(f"note: {knows}")
    engine = studio.engine
    engine.on_ready.append(
        lambda: console.say(loaded(engine.last_start)) if engine.last_start >= 0.5 else None
    )  # echo loads none
    return Waiting(studio.engine, studio.settings.engine, counts=False)
