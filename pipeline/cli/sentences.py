"""What is said of a film that has ended, by whichever command described it."""

from typing import TYPE_CHECKING

from pipeline.cli.summary import clock, counted, working_seconds
from pipeline.observing import Result
from pipeline.types import Model

if TYPE_CHECKING:
    from pipeline.outline import Summary


def who(model: Model) -> str:
    """``model shapes · engine vllm``; echo asks none."""
    return (
        "engine echo: no model, it says what it was shown"
        if model.engine == "echo"
        else f"model {model.name} · engine {model.engine}"
    )


def how_it_ended(name: str, result: Result, *, alone: bool = True) -> str:
    """``beach.mp4: 9 captions · 1:12 in 0:20 · 3.6x real time``.

    Films that go side by side (not ``alone``) wait for each other: how long each took says nothing, and the run's last line has the speed.
    """
    captions = counted(result.document.answered, "caption")
    if result.summary is not None:
        captions += f" · {of_summary(result.summary)}"
    if result.described and not alone:
        return f"{name}: {captions} · {clock(result.seconds)}"
    if result.described:
        took = working_seconds(result)
        speed = f" · {result.seconds / took:.1f}x real time" if took else ""
        return f"{name}: {captions} · {clock(result.seconds)} in {clock(took)}{speed}"
    if result.state == "done":
        return f"{name}: {captions} kept · files that were missing are written"
    return f"{name}: skipped: it is finished (--overwrite describes it anew)"


def of_summary(summary: "Summary") -> str:
    """``summary of 4 sentences, 12 chapters``; a composed one says so."""
    made = "summary" if summary.method == "written" else "composed summary"
    return f"{made} of {counted(len(summary.sentences), 'sentence')}, {counted(len(summary.chapters), 'chapter')}"
