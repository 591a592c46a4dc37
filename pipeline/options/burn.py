"""The options of ``scenescribe burn``, which ``caption --burn`` and ``watch --burn`` share: how text is laid out and drawn."""

from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from pipeline.options.base import Options, Positive, option

LAYOUT, STYLE, PICTURE = "Cues", "Burned text", "Burned picture"
"""panels of ``--help``"""


class Cues(Options):
    """How captions become cues."""

    profile: str = option("netflix", LAYOUT, "Layout and timing of cues: netflix, bbc, vertical or none.")
    max_line_width: Positive | None = option(None, LAYOUT, "Characters a line; the profile's (42) where it is not given.")
    max_lines: Positive | None = option(None, LAYOUT, "Lines a cue; the profile's (2).")
    max_cps: Annotated[float, Gt(0)] | None = option(None, LAYOUT, "Reading speed, characters a second; the profile's (17).")
    position: Literal["bottom", "top"] = option("bottom", LAYOUT, "Where on the picture: bottom, or top where dialogue is below.")
    place: Literal["window", "gaps", "auto"] = option(
        "window",
        LAYOUT,
        "When: in its window; in gaps of speech alone; auto, a gap where one is long enough. Wants the extra speech.",
    )


class Burned(Options):
    """How a film with text in its picture looks."""

    font: str = option("Sans", STYLE, "Family of the burned text.")
    font_size: Annotated[float, Ge(1), Le(30)] = option(
        5.0, STYLE, "Height of a line, % of the picture's height; lines are laid out anew where they would not fit."
    )
    box: bool = option(True, STYLE, "A dark box behind the text.")
    outline: bool = option(True, STYLE, "A black edge around the letters.")
    margin: Annotated[float, Ge(0), Le(45)] = option(5.0, STYLE, "From the text to the picture's edge, % of its height.")
    fonts_dir: Path | None = option(None, STYLE, "A folder with more fonts.")

    crf: Annotated[float, Ge(0), Le(63)] | None = option(None, PICTURE, "Quality, less is better; 18, and 24 for VP9.")
    preset: str | None = option(None, PICTURE, "The encoder's speed against size; medium.")
    encoder: str | None = option(None, PICTURE, "Such as libx265 or h264_nvenc; libx264, and libvpx-vp9 for WebM.")


class BurnSettings(Burned, Cues):
    """What ``scenescribe burn`` is told."""
