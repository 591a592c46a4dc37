"""The options of ``scenescribe ask`` beside those of every command that asks a model."""

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Le
from platformdirs import user_state_path
from pydantic import AfterValidator

from pipeline.options.base import Positive, option
from pipeline.options.caption import MODEL, RUN, SAMPLING, Asking, Settings
from pipeline.options.spread import ENGINE
from pipeline.part import seconds_of

QUESTION = "Question"
"""a panel of ``--help``"""


def check_at(text: str) -> str:
    """Raises ValueError where it is no stretch of time."""
    span_of(text)
    return text


def span_of(text: str) -> tuple[float, float]:
    """``1:20-1:40`` -> (80.0, 100.0). Raises ValueError."""
    parts = re.split(r"\s*[-–—]\s*", text.strip())
    if len(parts) != 2:
        raise ValueError("a part of a film is written as 1:20-1:40")
    start, end = (seconds_of(part) for part in parts)
    if end <= start:
        raise ValueError("it ends before it begins; a part of a film is written as 1:20-1:40")
    return start, end


class AskSettings(Asking):
    """What ``scenescribe ask`` is told."""

    panels: ClassVar[tuple[str, ...]] = (QUESTION, MODEL, SAMPLING, ENGINE, RUN)

    at: Annotated[str, AfterValidator(check_at)] | None = option(
        None, QUESTION, "Ask about a part of the film, such as 1:20-1:40."
    )
    frames: Positive | None = option(None, QUESTION, "Pictures that a question is shown; the preset's where it is not given.")
    mode: Literal["auto", "look", "read"] = option(
        "auto", QUESTION, "look at frames, read the captions alone, or auto: what the film's length and the question call for."
    )
    caption: bool | None = option(
        None, QUESTION, "Describe a long film first where it has no captions; asks on a terminal where it is not given."
    )
    sure: bool = option(False, QUESTION, "The likeliest words each time, and repeatable: temperature 0.")
    temperature: Annotated[float, Ge(0), Le(2)] = option(0.3, SAMPLING, "0 is the likeliest word each time, and repeatable.")
    state_dir: Path | None = option(None, RUN, "Where the index of captions is kept; the user's state folder otherwise.")
    decode_workers: Positive | None = option(None, RUN, "Processes that decode; from the cores where it is not given.")
    decode: Literal["auto", "cpu", "gpu"] = option(
        "auto",
        RUN,
        "Who decodes: GPU and cores together (auto), the cores alone (cpu); gpu is like auto, and an error without a GPU.",
    )

    @property
    def span(self) -> tuple[float, float] | None:
        """Seconds that are asked about; None: all of the film."""
        return span_of(self.at) if self.at is not None else None

    @property
    def state_folder(self) -> Path:
        """The state folder, whether it exists or not."""
        return self.state_dir or user_state_path("scenescribe")

    def describing(self, **values: Any) -> Settings:
        """How films are described that have no captions: greedily, as ``caption`` does it."""
        given = {
            name: getattr(self, name)
            for name in {*Asking.model_fields, "decode_workers", "decode"} - {"temperature", "max_tokens"}
        }
        return Settings(**{**given, **values})
