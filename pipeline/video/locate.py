"""Where in a film's file a part of it lies, asked of a child."""

from pathlib import Path

from pipeline.errors import InputError
from pipeline.types import Span
from pipeline.video.children.child import Crashed
from pipeline.video.children.messages import Locate, Located
from pipeline.video.children.pool import WorkerPool
from pipeline.video.probe import SKIPPERS, probe
from pipeline.video.source import open_source


def locate(path: Path, part: Span, pool: WorkerPool, *, pieces: int = 1) -> tuple[range, ...]:
    """Bytes that the film's beginning and ``part`` (seconds on the player's clock) need, of a film whose index is at ``path``; none
    where it needs all. ``pieces``: so many equal ones of the part, each by itself, the last to the film's end.

    What can't be read that way is no error here: whoever has the whole file will say what is wrong with it.
    """
    limits = pool.limits
    try:
        source = open_source(path)
    except InputError:
        return ()
    child = pool.acquire()
    try:
        cpu = limits.processor_seconds(size=source.size)
        # the longest film is shorter than this, and a child takes no number without an end
        wish = Locate(start=part[0], end=min(part[1], 1e9), pieces=pieces, most=limits.frames, cpu=cpu)
        child.request(wish, fds=[source.fd])
        answer = child.answer(Located, limits.stall)
    except Crashed:
        return ()
    finally:
        pool.release(child)
        source.close()
    return tuple(range(start, end) for start, end in answer.spans) if isinstance(answer, Located) else ()


def read_by_groups(path: Path, pool: WorkerPool) -> bool:
    """Whether pictures of a film are decoded from the group that they are in, and not from the film's start: by its first pictures."""
    try:
        info = probe(path, pool=pool)
    except InputError:
        return False
    return info.codec in SKIPPERS and info.reader == "pyav" and not info.interlaced
