"""Which of a server's models is meant."""

import json
from typing import Any

from models.engines.openai.faults import perhaps
from models.errors import ModelNotFound
from models.preset import Preset

UNNAMED = "served"
"""name of the preset where --model was not given (models/presets: served_preset)"""


def served(text: str) -> list[str] | None:
    """The names in an answer to ``GET /models``; None: it is no list of models. Lists in an object, or alone; ids, or names."""
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict):
        found = next((found[key] for key in ("data", "models") if key in found), None)
        if found is None:
            return None
    if not isinstance(found, list):
        return None
    given = [
        item if isinstance(item, str) else (item.get("id") or item.get("name")) if isinstance(item, dict) else None
        for item in found
    ]
    return [name for name in given if isinstance(name, str) and name]


def choose(preset: Preset, served: list[str] | None, base_url: str) -> str:
    """The server's name for the preset's model: the same, or what only differs in case, tag or folder; else its only one.

    ``served`` None: the server does not say what it has, and the name is tried as it is. Raises ModelNotFound.
    """
    wanted = [name for name in dict.fromkeys((preset.id, preset.name)) if name]
    if not served:
        if preset.name != UNNAMED:
            return wanted[0]
        has = "has no model" if served is not None else "does not list its models"
        raise ModelNotFound(f"{base_url} {has}{perhaps(base_url)}: name one by --model", served=served)
    for name in wanted:
        if name in served:
            return name
    for form in (str.casefold, _without_tag, _base):
        for name in wanted:
            same = [one for one in served if form(one) == form(name)]
            if latest := [one for one in same if one.casefold().endswith(":latest")]:
                same = latest
            if len(same) == 1:
                return same[0]
    for name in wanted:
        tagged = [one for one in served if _base(one.rpartition(":")[0]) == _base(name)]
        if len(tagged) == 1:  # the only one of that name, with a tag: "llava" is "llava:7b" where there is no other
            return tagged[0]
    if len(served) == 1:
        return served[0]
    raise ModelNotFound(f"{base_url} has no model {preset.id} (it has: {', '.join(served[:8])})", served=served[:100])


def _without_tag(name: str) -> str:
    """``llava`` for ``llava:latest``; ``llava:7b`` stays: another tag is another model."""
    return name.casefold().removesuffix(":latest")


def _base(name: str) -> str:
    """The last part of a path or hub id, without what files are called: ``qwen2.5-vl-7b-instruct`` for ``/models/Qwen/Qwen2.5-VL-7B-Instruct``."""
    return _without_tag(name).rstrip("/").rpartition("/")[2].removesuffix(".gguf")
