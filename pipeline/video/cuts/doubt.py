"""A cut that was seen and is not yet told: the sample after it decides.

one other other     a cut            one other one     a flash        slide moves moves     no slide: it goes on to change
"""

from dataclasses import dataclass

from pipeline.frames import Image
from pipeline.video.cuts import rule, slides

FLASH = 1.0
"""seconds that a flash lasts at most; what stands longer was a picture of its own"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A shot's first frame, if it is one. Pictures are tiny ones."""

    rank: int
    before: Image
    """the sample before it"""
    change: float
    """mean change of a cell"""
    slide: slides.Turn | None = None
    """what a new slide changed; None where a shot begins"""

    def is_over(self, picture: Image) -> bool:
        """Whether a picture right after it looks like the one before it: it was a flash."""
        if self.slide is not None:
            return slides.stands(self.before, picture, self.slide.changed)
        return rule.change(self.before, picture)[0] <= self.change * rule.BACK

    def lasts(self, first: Image, later: Image) -> bool:
        """Whether what began is still there, from its first sample to a later one; a shot may move, a slide may not."""
        return self.slide is None or self.slide.lasts(first, later)
