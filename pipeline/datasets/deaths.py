"""Which processes died while they worked on a data set, and whether one unit can be why: read from the claims alone.

    unit 3    claimed by a, then by b (who found that a had died)      a, b, c dead: unit 3 was in the hands of a and b
    unit 8    claimed by c, whose process is gone                      c died without it: processes of this run are killed from outside

A process that died without a unit proves that not all deaths are the unit's: then its own prove less.
"""

from collections.abc import Collection, Sequence

from pipeline.datasets.claims import Claim, Claims
from pipeline.datasets.ledger import Ledger

SUSPICIOUS, SUSPICIOUS_AMONG_OTHERS = 1, 2
"""deaths of processes that had a unit, after which it is examined: where all deaths can be its own, and where processes die without it"""
GUILTY = "killed_engine"
"""the reason of an item that kills the process that works on it"""


class Deaths:
    """Of one data set, as one host sees them."""

    def __init__(self, ledger: Ledger, claims: Claims) -> None:
        self._ledger, self._claims = ledger, claims
        self._found: dict[int, tuple[int, frozenset[str]]] = {}
        """unit that is done -> how many claims it had, and who had died with it"""
        self._now: dict[int, frozenset[str]] = {}
        """the same of others, as it was at the last look"""
        self._named: dict[int, bool] = {}
        """unit that is done -> whether an item of it was found guilty"""

    def look(self) -> None:
        """From now on claims of units that are not done are read again, once."""
        self._now.clear()

    def suspicious(self, unit: int, past: Sequence[Claim], done: Collection[int]) -> bool:
        """Whether a unit is to be examined. ``past``: claims of those who died with it; ``done``: units that are known to be done."""
        if SUSPICIOUS <= len(past) < SUSPICIOUS_AMONG_OTHERS:
            return not self.without(unit, past, done)
        return len(past) >= SUSPICIOUS_AMONG_OTHERS

    def without(self, unit: int, past: Sequence[Claim], done: Collection[int]) -> bool:
        """Whether a process died that did not have this unit, and not of an item that is known to kill."""
        dead = {number: self._with(number, number in done) for number in self._claims.known if number != unit}
        others = set[str]().union(*dead.values()) - {claim.owner for claim in past}
        if not others:
            return False
        explained = [owners for number, owners in dead.items() if owners and number in done and self._is_named(number)]
        return bool(others.difference(*explained))

    def _with(self, unit: int, done: bool) -> frozenset[str]:
        """Owners that died with a unit: those that its last claim found, and who made that where it is gone too."""
        claims = self._claims.known[unit]
        if done and claims == 1:  # it was done by the first who had it
            return frozenset()
        if done and (known := self._found.get(unit)) is not None and known[0] == claims:
            return known[1]
        if not done and (now := self._now.get(unit)) is not None:
            return now
        last = self._claims.latest(unit)
        found = frozenset[str]() if last is None else frozenset(last.dead)
        if done:
            self._found[unit] = claims, found
            return found
        if last is not None and not last.released and not last.live(self._claims.clock()):
            found |= {last.owner}
        self._now[unit] = found
        return found

    def _is_named(self, unit: int) -> bool:
        if unit not in self._named:
            ending = self._ledger.ending(unit)
            self._named[unit] = ending is not None and bool(ending.by_reason.get(GUILTY))
        return self._named[unit]
