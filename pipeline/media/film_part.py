"""A part of a film that lies in a storage, fetched without the rest of it.

ftyp | moov | mdat ....................... | free        the boxes' heads, and all that is no picture (ISO/IEC 14496-12 4.2)
              first pictures   the part's                 where they lie, by the index in moov
                   [=]       [==========]                 is fetched; what is not reads as zeros, and nobody reads it

Films of other containers, in fragments, or of codecs whose pictures need more than their neighbours, come whole.
"""

import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pipeline.storage.spool import Copy, Remote, Some, refuse_changed
from pipeline.types import Span
from pipeline.video.boxes import boxes
from pipeline.video.children.pool import WorkerPool
from pipeline.video.locate import locate, read_by_groups

HEAD = 1 << 16
"""bytes that are fetched first"""
INDEX = 1 << 28
"""bytes of a film's index, at most"""
BOXES = 64
"""at the top of a film; there are more in one that is made of fragments"""
WORTH = 0.8
"""part of a film above which all of it is fetched: then it has no holes"""


def by_ranges(span: Span, pool: WorkerPool) -> Some:
    """How the seconds of a span are fetched."""
    return partial(_fetched, span, pool)


def _fetched(span: Span, pool: WorkerPool, remote: Remote, path: Path, most: int, stop: threading.Event) -> bool:
    if remote.entry.size <= 2 * HEAD:
        return False
    with Copy.begun(remote, path, stop) as copy:
        index = index_of(copy)
        if index is None or stop.is_set():
            return False
        copy.take(*index)
        spans = [range(max(0, one.start), min(remote.entry.size, one.stop)) for one in locate(path, span, pool)]
        needed = sum(map(len, spans))
        if not spans or not all(spans) or needed > min(most, WORTH * remote.entry.size):
            return False
        copy.take(*spans)
        if stop.is_set() or not read_by_groups(path, pool):
            return False
    refuse_changed(remote)
    return True


def index_of(copy: Copy) -> Sequence[range] | None:
    """What a film holds beside its pictures and sound, but for the first HEAD bytes, which are there then; None where that can't be
    told apart."""
    size, found, kinds = copy.remote.entry.size, list[range](), set[bytes]()
    copy.take(range(HEAD))
    for box in boxes(copy.fd, 0, size):
        kinds.add(box.kind)
        if box.kind != b"mdat" and box.end > HEAD:
            found.append(range(max(HEAD, box.start), box.end))
        if len(found) > BOXES or sum(map(len, found)) > INDEX or b"moof" in kinds:
            return None
        if HEAD - 16 < box.end < size:
            copy.take(range(box.end, min(box.end + 16, size)))
    return found if kinds >= {b"ftyp", b"moov", b"mdat"} else None
