"""The packets of one stream, though other streams come up in mid-film.

PyAV's walk ends with an IndexError at the first packet of a stream that was not there when the walk began: a tag of an FLV that is damaged, a
broadcast that gets another sound. It goes on behind that packet, with all streams known.
"""

from collections.abc import Iterator
from typing import Any


def demuxed(container: Any, stream: Any) -> Iterator[Any]:
    """All packets of the stream, and the empty one at the end. Raises what PyAV raises of bytes that can't be read."""
    while True:
        try:
            yield from container.demux(stream)
        except IndexError:
            continue
        return
