"""A film of a storage that is larger than the room for it: what is read next is fetched, and what was read given back.

index | first | . . . . . . | stretch 3 | stretch 4 | . . . . . .
                 given back    is read     comes       not here: reads as zeros, and nobody reads it

As in film_part.py the index tells where each stretch lies, so it is MP4 and MOV with H.264 or HEVC that can come so.
"""

import math
import threading
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path

from pipeline.errors import InputError
from pipeline.media.film_part import HEAD, index_of
from pipeline.storage.spool import GIB, PIECE, Copy, Large, Remote, refuse_changed
from pipeline.video.children.held import Closed
from pipeline.video.children.pool import WorkerPool
from pipeline.video.locate import locate, read_by_groups
from pipeline.video.probe import probe

BLOCK = 1 << 18
"""bytes that come and go together"""
STRETCH = 4 * PIECE
"""bytes of a stretch, about"""
MOST = 4096
"""stretches"""
SHARE = 16
"""stretches of a film for which there is room, at least"""


def while_read(pool: WorkerPool) -> Large:
    """How a film comes that is larger than the room for it."""
    return partial(_begun, pool)


def _begun(pool: WorkerPool, remote: Remote, path: Path, most: int, stop: threading.Event) -> "Feed | None":
    with ExitStack() as held:
        copy = held.enter_context(Copy.begun(remote, path, stop))
        index = index_of(copy)
        if index is None or sum(map(len, index)) > most // 2:
            return None
        copy.take(*index)
        first = locate(path, (0.0, 1.0), pool)
        if not first or len(first[0]) > most // 2:
            return None
        copy.take(first[0])
        if not read_by_groups(path, pool):
            return None
        duration = probe(path, pool=pool).duration
        if not duration > 0:  # nothing tells where a stretch lies
            return None
        count = max(1, min(MOST, math.ceil(remote.entry.size / min(STRETCH, most / SHARE))))
        _, *lie = locate(path, (0.0, duration), pool, pieces=count) or (range(0),)
        if not all(lie) or len(lie) != count:
            return None
        copy.stamp()
        return Feed(copy, held.pop_all(), [range(HEAD), *index, first[0]], lie, duration, most)
    return None


class Feed:
    """See pipeline.stretch.Arriving: ``need``, ``over`` and ``finish`` are one thread's, ``close`` any thread's."""

    def __init__(
        self, copy: Copy, held: ExitStack, kept: Iterable[range], lie: Sequence[range], duration: float, most: int
    ) -> None:
        """``kept``: what is here and never given back; ``lie``: where each of the film's equal stretches lies; ``held`` is closed."""
        self._copy, self._held, self._lie, self._most = copy, held, lie, most
        self._seconds = duration / len(lie)
        self._kept = {block for span in kept for block in _blocks(span)}
        self._here = set[int]()
        """blocks of which all is here"""
        self._begin = 0
        """the first stretch that is still needed"""
        self._ahead: Future[None] | None = None
        self._fetcher = ThreadPoolExecutor(1, thread_name_prefix="feed")
        self._lock = threading.Lock()

    def need(self, start: float, end: float) -> None:
        first, last = self._at(start), self._at(end)
        with self._lock:
            self._settle()
            wanted = self._of(range(first, last + 1))
            self._begin = min(self._begin, first)  # who reads it once more begins anew
            if self._room(wanted) < 0:
                self._keep(range(self._begin, last + 1))
            if (lacking := -self._room(wanted)) > 0:
                size = (self._most + lacking) / GIB
                text = f"{self._copy.remote.url} needs {size:.3g} GiB of room while it is read, more than --spool-gb allows"
                raise InputError("spool_too_small", f"{text}; raise it, where the temporary folder has room")
            self._bring(wanted)
            following = self._of(range(last + 1, min(last + 2, len(self._lie))))
            if following and self._room(following) >= 0:
                self._ahead = self._fetcher.submit(self._bring, following)

    def abreast(self, spans: Sequence[tuple[float, float]], most: int) -> int:
        kept, places = BLOCK * len(self._kept), [self._lie[self._at(a)].start for a, _ in spans]
        ends = [self._lie[self._at(b)].stop for _, b in spans]
        for count in range(most, 1, -1):
            if all(end - start + kept + 2 * BLOCK <= self._most for start, end in zip(places, ends[count - 1 :], strict=False)):
                return count
        return 1

    def over(self, time: float) -> None:
        with self._lock:
            begin = self._at(time)
            if begin > self._begin:
                self._settle()
                self._begin = begin
                self._keep(range(begin, len(self._lie)))

    def finish(self) -> None:
        with self._lock:
            self._settle()
            refuse_changed(self._copy.remote)

    def close(self) -> None:
        self._copy.stop.set()
        with self._lock:
            self._fetcher.shutdown()
            self._held.close()

    def _at(self, time: float) -> int:
        return int(min(max(time / self._seconds, 0), len(self._lie) - 1))

    def _of(self, numbers: Iterable[int]) -> set[int]:
        """Blocks of these stretches."""
        return {block for number in numbers for block in _blocks(self._lie[number])}

    def _room(self, more: Collection[int]) -> int:
        """Bytes that are left beside what is here and these blocks; less than nothing where they don't fit."""
        return self._most - BLOCK * len(self._kept.union(self._here, more))

    def _settle(self) -> None:
        """Wait for what is on its way. Raises what fetching raises, Closed."""
        ahead, self._ahead = self._ahead, None
        if self._copy.stop.is_set():
            raise Closed
        if ahead is not None:
            ahead.result()

    def _bring(self, blocks: Collection[int]) -> None:
        """Fetch those that are not here."""
        size = self._copy.remote.entry.size
        missing = sorted(set(blocks) - self._here)
        self._copy.take(*(range(span.start, min(span.stop, size)) for span in _spans(missing)))
        if self._copy.stop.is_set():
            raise Closed
        self._copy.stamp()
        self._here.update(missing)

    def _keep(self, numbers: Iterable[int]) -> None:
        """Give back all but these stretches."""
        gone = self._here - self._of(numbers) - self._kept
        for span in _spans(sorted(gone)):
            self._copy.drop(span)
        self._here -= gone
        self._copy.stamp()


def _blocks(span: range) -> range:
    """Numbers of the blocks in which these bytes lie."""
    return range(span.start // BLOCK, -(-span.stop // BLOCK))


def _spans(blocks: Sequence[int]) -> list[range]:
    """Bytes of these blocks (ascending), what lies beside each other as one."""
    starts = [*blocks[:1], *(after for before, after in pairwise(blocks) if after != before + 1)]
    ends = [*(before for before, after in pairwise(blocks) if after != before + 1), *blocks[-1:]]
    return [range(BLOCK * start, BLOCK * (end + 1)) for start, end in zip(starts, ends, strict=True)]
