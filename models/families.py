"""Members of a family by name: one file each, in a package of ours or behind an entry point of somebody's installed package.

    --engine openai     models/engines/openai/, or
                        [project.entry-points."scenescribe.engines"]
                        mine = "my_package.my_engine"

An entry point names the module, which has what a file of the family has. A file of ours wins over an entry point of its name.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

GROUP = "scenescribe."
"""what the names of our groups of entry points begin with"""


class BrokenMember(Exception):
    """An installed package's member that can't be imported; its message is one line."""


def names(package: str, path: Iterable[str]) -> list[str]:
    """Names of the members of a family, sorted, without importing any: the package's files and the entry points of its group.

    ``package`` is its dotted name, whose last part names the group too.
    """
    return sorted({*_files(package, tuple(path)), *points(package.rpartition(".")[2])})


def member(package: str, path: Iterable[str], name: str) -> ModuleType:
    """The module of a member that ``names`` knows. Raises KeyError for another name, BrokenMember where it can't be imported."""
    if name in _files(package, tuple(path)):
        return import_module(f"{package}.{name}")
    point = points(package.rpartition(".")[2])[name]
    whose = f" of the package {point.dist.name}" if point.dist is not None else ""
    try:
        found = point.load()
    except Exception as error:  # anything may happen in somebody else's module
        cause = " ".join(str(error).split()) or type(error).__name__
        raise BrokenMember(f"'{name}'{whose} can't be imported: {type(error).__name__}: {cause[:200]}") from error
    if not isinstance(found, ModuleType):
        raise BrokenMember(f"'{name}'{whose} is no module: its entry point should read '{point.module}', not '{point.value}'")
    return found


def is_member(package: str, path: Iterable[str], name: str) -> bool:
    """Whether ``names`` would have it. Of installed packages nothing is read where it is a file of ours."""
    return is_ours(package, path, name) or name in points(package.rpartition(".")[2])


def is_ours(package: str, path: Iterable[str], name: str) -> bool:
    """Whether a member is a file of the house."""
    return name in _files(package, tuple(path))


@cache
def _files(package: str, path: tuple[str, ...]) -> frozenset[str]:
    return frozenset(found.name for found in iter_modules(path) if not found.name.startswith("_") and found.name != "base")


@cache
def points(family: str) -> Mapping[str, EntryPoint]:
    """The entry points of a family, by name."""
    return {point.name: point for point in _all_points().select(group=GROUP + family)}


@cache
def _all_points() -> Any:
    """What all installed packages offer. A file of each is read for it: once, and only where a name is no file of ours."""
    return entry_points()  # EntryPoints; until Python 3.11 what has its ``select``
