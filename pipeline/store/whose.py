"""Whose a subtitle file is that has the name of one of ours: with ``--sidecar-name '{name}.{language}'`` a film's dialogue has that name too.

What was made of captions has their letters, laid out and corrected as may be; a dialogue has hardly a stretch of eight letters of them.
"""

from pathlib import Path

from pipeline.encoding import decoded
from pipeline.errors import ScenescribeError, UsageError
from pipeline.safe_open import read_bytes
from pipeline.types import Document

LARGEST = 64 * 1024 * 1024
STRETCH = 8
"""letters; of two English texts of their own one stretch in fifty is in both"""
ALIKE = 0.5
"""share of a file's stretches that the captions have: somebody may have corrected half of it"""


def is_made_of(path: Path, document: Document) -> bool:
    """Whether this file was made of the document's captions; also where nothing is in it that could be lost."""
    try:
        found = [piece for text in _texts(path) for piece in _stretches(_letters(text))]
    except (ScenescribeError, OSError, UnicodeError, ValueError):
        return False
    told = [_letters(text) for caption in document.captions for text in (caption.text, caption.original or "")]
    known = {piece for letters in told for piece in _stretches(letters)}
    known |= {
        letters[:k] for letters in told for k in range(1, STRETCH)
    }  # a short cue is a caption that was cut; words alone are anybody's
    return sum(piece in known for piece in found) >= ALIKE * len(found)


def _texts(path: Path) -> list[str]:
    """The texts of its cues, or its lines."""
    from pipeline import subtitles

    try:
        return [cue.text for cue in subtitles.load(path).track.cues]
    except UsageError:  # a table, plain text: nobody reads them as cues
        lines = decoded(read_bytes(path, LARGEST)).text.splitlines()
        return lines[1:] if path.suffix.lower() == ".csv" else lines  # a table begins with the names of its columns


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text.casefold()))


def _stretches(letters: str) -> set[str]:
    return {letters[k : k + STRETCH] for k in range(max(1, len(letters) - STRETCH + 1))} if letters else set()
