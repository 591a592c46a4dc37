"""What is said at a run's end: a table where there were many films, one line for all, and where the time went."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.cli import table
from pipeline.clock import clock as clock
from pipeline.engine.gate import Clock
from pipeline.observing import Result
from pipeline.store.past import Past

TABLE_FROM = 6
"""films for which a table says more than the lines that scrolled by"""


def counted(count: int, noun: str) -> str:
    """``1 film``, ``2 films``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def working_seconds(result: Result) -> float:
    """Seconds that describing a film took, without loading the engine; 0 where its captions were there."""
    seconds = result.document.stats.get("seconds", {})
    return float(seconds.get("total", 0.0)) - float(seconds.get("engine_start", 0.0)) if result.described else 0.0


GAUGES = {
    "running": "{} running",
    "waiting": "{} waiting",
    "asked": "{} asked",
    "kv_cache_use": "KV cache {:.1%} full",
    "preemptions": "{} preemptions",
    "prompt_tokens": "{} prompt tokens",
    "generation_tokens": "{} output tokens",
}
"""gauge of an engine -> how it is said"""


def gauges_line(highest: Mapping[str, Any]) -> str:
    """The engine's gauges at their highest, for people."""
    parts = [said.format(highest[name]) for name, said in GAUGES.items() if name in highest]
    for used, total in zip(highest.get("gpu_memory_used_gb", ()), highest.get("gpu_memory_total_gb", ()), strict=False):
        parts.append(f"GPU memory {used:.1f} of {total:.1f} GiB")
    return "engine, at most: " + ", ".join(parts)


@dataclass(slots=True)
class Summary:
    """Counts films as they end."""

    rows: list[tuple[str, str, str, float, float]] = field(default_factory=list)
    """name, state, reason, seconds of film, seconds it took"""
    order: Mapping[str, int] = field(default_factory=dict)
    """film's name -> its place among those that were named; others stand behind"""
    windows: int = 0
    frames: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    decode: float = 0.0
    write: float = 0.0

    def add(self, name: str, state: str, reason: str = "", result: Result | None = None) -> None:
        """One more film has ended; ``result`` where it is done."""
        length, took = (result.seconds, working_seconds(result)) if result is not None else (0.0, 0.0)
        self.rows.append((name, state, reason, length, took))
        if result is None:
            return
        self.write += result.write_seconds
        if result.described:
            stats = result.document.stats
            self.windows += stats["asked"]
            self.frames += stats["frames"]
            self.prompt_tokens += stats["prompt_tokens"]
            self.completion_tokens += stats["completion_tokens"]
            self.decode += stats["seconds"]["decode"]
            self.write += stats["seconds"]["write"]

    def table(self, width: int | None = None) -> list[str]:
        """A row a film in the order in which they were named, what failed last; none where there are few.

        ``width``: the terminal's columns, None where it is none.
        """
        if len(self.rows) < TABLE_FROM:
            return []
        rows = []
        for name, state, reason, length, _ in sorted(self.rows, key=self._place):
            rows.append((name, state, reason, clock(length) if length else ""))
        headings = ("film", "state", "reason", "length")
        return table.lines(headings, rows, width=width, right=frozenset(headings[3:]))

    def _place(self, row: tuple[str, str, str, float, float]) -> tuple[bool, int]:
        return row[1] == "failed", self.order.get(row[0], len(self.order))

    def past(self, took: float, start: float) -> Past | None:
        """What there is to remember of a run of ``took`` seconds after ``start`` seconds of loading; None where nothing was asked."""
        if not self.windows or took <= 0:
            return None
        return Past(
            start=round(start, 1), film=round(sum(row[3] for row in self.rows if row[4]), 3), seconds=round(took, 3),
            windows=self.windows, prompt_tokens=self.prompt_tokens, completion_tokens=self.completion_tokens,
        )  # fmt: skip

    def lines(self, took: float, engine: Clock) -> list[str]:
        """How it went in ``took`` seconds, and where the time went; the parts overlap."""
        states = [row[1] for row in self.rows]
        parts = [f"{states.count(state)} {state}" for state in ("done", "skipped", "failed") if state in states]
        first = ", ".join(parts) + f" · {clock(took)}"
        if not self.windows or took <= 0:
            return [first]
        if len(self.rows) > 1:  # the speed of one film stands in its own line: there is one number, not two
            length = sum(row[3] for row in self.rows if row[4])
            first += f" · {clock(length)} of film, {length / took:.1f}x real time"
        first += f" · {self.windows / took:.1f} windows/s"
        rates = f"{self.frames / took:.0f} frames/s"
        if self.completion_tokens:
            rates += f", {self.prompt_tokens / took:.0f} prompt and {self.completion_tokens / took:.0f} output tokens/s"
        second = (
            f"decode {self.decode:.1f} s · engine fed {engine.fed:.1f} s, waited for frames {engine.hungry:.1f} s · "
            f"frames waited for the engine {engine.full:.1f} s · writing {self.write:.1f} s · {rates}"
        )
        return [f"{first} · held back by {engine.run_held_back_by(took, self.write)}", second]
