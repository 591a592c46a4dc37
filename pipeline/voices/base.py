"""The contract of a voice: a text in, samples out.

``--voice espeak:pitch=40`` is ``pipeline/voices/espeak.py``, its dataclass ``Voice`` made with these options. A voice lives in a process of
its own: what it imports may be heavy, and what it links may crash. It writes no file there and has no network (pipeline.sandbox).
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said."""

    samples: bytes
    """one channel, 16 bit signed, little-endian"""
    rate: int
    """samples a second"""


class Voice(Protocol):
    """One voice; a dataclass whose fields are its options."""

    def start(self, language: str) -> None:
        """Load what it needs. ``language`` is a BCP 47 tag, ``und`` where it is not known.

        Raises EnvironmentFault ``no_voice`` where it is not installed, UsageError ``bad_voice`` where it can't speak that language.
        """

    def say(self, text: str, *, faster: float) -> Spoken:
        """Speak a clean text; ``faster`` 1.2 takes a sixth less time than 1."""
