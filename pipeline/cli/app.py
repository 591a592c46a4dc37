"""``scenescribe``: the commands, one file each."""

import re
import sys
from importlib import import_module
from typing import Annotated

import typer

from pipeline import __version__
from pipeline.cli import console
from pipeline.errors import ScenescribeError

app = typer.Typer(
    name="scenescribe",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Watches video and writes down what is seen, in time: subtitles, a soft track, or burned into the picture.",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"scenescribe {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and stop.")
    ] = False,
) -> None:
    pass


COMMANDS = ("caption", "export", "burn", "mux", "models", "doctor", "bench")
"""in the order of ``--help``; each is the function of its name in the file of its name"""


def _mount() -> None:
    for name in COMMANDS:
        app.command(name)(getattr(import_module(f"pipeline.cli.{name}"), name))


def main() -> None:
    """The console script. Exit codes: 0 done, 1 an input failed, 2 usage, 3 environment, 130 and 143 signals."""
    _mount()
    # --snake_case is taken for --kebab-case
    sys.argv[1:] = [re.sub(r"^--[a-z0-9_]+", lambda match: match.group().replace("_", "-"), word) for word in sys.argv[1:]]
    try:
        app()
    except ScenescribeError as error:
        console.end(error)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away: nothing is wrong with the work
        sys.stderr.close()
        sys.exit(0)
