"""Which bytes of a film are needed to show a part of it, for a film of which the index is there and nothing else.

    index | first packets . . . . . K . . K ===== part ===== K . . K . . .       what is fetched: | ... |, K to K

Only where the index alone tells of every packet (MP4, MOV), and where the part's pictures need nothing but what lies around them.
"""

from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pipeline.video.children.messages import Locate, Located
from pipeline.video.decode import libav
from pipeline.video.decode.describe import rate
from pipeline.video.decode.pyav_reader import list_packets
from pipeline.video.table import Table

INSIDE = ("h264", "hevc")
"""codecs of which no packet has to be opened to know when its picture is shown, but the first few"""
FIRST = 16
"""packets at the start that tell what the pictures are like"""
AROUND = 2.0
"""seconds beside the part in which what belongs to it may be stored"""
GROUPS = 2
"""groups of pictures at each side of that: one that its pictures may be built on, one that cuts are compared with"""
WHOLE = Located(spans=())


def located(fd: int, asked: Locate) -> Iterator[Located | None]:
    """The answer; every None before it is a sign of life. Raises InputError."""
    with libav.open_container(fd) as container:
        stream = libav.film_stream(container)
        index = container.format.name.startswith("mov") and stream.codec_context.name in INSIDE
        fields = stream.codec_context.field_order not in (0, 1)
        start, fps = (container.start_time or 0) / libav.TIME_BASE, float(rate(container, stream))
    if not index or fields or fps <= 0:
        yield WHOLE
        return
    places = array("q")
    for table in list_packets(fd, start=start, fps=fps, most=asked.most, places=places):
        yield None if table is None else Located(spans=_spans(table, np.array(places, np.int64), asked))


def _spans(table: Table, places: NDArray[np.int64], asked: Locate) -> tuple[tuple[int, int], ...]:
    """Of the first packets, and of each piece."""
    if len(table.times) == 0 or table.repaired or (places < 0).any() or asked.start >= table.end:
        return ()
    keys = np.flatnonzero(table.key)
    edges = np.linspace(asked.start, asked.end, asked.pieces + 1)
    edges[-1] = max(asked.end, table.end) if asked.pieces > 1 else asked.end
    ordinals = [(0, min(FIRST, len(places)))]
    for piece in zip(edges[:-1] - AROUND, edges[1:] + AROUND, strict=True):
        begin, end = table.packets[table.on_screen(np.array(piece))].tolist()
        first = max(0, int(np.searchsorted(keys, min(begin, end), side="right")) - GROUPS)
        last = int(np.searchsorted(keys, max(begin, end), side="right")) + GROUPS - 1
        ordinals.append((int(keys[first]) if first else 0, int(keys[last]) if last < len(keys) else len(places)))
    found = []
    for a, b in ordinals:
        ends = places[a:b] + table.sizes[a:b]
        found.append((int(places[a:b].min()), int(ends.max())))
    return tuple(found)
