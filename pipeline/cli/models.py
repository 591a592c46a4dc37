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
    from models.errors import ModelError
    from models.presets import names, preset

    presets = []
    for name in names():
        try:
            presets.append(preset(name))
        except ModelError as error:  # an installed package's, which hides none of the others
            console.say(error.message)
    if as_json:
        console.data([asdict(one) for one in presets])
        return
    rows = [(one.name, one.parameters, f"{one.memory_gb:g} GiB", one.licence, one.id) for one in presets]
    table.show(("name", "parameters", "memory", "licence", "id"), rows)
    if floating := [one.name for one in presets if one.revision == "main"]:
        console.say(f"Not pinned to a commit, so what it is may change: {', '.join(floating)}.")
    console.say("Also --model FOLDER or --model HUB_ID: any vision-language model that vLLM serves.")
