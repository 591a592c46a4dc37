"""Patterns in addresses: s3://bucket/shards/*.tar, as a shell has them for files of this machine.

    *  ?  [a-z]     within one part of a name          **/     any number of folders

A pattern may stand for folders too: s3://bucket/2026-* are all files below them, folder by folder.
"""

import glob
import re
from collections.abc import Iterator, Mapping

from pipeline.errors import InputError
from pipeline.storage import is_address, open_storage

WEB = ("http", "https")
"""a web server lists nothing, and its addresses may hold ``?``"""


def is_pattern(name: str) -> bool:
    """Whether an address names what it stands for by a pattern."""
    return is_address(name) and name.partition("://")[0].lower() not in WEB and glob.has_magic(name)


def matching(name: str, options: Mapping[str, str]) -> list[str]:
    """Addresses of the files, or folders, that a pattern stands for; sorted. Raises InputError where the storage can't list."""
    scheme, _, rest = name.partition("://")
    parts = rest.split("/")
    plain = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    if plain == 0:
        raise InputError("not_found", "a bucket is named, and not found by a pattern")
    root = f"{scheme}://{'/'.join(parts[:plain])}"
    pattern = _compiled("/".join(parts[plain:]).rstrip("/"))
    found = set[str]()
    for entry in open_storage(root, options).list():
        match = next((above for above in _names(entry.name) if pattern.fullmatch(above)), None)
        if match is not None:
            found.add(f"{root}/{match}" + ("" if match == entry.name else "/"))
    return sorted(found)


def _names(name: str) -> Iterator[str]:
    """The folders above a file, the outermost first, and then itself."""
    at = name.find("/")
    while at >= 0:
        yield name[:at]
        at = name.find("/", at + 1)
    yield name


def _compiled(pattern: str) -> re.Pattern[str]:
    """Raises InputError where it is none."""
    pieces = re.findall(r"\*\*/|\*+|\?|\[[!^]?\]?[^\]/]*\]|.", pattern, re.DOTALL)
    try:
        return re.compile("".join(map(_part, pieces)), re.DOTALL)
    except re.error as error:
        raise InputError("not_found", f"{pattern} is no pattern: {error}") from None


def _part(part: str) -> str:
    """One piece of a pattern as a regular expression."""
    if part == "**/":
        return "(?:[^/]+/)*"
    if part.startswith("*"):
        return "[^/]*" if part == "*" else ".*"
    if part == "?":
        return "[^/]"
    if len(part) > 1:
        inverse = part[1] in "!^"
        inner = re.sub(r"([\\\[\]&~|^])", r"\\\1", part[1 + inverse : -1])
        return f"[^{inner}/]" if inverse else f"[{inner}]"
    return re.escape(part)
