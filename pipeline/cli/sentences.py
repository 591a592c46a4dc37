"""What is said of a film that has ended, by whichever command described it."""

from collections.abc import Iterator, Sequence

from pipeline.cli.console import one_line
from pipeline.cli.summary import clock, counted, working_seconds
from pipeline.job import Result
from pipeline.types import Notice


def how_it_ended(name: str, result: Result) -> str:
    """``beach.mp4: 9 captions · 1:12 in 0:20 · 3.6x real time``."""
    captions = counted(len(result.document.captions), "caption")
    if result.described:
        took = working_seconds(result)
        speed = f" · {result.info.duration / took:.1f}x real time" if took else ""
        return f"{name}: {captions} · {clock(result.info.duration)} in {clock(took)}{speed}"
    if result.state == "done":
        return f"{name}: {captions} kept · files that were missing are written"
    return f"{name}: skipped: it is finished (--overwrite describes it anew)"


def warnings(name: str, notices: Sequence[Notice], *, each: bool) -> Iterator[str]:
    """One line a kind of warning; one for each of them where ``each``."""
    kinds: dict[str, list[Notice]] = {}
    for notice in notices:
        kinds.setdefault(f"{notice.code} {notice.start}" if each else notice.code, []).append(notice)
    for alike in kinds.values():
        first = alike[0]
        at = "" if first.start is None else f" at {clock(first.start)}"
        more = f" and {counted(len(alike) - 1, 'time')} more" if len(alike) > 1 else ""
        yield f"{name}: warning: {first.code}{at}{more}: {one_line(first.message)}"
