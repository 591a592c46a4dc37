"""Who is told while a film is described, and how it ended."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.types import Caption, Document, Notice, VideoInfo, Window

if TYPE_CHECKING:
    from pipeline.outline import Summary


class Observer:
    """Told what happens to one film; the defaults do nothing. Called on the event loop, quickly."""

    pictures = False
    """whether ``read`` looks at the window's pictures: where another process reads, they are sent for it alone"""

    def opened(self, info: VideoInfo) -> None:
        """The film is a film; told again where it changed and is read once more."""

    def read(self, window: Window) -> None:
        """One more window is read and on its way to the engine; its pictures are let go when it is answered.

        The one method that is called on another thread: the film's own.
        """

    def captioned(self, caption: Caption, position: float) -> None:
        """One more caption is there; ``position`` is how many seconds of the film are decoded."""

    def step(self, what: str, done: float = 0.0) -> None:
        """Something after the captions is under way (``burn``, ``mux``), ``done`` of it from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How it ended for one film; a failure is an exception instead."""

    state: Literal["done", "skipped"]
    info: VideoInfo
    """of the file as it was described"""
    seconds: float
    """of film that was to be described: all of it, or the part that was asked for"""
    document: Document
    outputs: tuple[Path, ...]
    notices: tuple[Notice, ...]
    """all that ``--strict`` counts: the document's warnings, those of the cues and of the written files"""
    described: bool = True
    """whether the film was read and the model asked, rather than files made from captions that were there"""
    write_seconds: float = 0.0
    """what the JSON, the sidecars and the videos took to write; the journal before them is in the document's stats"""
    summary: "Summary | None" = None
    """where one was wished"""
