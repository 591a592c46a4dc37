"""``jsonl:path=captions.jsonl``: each caption as a line of JSON, as soon as it may be told; for programs that follow a run.

    {"film": "/films/a.mp4", "start": 0.0, "end": 8.0, "text": "...", "outcome": "ok"}

Films that are described at once share the file; a film's own lines are in order. Lines are added to what is there, and a film that
is described again, or read again since it changed, is told again.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from pipeline.files import explained
from pipeline.safe_open import append
from pipeline.sanitize import json_line
from pipeline.sinks.base import Written
from pipeline.types import Caption, Document, VideoInfo


@dataclass(kw_only=True)
class Sink:
    """``path``: the file to add to, made where it is not there."""

    path: Path

    @property
    def journal(self) -> None:
        return None

    async def open(self, info: VideoInfo) -> None:
        self._film = str(info.path)
        await asyncio.to_thread(self._add, "")

    async def caption(self, caption: Caption) -> None:
        told = {"film": self._film, "start": caption.start, "end": caption.end}
        told |= {"text": caption.text, "outcome": str(caption.outcome)}
        await asyncio.to_thread(self._add, json_line(told) + "\n")

    async def close(self, document: Document, *, current: bool = False) -> Written:
        return Written(new=False)

    def _add(self, line: str) -> None:
        """One write, so that lines of films beside each other do not mix. Raises OutputError."""
        try:
            with append(self.path, create=True) as file:
                file.write(line.encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise explained(self.path, error) from error
