"""Films of which a part is there, and zeros in place of the rest: what is not there can't tell libav's parser that it is a keyframe."""

import os
from typing import Any


def keyframes_among_holes(fd: int, stream: Any) -> frozenset[int]:
    """Where a container's index says that keyframes begin, in a file that has holes; none for a file that has none."""
    try:
        if os.lseek(fd, 0, os.SEEK_HOLE) >= os.fstat(fd).st_size:
            return frozenset()
    except OSError:  # a file system that knows of no holes
        return frozenset()
    finally:
        os.lseek(fd, 0, os.SEEK_SET)
    return frozenset(entry.pos for entry in stream.index_entries if entry.is_keyframe)
