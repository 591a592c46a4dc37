"""One of several processes that share films, none of which knows of another: ``--shard I/N``, for Slurm arrays and Kubernetes jobs.

a.mp4 b.mp4 c.mp4 d.mp4 e.mp4     1/2: a c e    2/2: b d       of a listing that all see (caption): equal shares
whatever comes, by its name       1/2 or 2/2                   of a folder that is watched: equal in the long run
"""

import os
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import PurePath
from typing import TypeVar

T = TypeVar("T")
Shard = tuple[int, int]
"""the I-th of N, counted from 1"""


def check_shard(text: str) -> str:
    """Raises ValueError where it is not I/N with 1 <= I <= N."""
    number, _, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise ValueError("it is written as I/N, from 1/N to N/N")
    return text


def parsed(text: str) -> Shard:
    """Of what ``check_shard`` has seen."""
    number, _, of = text.partition("/")
    return int(number), int(of)


def share(things: Sequence[T], shard: Shard) -> Sequence[T]:
    """Those of the shard, by their place in the sequence."""
    return things[shard[0] - 1 :: shard[1]]


def takes(name: PurePath, shard: Shard) -> bool:
    """Whether a name belongs to the shard: the same on every machine, whatever else there is."""
    # by a CRC, names that differ in a number alone would all be one machine's
    digest = blake2b(os.fsencode(name), digest_size=8).digest()
    return int.from_bytes(digest) % shard[1] == shard[0] - 1
