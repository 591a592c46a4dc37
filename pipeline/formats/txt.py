"""Plain text: one description a line, no times."""

from pipeline.formats import base
from pipeline.types import Document, Track


class Format(base.Format):
    suffix = ".txt"

    def write(self, track: Track, document: Document | None = None) -> str:
        return "".join(" ".join(cue.lines) + "\n" for cue in track.cues)
