"""What is said of a film that has ended, by whichever command described it."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.cli.summary import clock, counted, working_seconds
from pipeline.observing import Result
from pipeline.types import Model

if TYPE_CHECKING:
    from pipeline.outline import Summary

MOST_FOLDERS = 3
"""that are named one by one"""


ECHO = "engine echo: no model, it says what it was shown"


def who(model: Model) -> str:
    """``model shapes · engine vllm``; echo asks none."""
    return ECHO if model.engine == "echo" else f"model {model.name} · engine {model.engine}"


def how_it_ended(name: str, result: Result, *, alone: bool = True) -> str:
    """``beach.mp4: 9 captions · 1:12 in 0:20 · 3.6x real time``.

    Films that go side by side (not ``alone``) wait for each other: how long each took says nothing, and the run's last line has the speed.
    """
    captions = counted(result.document.answered, "caption")
    if result.described and (before := result.document.stats.get("resumed", 0)):
        captions += f", {before} of them from before"
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


def nothing_there(*, films: bool, refused: int = 0) -> str:
    """Of a format of a data set that nothing was written in; ``films``: whether the set has some; ``refused``: files that could not be."""
    if refused:
        return "nothing, something else was in the way of all"
    where = "; captions of films, one a window, are in parquet and jsonl alone (--format jsonl)" if films else ""
    return f"nothing, no picture has a caption{where}"


def written(files: Sequence[str]) -> str:
    """Where the files of a run are: ``12 files in described``, ``12 files in films/a, films/b``, ``90 files in 30 folders, the first is films/a``."""
    folders = sorted({os.path.dirname(file) or "." for file in files})
    if len(folders) <= MOST_FOLDERS:
        return f"{counted(len(files), 'file')} in {', '.join(folders)}"
    return f"{counted(len(files), 'file')} in {len(folders)} folders, the first is {folders[0]}"
