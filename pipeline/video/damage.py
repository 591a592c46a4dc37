"""What became of a film that could not be read as a whole, in words for the user."""

from collections.abc import Collection, Sequence

from pipeline.types import Notice, VideoInfo
from pipeline.video.behind import behind
from pipeline.video.standing import falls_short
from pipeline.video.table import Table
from pipeline.video.transport import codec_change

APART = 2.0
"""seconds between two damaged pictures that are no longer one stretch"""


def notices(info: VideoInfo, table: Table, lost: Collection[int], damaged: Collection[int]) -> tuple[Notice, ...]:
    """``timestamps_repaired`` and ``partial``, one for each stretch lost."""
    found = []
    if table.repaired and not table.as_stored:
        found.append(
            Notice(
                code="timestamps_repaired",
                message="its timestamps go back, stand still or are missing; times are made up where they do",
            )
        )
    if table.headless is not None and table.times[0] > max(0.0, table.headless):
        found.append(_headless(max(0.0, table.headless), float(table.times[0])))
    for start, end in _stretches(table, sorted({*lost, *damaged})):
        found.append(_lost(start, end))
    short = not table.repaired and falls_short(table.end, info.ends)
    for hole in table.holes:
        after = table.times[table.times > hole]
        if short and not len(after):
            continue  # told below, with how much is missing
        start, end = round(hole, 3), float(after[0]) if len(after) else max(info.ends, table.end, round(hole, 3))
        if not any(_near(n, start) for n in found):
            found.append(_hole(start, end) if len(after) else _broken_off(start, end))
    if short:
        found.append(
            Notice(
                code="partial", message=f"the file ends at {table.end:.1f} s of {info.ends:.1f} s", start=table.end, end=info.ends
            )
        )
    return (*found, *behind(info.path, info.container, table.end))


def causes(info: VideoInfo) -> tuple[Notice, ...]:
    """``codec_changes``: why pictures of a film are lost, where its file tells."""
    try:
        change = codec_change(info.path)
    except OSError:
        return ()
    return () if change is None else (Notice(code="codec_changes", message=change.sentence, start=change.seconds),)


def joined(told: Sequence[Notice]) -> tuple[Notice, ...]:
    """What the readers of a film's parts say, as one reader of all of it says it: what is lost at a border was told in two pieces."""
    lost = sorted((one.start, one.end) for one in told if _is_lost(one) and one.start is not None and one.end is not None)
    whole: list[tuple[float, float]] = []
    for start, end in lost:
        if whole and start - whole[-1][1] < APART:
            whole[-1] = whole[-1][0], max(end, whole[-1][1])
        else:
            whole.append((start, end))
    pictures = [_lost(start, end) for start, end in whole]
    files = [one for one in told if one.code == "partial" and not _is_lost(one)]
    files = [one for one in files if not (_is_hole(one) and any(_near(other, one.start or 0.0) for other in pictures))]
    files.sort(key=lambda one: one.start or 0.0)  # each reader tells what it finds, and then where the file ends
    return (*(one for one in told if one.code != "partial"), *pictures, *files)


def _lost(start: float, end: float) -> Notice:
    return Notice(
        code="partial", message=f"pictures between {start:.1f} s and {end:.1f} s are damaged or lost", start=start, end=end
    )


def _headless(start: float, end: float) -> Notice:
    message = f"it begins in the middle of a group of pictures: nothing can be seen between {start:.1f} s and {end:.1f} s"
    return Notice(code="partial", message=message, start=start, end=end)


def _hole(start: float, end: float) -> Notice:
    return Notice(code="partial", message=f"the file is damaged at {start:.1f} s", start=start, end=end)


def _broken_off(start: float, end: float) -> Notice:
    return Notice(code="partial", message=f"the file breaks off at {start:.1f} s", start=start, end=end)


def _is_hole(notice: Notice) -> bool:
    if notice.start is None or notice.end is None:
        return False
    return notice in (_hole(notice.start, notice.end), _broken_off(notice.start, notice.end))


def _is_lost(notice: Notice) -> bool:
    return notice.start is not None and notice.end is not None and notice == _lost(notice.start, notice.end)


def _near(notice: Notice, time: float) -> bool:
    """Whether what is damaged at that time was told of already."""
    return notice.start is not None and notice.end is not None and notice.start - APART <= time <= notice.end + APART


def _stretches(table: Table, ranks: list[int]) -> list[tuple[float, float]]:
    """Runs of frames less than APART seconds apart, as (start, end)."""
    found: list[tuple[float, float]] = []
    for rank in ranks:
        start = max(0.0, float(table.times[rank]))
        end = float(table.times[rank + 1]) if rank + 1 < len(table.times) else table.end
        if found and start - found[-1][1] < APART:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found
