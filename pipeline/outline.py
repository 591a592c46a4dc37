"""What a whole film is about: sentences that name the captions they rest on, and chapters.

    Document (captions) -> Chapter, Chapter, ... -> Summary      its JSON is movie.summary.json (pipeline.passes.json)

Captions are named by their numbers, counted from 1 in the order of the film's JSON. Times are never a model's words: they are those
of the captions that it named.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.types import Model, Notice, Source, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence of a summary."""

    text: str
    captions: tuple[int, ...]
    """numbers of the captions that it was made from, ascending; never none"""
    times: tuple[Span, ...] = ()
    """where these captions stand in the film; such as follow one another are one span"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A part of a film, [start, end). A film's chapters begin at 0, leave no gap, and end with the film."""

    start: float
    end: float
    title: str
    sentences: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a film is about, made from its captions."""

    source: Source
    model: Model
    """the model that wrote it; of a composed one the model of the captions"""
    settings: Mapping[str, Any]
    """all that it depends on beside the captions"""
    captions: str
    """SHA-256 of the captions that it was made from"""
    sentences: tuple[Sentence, ...]
    chapters: tuple[Chapter, ...]
    method: Literal["written", "composed"]
    """``written`` by a model; ``composed`` of facts, or of the captions' own sentences, where no model can write prose"""
    language: str = "en"
    warnings: tuple[Notice, ...] = ()
    stats: Mapping[str, Any] = field(default_factory=dict)
