"""The warnings of one film as one calm line: faults first, by name; what the layout did to texts as a count; a format's own ways once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.cli.console import name_of, one_line
from pipeline.cli.summary import clock, counted
from pipeline.types import FORMAT_CODES, LAYOUT_CODES, Notice

LEFT_OUT = "no_pause"
"""of the layout's codes, the one of a text that is neither shown nor said"""


def faults(notices: Sequence[Notice]) -> list[Notice]:
    """Those that ``--strict`` counts and ``-q`` says: all but the layout's and the formats'."""
    return [notice for notice in notices if notice.fault]


def as_data(notices: Sequence[Notice]) -> list[dict[str, Any]]:
    """As ``--json`` tells them."""
    return [{"code": notice.code, "message": notice.message, "start": notice.start, "end": notice.end} for notice in notices]


def lines(path: Path | str, notices: Sequence[Notice], *, verbose: bool = False, quiet: bool = False) -> list[str]:
    """What is said of a film: nothing or one line; with ``verbose`` a line each, with ``quiet`` faults alone."""
    name = name_of(path)
    told = faults(notices) if quiet else list(notices)
    if verbose:
        return [f"{name}: {'warning' if one.fault else 'note'}: {one.code}{_at(one)}: {one_line(one.message)}" for one in told]
    kinds: dict[str, list[Notice]] = {}
    for one in faults(told):
        kinds.setdefault(one.code, []).append(one)
    parts: list[str] = []
    for alike in kinds.values():
        more = f" and {counted(len(alike) - 1, 'time')} more" if len(alike) > 1 else ""
        # the first is told whole, the others by their names
        message = f": {one_line(alike[0].message)}" if not parts else ""
        parts.append(f"{alike[0].code}{_at(alike[0])}{more}{message}")
    parts += {one.code: f"{one.code}: {one_line(one.message)}" for one in told if one.code in FORMAT_CODES}.values()
    left_out = [one for one in told if one.code == LEFT_OUT]
    if left_out:
        parts.append(f"{counted(len(left_out), 'text')} left out ({LEFT_OUT}): {one_line(left_out[0].message)}")
    layout = [one for one in told if one.code in LAYOUT_CODES - {LEFT_OUT}]
    if layout:
        codes = ", ".join(sorted({one.code for one in layout}))
        parts.append(
            f"{counted(len({one.start for one in layout}), 'text')} shortened or shown fast ({codes}); the JSON has all of it"
        )
    return [f"{name}: {'warning' if kinds else 'note'}: {' · '.join(parts)}"] if parts else []


class Once:
    """What is said of many films: a format's own way with the first film that meets it."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def of(self, found: Sequence[Notice]) -> list[Notice]:
        """A film's notices without those that were said of an earlier one."""
        new = [one for one in found if one.code not in self._said]
        self._said |= {one.code for one in new} & FORMAT_CODES
        return new


def _at(notice: Notice) -> str:
    return "" if notice.start is None else f" at {clock(notice.start)}"
