"""``scenescribe models``: the presets."""

from dataclasses import asdict
from typing import Annotated

import typer

from pipeline.cli import console


def models(as_json: Annotated[bool, typer.Option("--json", help="As JSON, one list.")] = False) -> None:
    """List the models that Scenescribe has a preset for: name, size, memory it needs, licence."""
    from models.presets import names, preset

    presets = [preset(name) for name in names()]
    if as_json:
        console.data([asdict(one) for one in presets])
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("name", "parameters", "memory", "licence", "id"):
        table.add_column(heading, no_wrap=heading in ("name", "memory"), overflow="fold")
    for one in presets:
        table.add_row(one.name, one.parameters, f"{one.memory_gb:g} GiB", one.licence, one.id)
    Console().print(table)
    console.say("Also --model FOLDER or --model HUB_ID: any vision-language model that vLLM serves.")
