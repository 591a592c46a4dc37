"""``scenescribe models``: the presets."""

from dataclasses import asdict
from typing import Annotated

import typer

from pipeline.cli import console, table


def models(as_json: Annotated[bool, typer.Option("--json", help="As JSON, one list.")] = False) -> None:
    """List the models that Scenescribe has a preset for: name, size, memory it needs, licence.

    Examples:
        scenescribe models
        scenescribe models --json
    """
    from models.presets import names, preset

    presets = [preset(name) for name in names()]
    if as_json:
        console.data([asdict(one) for one in presets])
        return
    rows = [(one.name, one.parameters, f"{one.memory_gb:g} GiB", one.licence, one.id) for one in presets]
    table.show(("name", "parameters", "memory", "licence", "id"), rows)
    console.say("Also --model FOLDER or --model HUB_ID: any vision-language model that vLLM serves.")
