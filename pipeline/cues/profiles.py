"""What a profile asks of a cue, and what that means for one language and one shape of picture.

Sources: Netflix Timed Text Style Guide (general requirements and the pages for ja, ko, zh), BBC Subtitle Guidelines 1.2.4.
"""

from dataclasses import dataclass, replace
from typing import Literal

from pipeline.cues.pauses import Place, check_place
from pipeline.errors import UsageError, nearest
from pipeline.sanitize import LONGEST_LINE

Position = Literal["bottom", "top"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The rules for cues. ``None`` leaves a limit to the language and the picture's shape (see ``limits``)."""

    profile: str = "netflix"
    max_line_width: float | None = None
    """columns a line; in Chinese, Japanese and Korean full-width characters, of which half-width ones are halves"""
    max_lines: int | None = None
    max_cps: float | None = None
    """characters a second, counted as ``measure.characters`` does"""
    min_duration: float = 5 / 6
    """seconds"""
    max_duration: float = 7.0
    gap_frames: int = 2
    """the least gap between two cues, in frames of the film"""
    close_gaps: float = 0.5
    """seconds; a gap under this is closed to ``gap_frames``"""
    snap: float = 0.5
    """seconds; a time this near to a cut moves to it"""
    position: Position = "bottom"
    place: Place = "window"
    """whether texts move into the pauses of speech (``pauses``)"""

    def __post_init__(self) -> None:
        for name in ("max_line_width", "max_lines", "max_cps"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise UsageError(
                    "bad_value", f"--{name.replace('_', '-')} must be more than 0, not {value:g}", name=name, value=value
                )
        if self.position not in ("bottom", "top"):
            raise UsageError(
                "bad_value", f"--position is 'bottom' or 'top', not '{self.position}'", name="position", value=self.position
            )
        check_place(self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A layout for one language and one picture: all numbers known."""

    width: float
    lines: int
    cps: float
    wide: bool
    """full-width scripts: a wide character is one column and a narrow one half, where elsewhere they are two and one"""


PROFILES = {
    "netflix": Layout(profile="netflix"),
    "bbc": Layout(profile="bbc", min_duration=1.0),
    "vertical": Layout(profile="vertical"),
    "none": Layout(profile="none", min_duration=0.0, max_duration=float("inf"), gap_frames=0, close_gaps=0.0, snap=0.0),
}

#                  columns, lines, characters a second
_LATIN = {"netflix": (42, 2, 17.0), "bbc": (37, 2, 15.0), "vertical": (25, 3, 17.0)}
_WIDE = {
    "ja": {"netflix": (13, 2, 4.0), "bbc": (13, 2, 4.0), "vertical": (11, 3, 4.0)},
    "zh": {"netflix": (16, 2, 9.0), "bbc": (16, 2, 9.0), "vertical": (12, 3, 9.0)},
    "ko": {"netflix": (16, 2, 12.0), "bbc": (16, 2, 12.0), "vertical": (12, 3, 12.0)},
}
_WIDE["yue"] = _WIDE["zh"]


def profile(name: str, **overrides: object) -> Layout:
    """The layout of a profile, with those overrides that are not None.

    Raises UsageError ``unknown_profile`` or ``bad_value``.
    """
    if name not in PROFILES:
        raise UsageError(
            "unknown_profile", f"there is no profile '{name}'{nearest(name, PROFILES)} (there are: {', '.join(PROFILES)})"
        )
    given = {key: value for key, value in overrides.items() if value is not None}
    return replace(PROFILES[name], **given)  # type: ignore[arg-type]


def limits(layout: Layout, language: str, *, vertical: bool = False) -> Limits:
    """What the layout means for ``language`` (BCP 47); in a picture taller than wide, lines are shorter and one more."""
    base = language.replace("_", "-").split("-")[0].lower()
    table = _WIDE.get(base)
    if layout.profile == "none":
        width, lines, cps = float("inf"), 10_000, float("inf")
    else:
        name = "vertical" if vertical else layout.profile
        width, lines, cps = (table or _LATIN)[name]
    return Limits(
        width=min(layout.max_line_width if layout.max_line_width is not None else width, LONGEST_LINE),
        lines=layout.max_lines if layout.max_lines is not None else lines,
        cps=layout.max_cps if layout.max_cps is not None else cps,
        wide=table is not None,
    )
