"""The name on the command line is the name of a file, and a plug-in's options are the fields of its dataclass.

    --sampler uniform:count=8     pipeline/samplers/uniform.py,  Sampler(count=8)
    --windows scenes:min=2        pipeline/windows/scenes.py,    Rule(min=2.0)

To add a member to a family, add one file that defines the family's class, in the house or in a package of your own, which names
the module in its pyproject.toml (docs/extending.md):

    [project.entry-points."scenescribe.samplers"]
    edges = "my_package.edges"
"""

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from importlib import import_module
from typing import Any

from pydantic import TypeAdapter, ValidationError

from models import families as files
from pipeline.errors import UsageError, nearest

FAMILIES = {
    "formats": ("format", "Format"),
    "samplers": ("sampler", "Sampler"),
    "windows": ("window rule", "Rule"),
    "sinks": ("sink", "Sink"),
    "sources": ("source", "Source"),
    "imagesources": ("image source", "Source"),
    "voices": ("voice", "Voice"),
    "datasets.layouts": ("data set format", "Layout"),
}
"""family (a package of pipeline) -> (what to call a member, the class that its file defines)"""
_UNNAMED = {
    "sinks": frozenset({"files", "several"}),
    "sources": frozenset({"film", "still"}),
    "imagesources": frozenset(
        {"ahead", "connecting", "ranged", "pages", "tables", "footers", "footer_child", "patterns", "urls", "reading", "listing"}
    ),
}
"""files of a family's package that are no members: what ``caption`` reads from and writes to without being told"""
_NAMES: dict[type, str] = {}
"""class -> the name that the command line has for it"""


def members(family: str) -> list[str]:
    """Names of a family's members, sorted: its files, and those of installed packages."""
    return [name for name in files.names(*_package(family)) if name not in _UNNAMED.get(family, ())]


def plugin_class(family: str, name: str) -> Any:
    """The class that the member's file defines.

    Raises UsageError: ``unknown_plugin`` or ``unknown_format`` where there is none of this name, ``plugin_broken`` where it is an
    installed package's and can't be used.
    """
    kind, class_name = FAMILIES[family]
    if name in _UNNAMED.get(family, ()) or not files.is_member(*_package(family), name):
        known = members(family)
        says = f"there is no {kind} '{name}'{nearest(name, known)} (there are: {', '.join(known)})"
        if family == "formats":
            raise UsageError("unknown_format", says, name=name)
        raise UsageError("unknown_plugin", says, name=name)
    try:
        cls = getattr(files.member(*_package(family), name), class_name, None)
    except files.BrokenMember as error:
        raise UsageError("plugin_broken", f"the {kind} {error}; mend or uninstall that package", name=name) from error
    if not isinstance(cls, type):
        raise UsageError("plugin_broken", f"the {kind} '{name}' is none: its module has no class {class_name}", name=name)
    _NAMES[cls] = name
    return cls


def is_installed(family: str, name: str) -> bool:
    """Whether a member comes from another package than ours."""
    return not files.is_ours(*_package(family), name)


def broken() -> Iterator[UsageError]:
    """What is wrong with the members of installed packages, one error for each that can't be used."""
    for family in FAMILIES:
        for name in members(family):
            if is_installed(family, name):
                try:
                    plugin_class(family, name)
                except UsageError as error:
                    yield error


def spec(plugin: Any) -> str:
    """The plug-in as the command line would name it, all options written out: ``uniform:count=8``."""
    name = _NAMES.get(type(plugin)) or type(plugin).__module__.rpartition(".")[2]
    options = ",".join(f"{f.name}={getattr(plugin, f.name)}" for f in fields(plugin) if f.init)
    return f"{name}:{options}" if options else name


def parse(family: str, spec: str) -> Any:
    """``name:option=value,option=value`` -> the plug-in with these options.

    Raises UsageError ``unknown_plugin``, ``plugin_broken``, ``unknown_option`` or ``bad_value``, each naming what would be right.
    """
    name, _, rest = spec.partition(":")
    cls = plugin_class(family, name.strip())
    if not is_dataclass(cls):
        raise UsageError("plugin_broken", f"'{name}' is no {FAMILIES[family][0]}: its class is no dataclass", name=name)
    allowed = {f.name: f for f in fields(cls) if f.init}
    values: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in rest.split(","))):
        key, equals, value = item.partition("=")
        key = key.strip().replace("-", "_")
        if not equals or key not in allowed:
            options = (
                ", ".join(f"{f.name}={f.default if f.default is not MISSING else '...'}" for f in allowed.values()) or "none"
            )
            wrong = f"'{name}' has no option '{key}'{nearest(key, allowed)}" if equals else f"'{item}' wants a name or a value"
            raise UsageError("unknown_option", f"{wrong} (it takes: {options})", option=key)
        values[key] = value.strip()
    try:
        return TypeAdapter(cls).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"{part}: " for part in first["loc"])  # none where it is about several of them
        raise UsageError("bad_value", f"'{spec}': {where}{first['msg'].removeprefix('Value error, ')}", spec=spec) from None
    except ValueError as error:
        raise UsageError("bad_value", f"'{spec}': {error}", spec=spec) from None


def _package(family: str) -> tuple[str, list[str]]:
    """Dotted name and folders of a family's package."""
    package = import_module(f"pipeline.{family}")
    return package.__name__, list(package.__path__)
