"""``cameras.toml``: many streams, a table each. And names for streams that are given without one.

[gate]
url = "rtsp://user:password@10.0.0.7/stream1"        (or env:GATE_URL)
prompt = "Describe who comes and goes in about {words} words."
priority = 1
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from models.toml import read_tables
from pipeline.errors import UsageError, nearest
from pipeline.live.address import Address, Kind, understand
from pipeline.live.plan import Plan

OWN: dict[str, type] = {
    "window": float, "fps": float, "max_window": float, "deadline": float, "skip_static": bool, "previous": int, "priority": int,
    "prompt": str, "transport": str, "accept": bool, "idle_end": float, "give_up": float, "max_skew": float,
    "allow_host": list,
}  # fmt: skip
"""what a table may say beside ``url``, and its type"""
BOUNDS: dict[str, tuple[float, float]] = {
    "window": (0.5, 600), "fps": (0.01, 30), "max_window": (0.5, 3600), "deadline": (0.1, 86400), "previous": (0, 5),
    "priority": (-1000, 1000), "idle_end": (0.1, 86400), "give_up": (0, 1e9), "max_skew": (0.1, 1e9),
}  # fmt: skip
MOST = 1000
"""streams"""
_GIVEN = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,63})=((?:[a-z][a-z0-9+]*://|/|env:|-$).*)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def plans(sources: Sequence[str], common: Plan) -> list[Plan]:
    """A plan for each source of the command line: an address, NAME=ADDRESS, or a TOML file of many.

    ``common`` is what holds where a table says nothing else. Raises UsageError: ``no_input``, ``bad_source``, ``bad_config``,
    ``unknown_option``, ``bad_value``.
    """
    if not sources:
        raise UsageError("no_input", "name at least one stream: an address, a device, or - for stdin (scenescribe live --help)")
    found: list[Plan] = []
    for source in sources:
        if source.lower().endswith(".toml"):
            found += _from_file(Path(source), common)
        else:
            given = _GIVEN.fullmatch(source)
            name, text = (given[1], given[2]) if given is not None else ("", source)
            address = understand(text)
            name = name or _unused(_name_of(address), {plan.name for plan in found})
            found.append(replace(common, name=name, address=address))
    names = [plan.name for plan in found]
    for name in names:
        if names.count(name) > 1:
            raise UsageError("bad_source", f"two streams are called '{name}'; give one another name: NAME=ADDRESS")
    if sum(plan.address.kind is Kind.STDIN for plan in found) > 1:
        raise UsageError("bad_source", "standard input is one stream; it can't be given twice")
    if len(found) > MOST:
        raise UsageError("bad_source", f"{len(found)} streams are more than the {MOST} that one process takes")
    return found


def _from_file(path: Path, common: Plan) -> list[Plan]:
    try:
        tables = read_tables(path)
    except OSError as error:
        raise UsageError("bad_config", f"{path}: {(error.strerror or str(error)).lower()}") from None
    except ValueError as error:
        raise UsageError("bad_config", f"{path}: not valid TOML: {error}") from None
    if not tables:
        raise UsageError("bad_config", f"{path}: no stream is in it; write a table for each: [gate], and url = below it")
    return [_from_table(path, name, table, common) for name, table in tables.items()]


def _from_table(path: Path, name: str, table: Any, common: Plan) -> Plan:
    if not isinstance(table, Mapping) or not isinstance(table.get("url"), str):
        raise UsageError("bad_config", f"{path}: [{name}] needs url = and the stream's address")
    if not _NAME.fullmatch(name):
        raise UsageError("bad_config", f"{path}: [{name}] can't be a name: letters, digits, '.', '-' and '_', 64 at most")
    values: dict[str, Any] = {}
    for key, value in table.items():
        option = key.replace("-", "_")
        if option == "url":
            continue
        kind = OWN.get(option)
        if kind is None:
            raise UsageError("unknown_option", f"{path}: [{name}] has no option '{key}'{nearest(option, OWN)}", option=key)
        number = kind in (int, float) and isinstance(value, (int, kind)) and not isinstance(value, bool)
        if not (number or (kind not in (int, float) and isinstance(value, kind))):
            raise UsageError("bad_value", f"{path}: [{name}] {key} = {value!r} is no {kind.__name__}", option=key)
        low, high = BOUNDS.get(option, (0, 0))
        if number and not low <= value <= high:  # compared as it came: TOML's whole numbers have no end, and a float has
            raise UsageError("bad_value", f"{path}: [{name}] {key} = {value} is not from {low:g} to {high:g}", option=key)
        if number:
            value = kind(value)
        if option == "transport" and value not in ("tcp", "udp"):
            raise UsageError("bad_value", f"{path}: [{name}] transport = {value!r}: it is tcp or udp", option=key)
        if isinstance(value, list):
            if not all(isinstance(host, str) for host in value):
                raise UsageError("bad_value", f"{path}: [{name}] {key} = {value!r}: a list of hosts is wanted", option=key)
            value = tuple(value)
        values[option] = value
    assert set(values) <= {field.name for field in fields(Plan)}
    return replace(common, name=name, address=understand(table["url"]), **values)


def _name_of(address: Address) -> str:
    """``camera`` for rtsp://camera:554/x, ``cam`` for /data/cam.ts."""
    if address.kind is Kind.STDIN:
        return "stdin"
    text = urlsplit(address.url).hostname or "stream" if "://" in address.url else Path(address.url).stem
    return re.sub(r"[^A-Za-z0-9_.-]", "-", text).lstrip("-._")[:48] or "stream"


def _unused(name: str, used: set[str]) -> str:
    number, found = 1, name
    while found in used:
        number += 1
        found = f"{name}-{number}"
    return found
