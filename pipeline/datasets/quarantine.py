"""Which item of a unit kills the process that works on it: found by parts, each of them alone in its process.

    death 1       with the whole unit and others in flight             nobody is accused
    then          32 parts, one after the other, nothing beside them    rows of a part that went well are kept
    death 2       with one part alone                                  all others first, then its items, one after the other
    death 3       with one item alone                                  all others first, then it once more
    death 4       with the same item alone                             it is that item: its row says ``killed_engine``

One death alone proves nothing: processes are killed from outside too (a machine that is taken away, a time that is up), and what one
holds alone then is innocent. So an item is named after four deaths that all had it in flight, two of them it alone, where no process
of the data set died without it. Where one did, somebody kills from outside: a unit is examined after its second death, and an item
named after four deaths with it alone, one more for each death with something alone that went well later, eight at most.

Which part a process had alone stands in its claim, so whoever comes after it, on whatever machine, goes on from there.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.datasets.arrow import decode, encode
from pipeline.datasets.claims import Held
from pipeline.datasets.deaths import GUILTY
from pipeline.datasets.items import Item, Row
from pipeline.datasets.units import Unit, pieces
from pipeline.storage import Storage

PROOF = 4
"""deaths of processes that had an item in flight, after which it is guilty,"""
ALONE, ALONE_AMONG_OTHERS, ALONE_AT_MOST = 2, 4, 8
"""of which so many had it alone: where all deaths can be its own, and where processes died without it, the more the more often"""
_PIECE = re.compile(r"/(\d+)-(\d+)\.parquet$")

Stretch = tuple[int, int]
"""items [start, stop) of a unit"""


def examined(
    items: int, deadly: Sequence[Stretch], done: Iterable[Stretch], *, crowded: int = 1, others: bool = False
) -> tuple[list[Stretch], list[int]]:
    """What is still to be done alone, the least suspicious first, and which items are guilty.

    ``deadly``: the stretch that was alone in each death; ``crowded``: deaths with the whole unit in flight; ``others``: whether processes
    died that did not have the unit at all.
    """
    deaths, done, guilty = Counter(deadly), set(done), set[int]()
    fresh, within, accused = list[Stretch](), list[Stretch](), list[int]()

    def look(stretch: Stretch, found: list[Stretch]) -> None:
        if stretch in done:
            return
        if stretch not in deaths:
            found.append(stretch)
        elif stretch[1] - stretch[0] == 1:
            accused.append(stretch[0])
        else:
            for part in pieces(*stretch):
                look(part, within)

    def proven(place: int) -> bool:
        """Deaths of what is known to kill are nobody else's."""
        alone = deaths[place, place + 1]
        if others or any(not start <= place < stop and guilty.isdisjoint(range(start, stop)) for start, stop in deaths):
            acquitted = sum(count for stretch, count in deaths.items() if stretch in done)
            return alone >= min(ALONE_AMONG_OTHERS + acquitted, ALONE_AT_MOST)
        return alone >= ALONE and crowded + sum(start <= place < stop for start, stop in deadly) >= PROOF

    for part in pieces(0, items):
        look(part, fresh)
    while more := {place for place in accused if place not in guilty and proven(place)}:
        guilty |= more
    again = sorted((place for place in accused if place not in guilty), key=lambda place: deaths[place, place + 1])
    return [*fresh, *within, *((place, place + 1) for place in again)], sorted(guilty)


class Quarantine:
    """One unit under examination, by this process."""

    def __init__(self, storage: Storage, held: Held, unit: Unit, items: Sequence[Item], *, others: bool) -> None:
        """``others``: whether processes died that did not have this unit."""
        self._storage, self.held, self.unit, self.items = storage, held, unit, items
        self._folder = f"_scenescribe/pieces/{unit.name}/"
        found = [(int(name[1]), int(name[2])) for entry in storage.list(self._folder) if (name := _PIECE.search(entry.name))]
        deadly = [claim.alone for claim in held.past if claim.alone is not None]
        crowded = len(held.past) - len(deadly)
        self.to_do, self.guilty = examined(len(items), deadly, found, crowded=crowded, others=others)
        self._done = found

    def begin(self) -> Stretch | None:
        """The next stretch, written down before it is worked on; None where all are done."""
        if not self.to_do:
            return None
        self.held.renew(alone=self.to_do[0])
        return self.to_do[0]

    def keep(self, stretch: Stretch, rows: Sequence[Row]) -> None:
        """A stretch went well."""
        self._storage.put(f"{self._folder}{stretch[0]}-{stretch[1]}.parquet", encode(_plain(rows), {}, times=True))
        self._done.append(stretch)
        self.to_do.remove(stretch)

    def rows(self) -> list[Row]:
        """All rows of the unit that are asked, once nothing is to do."""
        kept = {item.key: item.kept for item in self.items}
        found = [Row.failed(self.items[place], GUILTY) for place in self.guilty]
        reached = 0
        for start, stop in sorted(self._done, key=lambda stretch: (stretch[0], -stretch[1])):
            if start < reached:  # a part of one that is there
                continue
            reached = stop
            found += decode(self._storage.get(f"{self._folder}{start}-{stop}.parquet"))
        return [replace(row, kept=kept[row.key]) for row in found]

    def clear(self) -> None:
        """The unit is committed: its pieces are not needed any more."""
        for start, stop in self._done:
            self._storage.delete(f"{self._folder}{start}-{stop}.parquet")


def _plain(rows: Sequence[Row]) -> list[Row]:
    return [replace(row, kept={}) for row in rows]
