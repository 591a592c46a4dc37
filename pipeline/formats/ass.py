"""Advanced SubStation Alpha: what we burn. Written for libass, in pixels of the picture as it is shown.

Raw model text is dangerous here: ``{\\p1}`` from a model once covered 98 % of the picture. ``\\`` becomes ``\\`` and a word
joiner (U+2060), so that no tag and no ``\\N`` can form, and then braces are escaped. pysubs2 never sees the raw text.
"""

from dataclasses import dataclass
from typing import Any

from pipeline.errors import UsageError
from pipeline.formats import base
from pipeline.formats._ass_events import parse
from pipeline.formats._heads import Parsed
from pipeline.formats.base import JOINER
from pipeline.types import Cue, Document, Track

DEFAULT_SIZE = (1920, 1080)
SIDE = 0.025
"""between the text and the picture's sides, as a share of its width"""
BOX, OUTLINE = 0.15, 0.055
"""how far the box and the letters' edge stand out, in heights of a line"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How the text looks. Sizes are shares of the picture's height, so that every film gets the same look."""

    font: str = "Sans"
    """a family name; fontconfig finds the nearest and other fonts for characters it lacks"""
    font_size: float = 5.0
    """height of a line of text in % of the picture's height (of its width where that is smaller)"""
    box: bool = True
    """a half-opaque black box behind the lines"""
    outline: bool = True
    """a black edge around the letters"""
    margin: float = 5.0
    """between the text and the picture's edge, in % of its height"""

    def size(self, width: int, height: int) -> float:
        """Height of a line in pixels of a picture."""
        return self.font_size / 100 * min(height, width * 1.25)

    def edge(self, width: int, height: int) -> float:
        """Pixels that the box or the letters' edge stand out of the text, on each side."""
        size = self.size(width, height)
        return (size * BOX if self.box else 0.0) + (max(size * OUTLINE, 0.5) if self.outline else 0.0)

    def from_edge(self, width: int, height: int) -> float:
        """Pixels between the text and the picture's lower (or upper) edge: the margin, and never so few that the box is cut."""
        return max(height * self.margin / 100, self.edge(width, height) + 2)

    def __post_init__(self) -> None:
        if not 1 <= self.font_size <= 30:
            raise UsageError("bad_value", f"--font-size is in % of the picture's height, 1 to 30, not {self.font_size:g}")
        if not 0 <= self.margin <= 45:
            raise UsageError("bad_value", f"the margin is in % of the picture's height, 0 to 45, not {self.margin:g}")
        if not self.font.strip() or any(c in self.font for c in ",\r\n{}\\"):
            raise UsageError("bad_value", f"--font is a family name such as 'Noto Sans', not {self.font!r}")


class Format(base.Format):
    suffix = ".ass"
    readable = True

    def write(self, track: Track, document: Document | None = None) -> str:
        return render(track, Style())

    def parse(self, text: str) -> Parsed:
        """Reads SSA v4 too. Raises InputError ``bad_subtitles`` where there is no event, or more than any film has."""
        return parse(text)


def render(track: Track, style: Style) -> str:
    """The ASS file of a track in a style. Where the film's size is unknown it is 1920x1080."""
    import pysubs2

    width, height = (track.width, track.height) if track.width > 0 and track.height > 0 else DEFAULT_SIZE
    made = pysubs2.SSAFile()
    made.info = {
        "Title": track.title or "Scenescribe",
        "ScriptType": "v4.00+",
        "WrapStyle": "2",  # lines break at \\N only
        "ScaledBorderAndShadow": "yes",
        "YCbCr Matrix": "None",
        "PlayResX": str(width),
        "PlayResY": str(height),
        "Language": track.language,
    }
    made.styles = {"Default": _ssa_style(track, style, width, height)}
    made.events = []
    lines = [made.to_string("ass", header_notice="written by Scenescribe")]
    for cue in track.cues:  # pysubs2 would clamp these to ten hours
        start, end = int(cue.start * 100 + 1e-6), int(cue.end * 100 + 1e-6)
        text = _place(track, cue) + r"\N".join(map(escaped, cue.lines))
        lines.append(f"Dialogue: 0,{stamp(start)},{stamp(max(end, start + 1))},Default,,0,0,0,,{text}\n")
    return "".join(lines)


def _place(track: Track, cue: Cue) -> str:
    """What an event begins with that does not stand where the style puts it."""
    on_top = track.on_top(cue)
    return "" if on_top == (track.position == "top") else r"{\an8}" if on_top else r"{\an2}"


def _ssa_style(track: Track, style: Style, width: int, height: int) -> Any:
    from pysubs2 import Alignment, Color, SSAStyle

    size = style.size(width, height)
    return SSAStyle(
        fontname=style.font.strip(),
        fontsize=round(size, 2),
        primarycolor=Color(255, 255, 255, 0),
        secondarycolor=Color(255, 255, 255, 0),
        outlinecolor=Color(0, 0, 0, 0),
        backcolor=Color(0, 0, 0, 100 if style.box else 255),  # white on it keeps 4.5:1 even over white
        # 4 is libass's own: one box behind all lines in the back colour, as much larger as the shadow says; 1 is no box
        borderstyle=4 if style.box else 1,
        shadow=round(size * BOX, 2) if style.box else 0.0,
        outline=round(max(size * OUTLINE, 0.5), 2) if style.outline else 0.0,
        alignment=Alignment.TOP_CENTER if track.position == "top" else Alignment.BOTTOM_CENTER,
        marginl=round(width * SIDE),
        marginr=round(width * SIDE),
        marginv=round(style.from_edge(width, height)),
        encoding=-1,  # libass: find the base direction of each line, for Arabic and Hebrew
    )


def escaped(line: str) -> str:
    """A line in which libass finds no tag, no drawing and no line break."""
    return line.replace("\\", "\\" + JOINER).replace("{", r"\{").replace("}", r"\}")


def stamp(centiseconds: int) -> str:
    """``0:01:02.50``, as events have it."""
    minutes, rest = divmod(centiseconds, 6_000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"
