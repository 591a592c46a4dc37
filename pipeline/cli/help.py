"""What ``--help`` says: usage, what the command does, the options that matter first, then all others in groups, examples last.

scenescribe caption [OPTIONS] [INPUTS]...
Most used                                  the group MOST, and what stands in no group
  -m, --model TEXT      A preset, ...      a name that is too long for its column has the line for itself: it is never cut
Model, Frames, ...                         the groups in the order of the parameters
Examples                                   the lines after "Examples:" in the command's docstring
"""

import inspect
import os
import re
import shutil
import sys
import textwrap
from typing import Any

from typer.core import TyperCommand, TyperGroup

MOST = "Most used"
"""the group of the options that matter first"""
GENERAL = "Options"
"""the group of what names none"""
WIDEST, NARROW, COLUMN = 110, 64, 30
"""columns of the page at most; under NARROW what an option does stands below its name; columns of the names"""
TYPES = {
    "int range": "N",
    "float range": "NUMBER",
    "str": "TEXT",
    "int": "N",
    "float": "NUMBER",
    "list[str]": "TEXT",
    "path": "PATH",
    "file": "FILE",
    "dir": "DIR",
}
"""how typer calls a type -> how the page does"""

Row = tuple[str, str]


class Command(TyperCommand):
    """A command with this page."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(page(self, ctx))


class Group(TyperGroup):
    """A command of commands with this page."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(page(self, ctx))


def page(command: Any, ctx: Any) -> str:
    """The whole page, as wide as the terminal is, 110 columns at most."""
    width = min(shutil.get_terminal_size().columns, WIDEST)
    about, _, examples = inspect.cleandoc(command.help or "").partition("Examples:\n")
    usage = f"Usage: {ctx.command_path} {' '.join(_pieces(command, ctx))}"
    parts = [textwrap.fill(usage, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)]
    parts += [_paragraph(text, width) for text in re.split(r"\n\s*\n", about.replace("``", "").strip()) if text]
    groups = _groups(command, ctx)
    column = min(COLUMN, max(len(name) for rows in groups.values() for name, _ in rows))
    parts += [f"{_bold(title)}\n{_rows(rows, column, width)}" for title, rows in groups.items()]
    if examples:
        parts.append(f"{_bold('Examples')}\n{textwrap.indent(textwrap.dedent(examples).strip(), '  ')}")
    return "\n\n".join(parts) + "\n"


def _groups(command: Any, ctx: Any) -> dict[str, list[Row]]:
    """Title -> rows: arguments, MOST, GENERAL, the other groups in order, then commands."""
    found: dict[str, list[Row]] = {"Arguments": [], MOST: [], GENERAL: []}
    for parameter in command.get_params(ctx):
        if getattr(parameter, "hidden", False):
            continue
        argument = parameter.param_type_name == "argument"
        title = "Arguments" if argument else getattr(parameter, "rich_help_panel", None) or GENERAL
        name = _argument(parameter) if argument else _option(parameter, ctx)
        found.setdefault(title, []).append((name, f"{parameter.help or ''}{_default(parameter)}"))
    if isinstance(command, TyperGroup):
        for name, one in command.commands.items():
            if not one.hidden:
                found.setdefault("Commands", []).append((name, _first_sentence(one.help or "")))
    return {title: rows for title, rows in found.items() if rows}


def _pieces(command: Any, ctx: Any) -> list[str]:
    """What may stand behind the command's name, in order."""
    arguments = [one for one in command.get_params(ctx) if one.param_type_name == "argument"]
    pieces = ["[OPTIONS]", *(_argument(one) if one.required else f"[{_argument(one)}]" for one in arguments)]
    return [*pieces, "COMMAND [ARGS]..."] if isinstance(command, TyperGroup) else pieces


def _argument(argument: Any) -> str:
    """``FILM``, or ``FILM...`` where there may be many."""
    return str(argument.metavar or argument.name.upper()) + ("..." if argument.nargs == -1 else "")


def _option(option: Any, ctx: Any) -> str:
    """``-m, --model TEXT`` or ``--resume, --no-resume``."""
    names = [*sorted(option.opts, key=len), *option.secondary_opts]
    if option.is_flag:
        return ", ".join(names)
    kind = option.metavar or str(option.display_type(ctx)).strip("<>")
    return f"{', '.join(names)} {TYPES.get(kind, kind)}"


def _default(parameter: Any) -> str:
    """`` [srt,vtt]``: what is taken where nothing is given; options of settings say it themselves."""
    value = parameter.default
    return "" if not parameter.show_default or isinstance(value, bool) or not value else f" [{value}]"


def _first_sentence(text: str) -> str:
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z])", paragraph)[0]


def _rows(rows: list[Row], column: int, width: int) -> str:
    """Names on the left, what they do on the right; below, where the page is narrow or the name long."""
    lines: list[str] = []
    for name, text in rows:
        if width < NARROW:
            lines += [f"  {name}", _filled(text, width, "      ")]
        elif len(name) > column:
            lines += [f"  {name}", _filled(text, width, " " * (column + 4))]
        else:
            lines.append(f"  {name:<{column}}  " + _filled(text, width, " " * (column + 4)).lstrip())
    return "\n".join(line for line in lines if line.strip())


def _paragraph(text: str, width: int) -> str:
    """Sentences as one paragraph; lines of ``word   what it does`` as the rows that they are."""
    rows = [re.fullmatch(r"\s*(\S+) {2,}(.+)", line) for line in text.splitlines()]
    if all(rows):
        return _rows([(row[1], row[2]) for row in rows if row], max(len(row[1]) for row in rows if row), width)
    return _filled(" ".join(text.split()), width)


def _filled(text: str, width: int, indent: str = "") -> str:
    """A paragraph on lines of ``width``; names of options and ids stay whole."""
    return textwrap.fill(
        text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _bold(text: str) -> str:
    """A title, bold and coloured on a terminal."""
    return f"\x1b[1;36m{text}\x1b[0m" if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else text
