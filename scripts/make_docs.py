"""Writes the parts of docs/ that are made from the code: all options (configuration.md) and the help of each command (cli.md).

    python scripts/make_docs.py            write
    python scripts/make_docs.py --check    say what is out of date, exit code 1

What stands between ``<!-- made: NAME -->`` and ``<!-- end -->`` is made; the rest of the pages is written by hand.
"""

import contextlib
import io
import os
import re
import sys
import typing
from collections.abc import Mapping
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from pipeline import __version__
from pipeline.options.ask import AskSettings
from pipeline.options.base import ENV_PREFIX
from pipeline.options.caption import Settings
from pipeline.options.watch import OWN, WatchSettings

ROOT = Path(__file__).parents[1]
COMMANDS = (
    "", "caption", "watch", "live", "annotate", "dataset", "jobs", "jobs list", "jobs show", "jobs retry", "jobs forget", "export", "burn", "mux",
    "speak", "summarize", "search", "ask", "serve", "models", "doctor", "bench",
)  # fmt: skip


def main() -> None:
    pages = {"docs/configuration.md": options(), "docs/cli.md": {"help": helps()}}
    stale = []
    for name, parts in pages.items():
        path = ROOT / name
        before = path.read_text(encoding="utf-8")
        after = filled(before, parts)
        if words(after) != words(before) if "--check" in sys.argv else after != before:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(after, encoding="utf-8")
    if "--check" in sys.argv and stale:
        sys.exit(f"out of date: {', '.join(stale)}; run python scripts/make_docs.py")
    print(f"{__version__}: {', '.join(stale) + ' written' if stale else 'nothing to do'}")


def filled(page: str, parts: Mapping[str, str]) -> str:
    """The page with each made part in its place."""
    for name, text in parts.items():
        place = re.compile(rf"(<!-- made: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        assert place.search(page), f"no place for {name}"
        page = place.sub(lambda found, text=text: f"{found[1]}{text}\n{found[2]}", page)  # type: ignore[misc]
    return page


def words(page: str) -> list[str]:
    """What a page says, whatever the frames that a version of the terminal library draws around it."""
    return re.sub(r"[╭╮╰╯│─┏┓┗┛━|]|<[a-z]+(\[[a-z]+\])?>|^-+$", " ", page, flags=re.MULTILINE).split()


def options() -> dict[str, str]:
    """A table for each panel of options, of ``caption``, of ``watch`` alone and of ``ask`` alone."""
    of_watch = {name: field for name, field in WatchSettings.ordered().items() if name in OWN}
    of_ask = {name: field for name, field in AskSettings.ordered().items() if name not in Settings.model_fields}
    return {"caption": tables(Settings.ordered()), "watch": tables(of_watch), "ask": tables(of_ask)}


def tables(fields: Mapping[str, FieldInfo]) -> str:
    def panel(item: tuple[str, FieldInfo]) -> str:
        return str(extra(item[1])["panel"])

    parts = []
    for name, items in groupby(fields.items(), panel):
        rows = [row(field, info) for field, info in items]
        parts.append(
            f"### {name}\n\n| option | TOML and Python | default | what it does |\n|---|---|---|---|\n" + "\n".join(rows)
        )
    return "\n\n".join(parts)


def row(name: str, field: FieldInfo) -> str:
    flag = f"--{name.replace('_', '-')}"
    names = list(dict.fromkeys([*extra(field)["flags"], f"{flag}, --no-{flag[2:]}" if field.annotation is bool else flag]))
    default = {None: "", True: "on", False: "off"}.get(field.default, field.default) if field.default != () else ""
    shown = f"`{default}`" if default not in ("", "on", "off") else default
    return f"| `{', '.join(names)}` | `{name}`: {kind(field.annotation)} | {shown} | {field.description} |"


def kind(annotation: Any) -> str:
    """A type, as a person writes it."""
    parts = [part for part in typing.get_args(annotation) if part is not type(None)]
    if typing.get_origin(annotation) is typing.Literal:
        return " or ".join(f'"{part}"' for part in parts)
    if typing.get_origin(annotation) is tuple:
        return "list of texts"
    if typing.get_origin(annotation) is typing.Annotated:
        return kind(parts[0])
    if parts:
        return kind(parts[0])
    return {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path"}[annotation]


def extra(field: FieldInfo) -> dict[str, Any]:
    return typing.cast(dict[str, Any], field.json_schema_extra)


def helps() -> str:
    """What each command says to ``--help``, 100 columns wide: all in this process, each with the program imported anew."""
    for name in [name for name in os.environ if name.startswith((ENV_PREFIX, "_TYPER"))] + [
        "FORCE_COLOR",
        "PY_COLORS",
        "GITHUB_ACTIONS",
    ]:
        os.environ.pop(name, None)
    os.environ |= {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "TERM": "dumb", "NO_COLOR": "1"}
    parts, before = [], sys.argv
    for command in COMMANDS:
        title = f"scenescribe {command}".strip()
        sys.modules.pop("pipeline.cli.app", None)
        sys.argv = [*title.split(), "--help"]
        with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
            import_module("pipeline.cli.app").main()
        text = "\n".join(line.rstrip() for line in said.getvalue().strip("\n").splitlines())
        parts.append(f"## {title}\n\n```text\n{text}\n```")
    sys.argv = before
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
