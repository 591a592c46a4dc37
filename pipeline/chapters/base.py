"""A format of chapters is one file of this package.

To add one, add ``pipeline/chapters/NAME.py`` with a class ``Format(base.Format)``; ``summarize --chapters`` writes it beside the others,
and the contract test (tests/pipeline/chapters/test_contract.py) runs over it.

``write`` gets chapters that ``tidy`` went over: titles of one clean line, whole milliseconds, the first at 0, none without length.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from pipeline.outline import Chapter


class Format(ABC):
    """One way to write chapters as text."""

    suffix: ClassVar[str]
    """of the file's name, with the dot"""
    media_type: ClassVar[str]
    """what an HTTP server says that it is"""

    @abstractmethod
    def write(self, chapters: Sequence[Chapter], *, language: str, title: str) -> str:
        """The whole file. ``title`` is the film's name, for formats that hold one."""
