"""The contract of a sink: told once what is described, then each caption in order, then the whole.

    open(info) -> caption(c) caption(c) ... -> close(document) -> Written
    open(info) ------------------------------> close(document)            captions of an earlier run: only files are missing

What fails raises OutputError; a sink that is not closed was given up and leaves nothing half written.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipeline.types import Caption, Document, Notice, VideoInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a sink made of a document."""

    new: bool
    """whether anything was written: nothing is, where all was there"""
    paths: tuple[Path, ...] = ()
    """all that is there now, written or not"""
    notices: tuple[Notice, ...] = ()
    seconds: float = 0.0
    """that writing took"""


class Sink(Protocol):
    """One description's end."""

    @property
    def journal(self) -> Path | None:
        """Where captions may be kept until they are written; the sink removes it then. None: nothing is kept."""

    async def open(self, info: VideoInfo) -> None:
        """The film that is described; told again when it changed. Raises OutputError where nothing could be written."""

    async def caption(self, caption: Caption) -> None:
        """The next caption, in order of time. Whoever takes long here holds up the reader."""

    async def close(self, document: Document, *, current: bool = False) -> Written:
        """All is known. ``current``: what is there already was made from this very document, and stays."""
