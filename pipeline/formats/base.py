"""A subtitle format is one file of this package.

To add a format, add ``pipeline/formats/NAME.py`` with a class ``Format(base.Format)``; ``--format NAME`` and ``export``
find it by its file name. The contract test (tests/pipeline/formats/test_contract.py) then runs over it.

    class Format(base.Format):
        suffix = ".srt"

        def write(self, track: Track, document: Document | None = None) -> str: ...
        def read(self, text: str) -> Track: ...         # leave it out where reading back makes no sense
        def parse(self, text: str) -> Parsed: ...       # in place of read, where others' files are guessed at: track and notices

``write`` gets cues whose lines went through ``pipeline.sanitize.clean`` (no controls, no blank lines) and does what
remains: escaping what its format reads as markup. Times become milliseconds, frames or centiseconds here and only here.
"""

from abc import ABC, abstractmethod
from typing import ClassVar

from pipeline.errors import UsageError
from pipeline.formats._heads import Parsed
from pipeline.types import Document, Track

JOINER = "\u2060"
"""the word joiner: it takes no room, and parts what a reader would take for markup"""


class Format(ABC):
    """One way to write a track as text, and perhaps to read it back."""

    suffix: ClassVar[str]
    """of the file's name, with the dot"""
    readable: ClassVar[bool] = False

    @abstractmethod
    def write(self, track: Track, document: Document | None = None) -> str:
        """The whole file. ``document`` is what the track was made from, where that is known."""

    def read(self, text: str) -> Track:
        """The track in a file of this format. Raises InputError ``bad_subtitles`` where the text is none."""
        if type(self).parse is not Format.parse:
            return self.parse(text).track
        raise UsageError(
            "not_readable", f"a {self.suffix} file can't be read back; export from the .json, .srt, .vtt, .ass or .ttml"
        )

    def parse(self, text: str) -> Parsed:
        """The same, and what had to be guessed or left out."""
        return Parsed(self.read(text))


def milliseconds(seconds: float) -> int:
    """Seconds, to the nearest millisecond; never under 0."""
    return max(0, round(seconds * 1000))


def clock(milliseconds: int, separator: str = ".") -> str:
    """``HH:MM:SS.mmm``; hours grow past two digits."""
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{separator}{rest % 1000:03d}"
