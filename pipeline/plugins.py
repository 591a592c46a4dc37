"""The name on the command line is the name of a file, and a plug-in's options are the fields of its dataclass.

    --sampler uniform:count=8     pipeline/samplers/uniform.py,  Sampler(count=8)
    --windows scenes:min=2        pipeline/windows/scenes.py,    Rule(min=2.0)

To add a member to a family, add one file that defines the family's class.
"""

from dataclasses import MISSING, fields
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import UsageError, nearest

FAMILIES = {"samplers": ("sampler", "Sampler"), "windows": ("window rule", "Rule")}
"""family (a package of pipeline) -> (what to call a member, the class that its file defines)"""


def members(family: str) -> list[str]:
    """Names of a family's members, sorted: its files."""
    package = import_module(f"pipeline.{family}")
    return sorted(
        module.name for module in iter_modules(package.__path__) if not module.name.startswith("_") and module.name != "base"
    )


def plugin_class(family: str, name: str) -> Any:
    """The dataclass that the file ``pipeline/FAMILY/NAME.py`` defines.

    Raises UsageError ``unknown_plugin`` where there is no such file.
    """
    kind, class_name = FAMILIES[family]
    known = members(family)
    if name not in known:
        raise UsageError(
            "unknown_plugin", f"there is no {kind} '{name}'{nearest(name, known)} (there are: {', '.join(known)})", name=name
        )
    return getattr(import_module(f"pipeline.{family}.{name}"), class_name)


def spec(plugin: Any) -> str:
    """The plug-in as the command line would name it, all options written out: ``uniform:count=8``."""
    name = type(plugin).__module__.rpartition(".")[2]
    options = ",".join(f"{f.name}={getattr(plugin, f.name)}" for f in fields(plugin) if f.init)
    return f"{name}:{options}" if options else name


def parse(family: str, spec: str) -> Any:
    """``name:option=value,option=value`` -> the plug-in with these options.

    Raises UsageError ``unknown_plugin``, ``unknown_option`` or ``bad_value``, each naming what would be right.
    """
    name, _, rest = spec.partition(":")
    cls = plugin_class(family, name.strip())
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
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError("bad_value", f"'{spec}': {where}: {first['msg'].removeprefix('Value error, ')}", spec=spec) from None
    except ValueError as error:
        raise UsageError("bad_value", f"'{spec}': {error}", spec=spec) from None
