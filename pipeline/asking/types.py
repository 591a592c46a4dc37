"""What a conversation is made of: passages of films, what was shown, answers."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.base import Finish
from pipeline.types import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A stretch of one film, or a picture (start and end are 0)."""

    film: Path
    start: float
    end: float
    text: str = ""
    """its caption, where it has one"""

    @property
    def still(self) -> bool:
        """Whether it is a picture."""
        return self.end <= self.start


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """The frames that the model is shown, passage after passage."""

    passages: tuple[Passage, ...]
    counts: tuple[int, ...]
    """frames of each passage"""
    data: NDArray[np.uint8]
    """n x height x width x 3, RGB"""
    times: tuple[float, ...]
    """of each frame, in its own film"""
    key: str
    """names the pictures by their content: equal keys, equal pictures"""

    @property
    def films(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(passage.film for passage in self.passages))

    def part(self, number: int) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
        """Frames and times of one passage."""
        first = sum(self.counts[:number])
        return self.data[first : first + self.counts[number]], self.times[first : first + self.counts[number]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where in which film; it lies inside the film, and begins and ends at a cut where there is one near."""

    film: Path
    start: float
    end: float

    def to_json(self) -> dict[str, Any]:
        return {"film": str(self.film), "start": round(self.start, 3), "end": round(self.end, 3)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens, of all requests of an answer together."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer."""

    question: str
    text: str
    """with its citations as ``[0:12-0:15]``, of several films ``[name 0:12-0:15]``"""
    citations: tuple[Citation, ...] = ()
    looked_at: tuple[tuple[Path, float], ...] = ()
    """film and time of each frame that was shown"""
    several: bool = False
    """whether more than one film or picture was asked about: times are told with their films then"""
    mode: Literal["look", "read", "when"] = "look"
    """how it came about; ``when``: each passage was asked whether it is the one"""
    finish: Finish = "stop"
    usage: Usage = field(default_factory=Usage)
    first_token: float = 0.0
    """seconds from the question to its first words"""
    total: float = 0.0
    """seconds from the question to its end"""
    notices: tuple[Notice, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values, as ``scenescribe ask --json`` has them."""
        several = self.several or len({film for film, _ in self.looked_at}) > 1
        return {
            "question": self.question,
            "answer": self.text,
            "citations": [citation.to_json() for citation in self.citations],
            "looked_at": [
                {"film": str(film), "time": round(time, 3)} if several else round(time, 3) for film, time in self.looked_at
            ],
            "mode": self.mode,
            "finish": self.finish,
            "usage": {
                "prompt_tokens": self.usage.prompt_tokens,
                "cached_tokens": self.usage.cached_tokens,
                "completion_tokens": self.usage.completion_tokens,
            },
            "seconds": {"first_token": round(self.first_token, 3), "total": round(self.total, 3)},
            **({"warnings": [{"code": one.code, "message": one.message} for one in self.notices]} if self.notices else {}),
        }
