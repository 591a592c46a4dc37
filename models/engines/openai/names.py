"""Which of a server's models is meant."""

import json
import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from models.engines.openai.faults import perhaps
from models.errors import ModelNotFound
from models.preset import Preset

UNNAMED = "served"
"""name of the preset where --model was not given (models/presets: served_preset)"""
_DENIED = re.compile(
    r"not exist|not (?:be )?found|no such|(?:unknown|invalid|unrecogni[sz]ed|incorrect) model|not a valid model|not available|unavailable"
    r"|supported by any|no access|not have access|不存在|未找到"
)
"""words of a refusal of a model's name, and of nothing that the model can't do"""
_NO_MODEL = re.compile(r"model\b.{0,120}(?:not exist|not (?:be )?found)|(?:no such|unknown|invalid) model")
_OTHER = re.compile(r"image|video|vision|multimodal|modalit|endpoint or method")
"""words of a 404 that is of something else than the name"""


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


@dataclass(frozen=True, slots=True)
class Chosen:
    """A model as the server calls it."""

    name: str
    among: tuple[str, ...] = ()
    """what it lists in place of it; empty: the name, or no name at all"""
    instead: "Chosen | None" = None
    """what is asked for where the server has not what this one is called: the name as it was given"""

    def lacks(self, base_url: str, said: str = "") -> str:
        """That the server has it not, by what it ``said``, or lists it not; and what it has, the most similar first."""
        near = get_close_matches(self.name, self.among, n=4, cutoff=0.5)
        shown = list(dict.fromkeys((*near, *self.among)))[:8]
        more = ", ..." * (len(set(self.among)) > len(shown))
        has = f"it has: {', '.join(shown)}{more}"
        return f"{base_url} has no model {self.name} ({said}; {has})" if said else f"{base_url} lists no {self.name} ({has})"

    def denied(self, status: int, said: str) -> bool:
        """Whether a refusal of a name that was guessed, or is not listed, says that there is no such model."""
        low = said.lower()
        if self.instead is not None and status == 404:
            return self.name.lower() in low or not _OTHER.search(low)
        if not (self.among or self.instead) or status not in (400, 404, 422):
            return False
        return _NO_MODEL.search(low) is not None or (self.name.lower() in low and _DENIED.search(low) is not None)


def choose(preset: Preset, served: list[str] | None, base_url: str) -> Chosen:
    """The server's name for the preset's model: the same, or what only differs in case, tag or folder; else its only one.

    A name that was given and is not listed is tried as it is: aliases, deployments and suffixes stand in no list. So is every name where
    the server does not say what it has (``served`` None), and, where a name was found by its likeness, the one that was given behind it.
    Raises ModelNotFound where none was given.
    """
    found = _found(preset, served, base_url)
    if preset.name == UNNAMED or (found.name == preset.name and found.name in (served or ())):
        return found
    instead: Chosen | None = None
    for name in dict.fromkeys((preset.id, preset.name)):  # as it was typed first: built from the end
        if name and name != found.name:
            instead = Chosen(name, tuple(served or ()), instead)
    return replace(found, instead=instead)


def _found(preset: Preset, served: list[str] | None, base_url: str) -> Chosen:
    wanted = [name for name in dict.fromkeys((preset.id, preset.name)) if name]
    given = preset.name != UNNAMED
    if not served:
        if given:
            return Chosen(wanted[0])
        has = "has no model" if served is not None else "does not list its models"
        raise ModelNotFound(f"{base_url} {has}{perhaps(base_url)}: name one by --model", served=served)
    for name in wanted:
        if name in served:
            return Chosen(name)
    for form in (str.casefold, _without_tag, _base):
        for name in wanted:
            same = [one for one in served if form(one) == form(name)]
            if latest := [one for one in same if one.casefold().endswith(":latest")]:
                same = latest
            if len(same) == 1:
                return Chosen(same[0])
    for name in wanted:
        tagged = [one for one in served if _base(one.rpartition(":")[0]) == _base(name)]
        if len(tagged) == 1:  # the only one of that name, with a tag: "llava" is "llava:7b" where there is no other
            return Chosen(tagged[0])
    if given and (found := _beside_the_list(wanted, served)):
        return Chosen(found)
    whole = [one for one in served if "*" not in one]
    if len(whole) == 1:
        return Chosen(whole[0])
    if given:
        return Chosen(wanted[0], tuple(served))
    raise ModelNotFound(
        f"{base_url} has several models (it has: {', '.join(served[:8])}): name one by --model", served=served[:100]
    )


def _beside_the_list(wanted: list[str], served: list[str]) -> str | None:
    """A name with a suffix that routers read (``Qwen/Qwen3-VL:nebius``, ``:nitro``) where the rest is listed; one that a pattern in the
    list covers (``openai/*``). None: neither."""
    for name in wanted:
        rest, _, suffix = name.rpartition(":")
        listed = next((one for one in served if one.casefold() == rest.casefold()), None)
        if listed and suffix and "/" not in suffix:
            return f"{listed}:{suffix}"
        if any("*" in one and fnmatchcase(name, one) for one in served):
            return name
    return None


def _without_tag(name: str) -> str:
    """``llava`` for ``llava:latest``; ``llava:7b`` stays: another tag is another model."""
    return name.casefold().removesuffix(":latest")


def _base(name: str) -> str:
    """The last part of a path or hub id, without what files are called: ``qwen2.5-vl-7b-instruct`` for ``/models/Qwen/Qwen2.5-VL-7B-Instruct``."""
    return _without_tag(name).rstrip("/").rpartition("/")[2].removesuffix(".gguf")
