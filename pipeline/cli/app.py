"""``scenescribe``: the commands, one file each."""

import ast
import os
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from pipeline import __version__
from pipeline.accident import refused
from pipeline.cli import collector, console, standard_streams
from pipeline.cli.help import Command, Group
from pipeline.cli.usage import answer, misused, no_files
from pipeline.errors import ScenescribeError

app = typer.Typer(
    name="scenescribe",
    cls=Group,
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
    collector.begin()


COMMANDS = (
    "caption",
    "watch",
    "live",
    "annotate",
    "dataset",
    "jobs",
    "export",
    "burn",
    "mux",
    "speak",
    "summarize",
    "search",
    "ask",
    "serve",
    "models",
    "doctor",
    "bench",
)
"""in the order of ``--help``; each is the function of its name in the file of its name"""


def _mount() -> None:
    """Put the commands under ``app``. Only the one that was asked for is imported; where none was, all are read for their help."""
    completing = any(name.endswith("_COMPLETE") for name in os.environ)
    asked = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    for name in COMMANDS:
        if completing or name == asked:
            module = import_module(f"pipeline.cli.{name}")
            if isinstance(group := getattr(module, "app", None), typer.Typer):  # a command with commands of its own
                app.add_typer(group, name=name)
            else:
                app.command(name, cls=Command, help=_help_of(name))(getattr(module, name))
        else:
            app.command(name, cls=Command, help="" if asked in COMMANDS else _help_of(name))(_not_asked)


def _help_of(name: str) -> str:
    """The docstring of a command, without importing what it needs."""
    tree = ast.parse(Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8"))
    found = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    return ast.get_docstring(found) or ""


def _not_asked() -> None:
    """Stands for a command in the list of ``--help``."""


def _run() -> int:
    """The exit code of the command, when all that it printed has left: Python's own end would fail, with 120, where the reader went away."""
    try:
        code = app(standalone_mode=False)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            raise
        code = end.code
    console.finish(sys.stdout)
    return code if isinstance(code, int) else 0


def main() -> None:
    """The console script. Exit codes: 0 done, 1 an input failed, 2 usage, 3 environment, 130 and 143 signals."""
    standard_streams.complete()
    collector.rest()
    given = sys.argv[1:]
    try:
        _mount()
        # --snake_case is taken for --kebab-case
        sys.argv[1:] = [re.sub(r"^--[a-z0-9_]+", lambda match: match.group().replace("_", "-"), word) for word in given]
        no_files(given)
        sys.exit(_run())
    except ScenescribeError as error:
        console.end(error)
    except KeyboardInterrupt:
        sys.exit(130)
    except (BrokenPipeError, SystemExit) as error:
        # typer and rich end the program with 1 where the reader of what they print went away (``--help | head``)
        broken = error.__context__ if isinstance(error, SystemExit) else error
        if not isinstance(broken, BrokenPipeError):
            raise
        console.unheard(sys.stdout)
        console.unheard(sys.stderr)
        sys.exit(getattr(broken.__context__, "exit_code", 0))  # of the error that was being said, if it was one
    except Exception as error:
        if misused(error):
            answer(error, COMMANDS)
        if (wrong := refused(error)) is None:
            raise
        console.check_heard(sys.stdout)
        console.end(wrong)
    finally:
        console.check_heard(sys.stdout)  # what stood there before an error was told
        collector.begin()  # of words that were wrong no command came
