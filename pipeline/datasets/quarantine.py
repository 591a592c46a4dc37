"""Which item of a unit kills the process that works on it: found by parts, each of them alone in its process.

    deaths 1, 2   with the whole unit and others in flight             nobody is accused
    then          32 parts, one after the other, nothing beside them    rows of a part that went well are kept
    death 3       with one part alone                                  its items, one after the other
    death 4       with one item alone                                  all others are done first, then it once more
    death 5       with the same item alone                             it is that item: its row says ``killed_engine``

One death alone proves nothing: processes are killed from outside too (a machine that is taken away, a time that is up), and what one
holds alone then is innocent. Which part a process had alone stands in its claim, so whoever comes after it, on whatever machine, goes on from there.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.datasets.arrow import decode, encode
from pipeline.datasets.claims import Held
from pipeline.datasets.items import Item, Row
from pipeline.datasets.units import Unit, pieces
from pipeline.storage import Storage

SUSPICIOUS = 2
"""deaths of processes that had a unit, after which it is examined"""
PROOF = 2
"""deaths with an item alone, after which it is guilty"""
GUILTY = "killed_engine"
_PIECE = re.compile(r"/(\d+)-(\d+)\.parquet$")

Stretch = tuple[int, int]
"""items [start, stop) of a unit"""


def examined(items: int, deadly: Iterable[Stretch], done: Iterable[Stretch]) -> tuple[list[Stretch], list[int]]:
    """What is still to be done alone, and which items are guilty. ``deadly``: the stretch that was alone in each death."""
    deaths, done = Counter(deadly), set(done)
    to_do, again = list[Stretch](), list[Stretch]()
    guilty: list[int] = []

    def look(stretch: Stretch) -> None:
        if stretch in done:
            return
        if stretch not in deaths:
            to_do.append(stretch)
        elif stretch[1] - stretch[0] == 1 and deaths[stretch] >= PROOF:
            guilty.append(stretch[0])
        elif stretch[1] - stretch[0] == 1:
            again.append(stretch)
        else:
            for part in pieces(*stretch):
                look(part)

    for part in pieces(0, items):
        look(part)
    return [*to_do, *again], guilty


class Quarantine:
    """One unit under examination, by this process."""

    def __init__(self, storage: Storage, held: Held, unit: Unit, items: Sequence[Item]) -> None:
        self._storage, self.held, self.unit, self.items = storage, held, unit, items
        self._folder = f"_scenescribe/pieces/{unit.name}/"
        found = [(int(name[1]), int(name[2])) for entry in storage.list(self._folder) if (name := _PIECE.search(entry.name))]
        deadly = [claim.alone for claim in held.past if claim.alone is not None]
        self.to_do, self.guilty = examined(len(items), deadly, found)
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
