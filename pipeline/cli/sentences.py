"""What is said of a film that has ended, by whichever command described it."""

from pipeline.cli.summary import clock, counted, working_seconds
from pipeline.describe import Result


def how_it_ended(name: str, result: Result) -> str:
    """``beach.mp4: 9 captions · 1:12 in 0:20 · 3.6x real time``."""
    captions = counted(len(result.document.captions), "caption")
    if result.described:
        took = working_seconds(result)
        speed = f" · {result.seconds / took:.1f}x real time" if took else ""
        return f"{name}: {captions} · {clock(result.seconds)} in {clock(took)}{speed}"
    if result.state == "done":
        return f"{name}: {captions} kept · files that were missing are written"
    return f"{name}: skipped: it is finished (--overwrite describes it anew)"
