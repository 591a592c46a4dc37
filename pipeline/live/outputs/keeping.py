"""``--record-gb`` and ``--record-days``: the oldest recordings of a stream go, whatever the machine's clock is set to meanwhile.

    recorded by this run          a clock that nobody can set counts their age
    recorded by an earlier one    the wall clock tells it; when that is set they keep the age that they had, and where no age can be told of
                                  their time of change they were made when this run began (docs/decisions/0164)

An age that is not what the time of change says is written there, for the next run.
"""

import os
import re
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from pipeline import log
from pipeline.live.wall import AHEAD, BOOTING, SET, UNSET, Wall, steady

EVERY = 600.0
"""seconds between two looks at a stream of which nothing is recorded just now: what it left grows older all the same"""
_DAY = 86_400.0
_FILM = re.compile(r"(.+)\.\d{8}T\d{6}Z(?:-\d+)?\.ts")
_log = log.get("pipeline.live")


class Keeping:
    def __init__(
        self, folder: Path, *, most_bytes: float | None, days: float | None, wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = steady,
    ) -> None:  # fmt: skip
        """``most_bytes`` and ``days``: what may be kept of each stream; None: all. ``clock``: one that nobody can set."""
        self._folder, self._most, self._days = folder, most_bytes, days
        self._time, self._clock, self._began = wall, clock, clock()
        self._wall, self._moved = Wall(clock, wall), 0.0
        self._made: dict[Path, float] = {}
        """film -> when it was recorded by ``clock``; those of earlier runs alone of whose wall clock it is not to be told"""
        self._looked: dict[str, float] = {}

    def records(self, film: Path) -> None:
        """This run records a film: told when it begins, and when it is over."""
        if self._most is not None or self._days is not None:
            self._made[film] = self._clock()

    def due(self, stream: str) -> bool:
        """Whether it is time for a look at a stream of which nothing is recorded."""
        return self._days is not None and self._clock() - self._looked.get(stream, self._began) > EVERY

    def tidy(self, stream: str, used: Collection[Path]) -> None:
        """Remove the oldest films of a stream, with what stands beside them, that are more than may be kept, but for those in ``used``."""
        self._looked[stream] = self._clock()
        if self._most is None and self._days is None:
            return
        there = list(self._folder.iterdir())
        known = {file: found.group(1) for file in there if (found := _FILM.fullmatch(file.name))}
        self._made = {film: made for film, made in self._made.items() if film in known}
        states = dict[Path, os.stat_result]()
        for film in known:
            with suppress(FileNotFoundError):  # somebody took it away
                states[film] = film.stat()
        self._date(states)
        films = sorted((film for film in states if known[film] == stream), key=lambda film: self._order(film, states[film]))
        total = sum(states[film].st_size for film in films)
        for film in films:
            too_many = self._most is not None and total > self._most
            if film not in used and (too_many or self._too_old(film, states[film])):
                # no glob: Python keeps each pattern that it ever saw, up to 32,768 of them
                for beside in there:
                    if beside.name.startswith(f"{film.stem}."):
                        beside.unlink(missing_ok=True)
                total -= states[film].st_size

    def _order(self, film: Path, state: os.stat_result) -> tuple[float, int, str]:
        return self._made.get(film, float("-inf")), state.st_mtime_ns, film.name

    def _too_old(self, film: Path, state: os.stat_result) -> bool:
        if self._days is None:
            return False
        running = self._clock() - self._began
        if film in self._made:
            return self._clock() - self._made[film] > self._days * _DAY
        return running > min(BOOTING, self._days * _DAY) and self._time() - state.st_mtime > self._days * _DAY

    def _date(self, states: dict[Path, os.stat_result]) -> None:
        """Find the age of films whose time of change does not tell it any more, and say so."""
        now, running = self._time(), self._clock() - self._began
        self._moved += self._wall.look()
        if now < UNSET:
            return  # what would be written now would have to be put right again
        earlier = sorted((film for film in states if film not in self._made), key=lambda film: self._order(film, states[film]))
        if was_set := abs(self._moved) > SET:
            ages = {film: _age(states[film].st_mtime, now - self._moved, now, least=running) for film in earlier}
            told = f"{len(earlier)} recordings of earlier runs keep the age that they had"
        else:
            ages = {film: running for film in earlier if not UNSET <= states[film].st_mtime <= now + AHEAD}
            told = f"{len(ages)} recordings have a time that no clock tells that is right: they count as made when this run began"
        for number, (film, age) in enumerate(ages.items()):
            self._made[film] = self._clock() - age + number * 1e-6  # they stay in their order
        for film in self._made if was_set else ages:
            with suppress(OSError):
                os.utime(film, (now, now - (self._clock() - self._made[film])))
        if ages or was_set:
            _log.warning("clock set", reason="clock_set", by_seconds=round(self._moved), message=told)
        if was_set:
            self._moved = 0.0


def _age(made: float, before: float, now: float, *, least: float) -> float:
    """Seconds since a moment of the wall clock, which was set from ``before`` to ``now``: the less of what both tell of it, as far as it
    does not lie ahead of them; ``least`` where it lies ahead of both."""
    return min((age for age in (before - made, now - made) if age >= 0), default=least)
