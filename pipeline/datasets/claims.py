"""Who works on which unit, said in the storage, so that processes that know nothing of each other don't do the same.

    _scenescribe/claims/UNIT.GENERATION     by conditional create; holds who, where, and until when; renewed while it is worked on

    0000007.0  host a, until 12:00:40       a was killed: nobody renews it; after that, or at once on a's own machine,
    0000007.1  host b, until 12:01:50       b takes the next generation: one death so far

A claim is a courtesy, never a lock: what counts is who commits first. It saves work, and it counts deaths: units that processes died with
are looked at alone (quarantine.py).
"""

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.numerals import whole
from pipeline.storage import Storage

FOLDER = "_scenescribe/claims/"
LEASE = 60.0
"""seconds that a claim holds unless it is renewed, which is done three times as often"""


def holds(until: float, now: float) -> bool:
    """Whether a lease that was written by another clock holds. One that ends later than any clock that is right could say was written by
    one that was ahead: whoever renews it says another end within moments."""
    return now < until <= now + 2 * LEASE


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One generation of a unit's claims."""

    owner: str
    host: str
    place: str
    """machine and process space in which ``pid`` means something"""
    pid: int
    born: str
    """when that process began, since numbers of processes come again"""
    since: float
    until: float
    """seconds since 1970, by the owner's clock"""
    alone: tuple[int, int] | None = None
    """the stretch of the unit's items that it works on and on nothing else, where the unit is suspicious"""
    released: bool = False
    """given back in order: no death"""
    dead: tuple[str, ...] = ()
    """owners of earlier claims that had died when this one was made"""

    def live(self, now: float) -> bool:
        """Whether somebody works on it, as far as one can tell."""
        if self.released or self.until <= now:
            return False
        if self.place == place():  # whatever the clock was set to, the process is there or is not
            return born(self.pid) == self.born
        return holds(self.until, now)

    def held_for(self, now: float) -> float:
        """Seconds that it has been worked on; without end where it says that it begins later, which only a clock that was ahead can say."""
        return now - self.since if self.since <= now + LEASE else float("inf")


class Held:
    """A claim of ours."""

    def __init__(self, claims: "Claims", unit: int, generation: int, claim: Claim, past: list[Claim]) -> None:
        self._claims, self.unit, self.generation, self.claim = claims, unit, generation, claim
        self.past = past
        """the claims before it that were neither released nor are live"""
        self._writing = threading.Lock()
        """it is renewed by one thread and given back by another"""

    @property
    def deaths(self) -> int:
        """Processes that ended while they had this unit."""
        return len(self.past)

    def renew(self, alone: tuple[int, int] | None = None) -> None:
        """Say that it is still worked on, and on what alone. What was begun when the clock was ahead begins now."""
        now = self._claims.clock()
        self._write(since=min(self.claim.since, now), until=now + self._claims.lease, alone=alone or self.claim.alone)

    def release(self) -> None:
        """Give it back in order."""
        self._write(released=True)

    def _write(self, **values: Any) -> None:
        with self._writing:
            self.claim = Claim(**{**asdict(self.claim), **values})
            self._claims.storage.put(name_of(self.unit, self.generation), _encoded(self.claim))


class Claims:
    """The claims of one data set, as one host sees and makes them."""

    def __init__(
        self, storage: Storage, host: str, *, lease: float = LEASE, clock: Callable[[], float] = time.time, owner: str = ""
    ) -> None:
        self.storage, self.host, self.lease, self.clock = storage, host, lease, clock
        self.owner = owner or secrets.token_hex(8)
        self.known: dict[int, int] = {}
        """unit -> generations that there are"""

    def listed(self) -> None:
        """Look which units were ever claimed: 1,000 a request."""
        for entry in self.storage.list(FOLDER):
            unit, _, generation = entry.name.removeprefix(FOLDER).partition(".")
            number, nth = whole(unit), whole(generation)
            if number is not None and nth is not None:
                self.known[number] = max(self.known.get(number, 0), nth + 1)

    def take(
        self, unit: int, *, beside: float | None = None, wanted: Callable[[Sequence[Claim]], bool] = lambda past: True
    ) -> Held | None:
        """Claim a unit that nobody works on; None where somebody does.

        ``beside``: claim it also where one other works on it, for as many seconds or more. ``wanted``: told the claims of those who
        died with it; False, and it is not claimed.
        """
        now = self.clock()
        generation = self.known.get(unit, 0)
        past = [claim for number in range(generation) if (claim := self.read(unit, number)) is not None]
        live = [claim for claim in past if claim.live(now)]
        if live:
            slow = beside is not None and len(live) == 1 and live[0].held_for(now) >= beside
            if not slow or live[0].owner == self.owner or live[0].alone is not None:
                return None
        dead = [one for one in past if not one.released and one not in live]
        if not wanted(dead):
            return None
        claim = Claim(
            owner=self.owner,
            host=self.host,
            place=place(),
            pid=os.getpid(),
            born=_own_birth(os.getpid()),
            since=now,
            until=now + self.lease,
            dead=tuple(one.owner for one in dead),
        )
        won = self.storage.create(name_of(unit, generation), _encoded(claim), durable=False)
        self.known[unit] = generation + 1
        if not won:
            return None
        return Held(self, unit, generation, claim, dead)

    def latest(self, unit: int) -> Claim | None:
        """The last claim of a unit, as far as they were listed."""
        generations = self.known.get(unit, 0)
        return self.read(unit, generations - 1) if generations else None

    def read(self, unit: int, generation: int) -> Claim | None:
        """One that is there; None where it is gone or damaged, as after a power cut: then nobody is known to hold it."""
        try:
            raw = json.loads(self.storage.get(name_of(unit, generation)))
            claim = Claim(
                **{**raw, "alone": tuple(raw["alone"]) if raw.get("alone") else None, "dead": tuple(raw.get("dead", ()))}
            )
            return claim if _can_be(claim) else None
        except InputError as error:
            if error.code != "not_found":
                raise
        except (ValueError, TypeError, AttributeError):
            pass
        return None


def _can_be(claim: Claim) -> bool:
    """Whether a claim has what claims have: where it lies others may write too."""
    words = (claim.owner, claim.host, claim.place, claim.born, *claim.dead)
    numbers = (claim.since, claim.until, claim.pid, *(claim.alone or ()))
    return (
        all(isinstance(one, str) for one in words)
        and all(type(one) in (int, float) for one in numbers)
        and (claim.alone is None or (len(claim.alone) == 2 and all(type(one) is int for one in claim.alone)))
    )


def name_of(unit: int, generation: int) -> str:
    return f"{FOLDER}{unit:07d}.{generation}"


def _encoded(claim: Claim) -> bytes:
    values: Mapping[str, Any] = asdict(claim)
    return json.dumps(values).encode()


@cache
def place() -> str:
    """This machine since its start, and the process space that we live in: where a process of that number would be seen."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()}/{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return f"{socket.gethostname()}/{secrets.token_hex(8)}"  # nothing can be told by a number then


@cache
def _own_birth(pid: int) -> str:
    """Of this process, which is born once; a fork of it has another number."""
    return born(pid)


def born(pid: int) -> str:
    """When a process began, in the kernel's ticks; empty where there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (OSError, ValueError):
        return ""
    words = stat.rpartition(")")[2].split()
    return "" if words[0] in "ZX" else words[19]
