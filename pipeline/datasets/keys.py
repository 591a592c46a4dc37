"""Keys: names as text that can be stored, two of two names; and which came before, of as many as there are, in eight bytes each.

Sorted arrays of hashes, each twice as long as the next: a block of keys is looked up in all of them, then joins the shortest. Two keys
of 10,000,000 share a hash of 64 bits with a chance of 1 in 370,000.
"""

from collections.abc import Sequence
from hashlib import blake2b, sha256

import numpy as np
from numpy.typing import NDArray

_DIGITS = 10
"""of a hash in a name: a billion names that differ in it alone have a chance of 1 in 2,000 to share one"""
MARK = 1 + _DIGITS
"""bytes that ``marked`` adds"""


def stored(name: str) -> str:
    """A name as text that can be stored: as it is, or where its bytes are no UTF-8 with U+FFFD in their places and, before its suffix, a hash
    of its bytes: ``a\ufffd~1f3b2c4d5e.jpg``. Two names stay two."""
    try:
        name.encode()
        return name
    except UnicodeEncodeError:
        pass
    try:
        raw = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character, of JSON: no file's name
        raw = name.encode("utf-8", "surrogatepass")
    return marked(raw.decode("utf-8", "replace"), raw)


def marked(name: str, raw: bytes) -> str:
    """A name with a hash of what it stands for, before the suffix of its last part."""
    folder, slash, last = name.rpartition("/")
    stem, dot, suffix = last.rpartition(".")
    if not stem:
        stem, dot, suffix = last, "", ""
    return f"{folder}{slash}{stem}~{sha256(raw).hexdigest()[:_DIGITS]}{dot}{suffix}"


class Keys:
    """A set of keys that only grows."""

    def __init__(self) -> None:
        self._levels: list[NDArray[np.uint64]] = []

    def __len__(self) -> int:
        return sum(map(len, self._levels))

    def add(self, keys: Sequence[str]) -> list[bool]:
        """Take in a block of keys; for each, whether it was there before, in an earlier block or in this one."""
        digests = b"".join(blake2b(key.encode("utf-8", "surrogateescape"), digest_size=8).digest() for key in keys)
        hashes = np.frombuffer(digests, np.uint64)
        unique, first = np.unique(hashes, return_index=True)
        before = np.ones(len(hashes), bool)
        before[first] = False
        for level in self._levels:
            place = np.searchsorted(level, hashes)
            place[place == len(level)] = 0
            before |= level[place] == hashes
        self._join(unique[~before[first]])
        return before.tolist()

    def _join(self, new: NDArray[np.uint64]) -> None:
        while self._levels and len(self._levels[-1]) < 2 * len(new):
            new = np.sort(np.concatenate([self._levels.pop(), new]))
        if len(new):
            self._levels.append(new)
