"""What became of a film that could not be read as a whole, in words for the user."""

from collections.abc import Collection

from pipeline.types import Notice, VideoInfo
from pipeline.video.table import Table


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
    for start, end in _stretches(table, sorted({*lost, *damaged})):
        found.append(
            Notice(
                code="partial",
                message=f"pictures between {start:.1f} s and {end:.1f} s are damaged or lost",
                start=start,
                end=end,
            )
        )
    for hole in table.holes:
        after = table.times[table.times > hole]
        start, end = round(hole, 3), float(after[0]) if len(after) else max(info.ends, table.end)
        if not any(n.start is not None and n.end is not None and n.start - 2 <= start <= n.end + 2 for n in found):
            found.append(Notice(code="partial", message=f"the file is damaged at {start:.1f} s", start=start, end=end))
    if not table.repaired and info.ends - table.end > max(0.5, 0.02 * info.ends):
        found.append(
            Notice(
                code="partial", message=f"the file ends at {table.end:.1f} s of {info.ends:.1f} s", start=table.end, end=info.ends
            )
        )
    return tuple(found)


def _stretches(table: Table, ranks: list[int]) -> list[tuple[float, float]]:
    """Runs of frames less than two seconds apart, as (start, end)."""
    found: list[tuple[float, float]] = []
    for rank in ranks:
        start = float(table.times[rank])
        end = float(table.times[rank + 1]) if rank + 1 < len(table.times) else table.end
        if found and start - found[-1][1] < 2.0:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found
