"""Advanced SubStation Alpha: what we burn. Written for libass, in pixels of the picture as it is shown.

Raw model text is dangerous here: ``{\\p1}`` from a model once covered 98 % of the picture. ``\\`` becomes ``\\`` and a word
joiner (U+2060), so that no tag and no ``\\N`` can form, and then braces are escaped. pysubs2 never sees the raw text.
"""

import re
from dataclasses import dataclass
from typing import Any

from pipeline.errors import InputError, UsageError
from pipeline.formats import base
from pipeline.types import Cue, Document, Track

JOINER = "\u2060"
DEFAULT_SIZE = (1920, 1080)


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

    def read(self, text: str) -> Track:
        import pysubs2

        try:
            parsed = pysubs2.SSAFile.from_string(text, format_="ass")
        except (pysubs2.exceptions.Pysubs2Error, ValueError, KeyError, IndexError) as error:
            raise InputError("bad_subtitles", f"this is no ASS file: {error}") from None
        if "[Events]" not in text:
            raise InputError("bad_subtitles", "this is no ASS file: it has no [Events]")
        cues = [
            Cue(start=event.start / 1000, end=event.end / 1000, lines=tuple(unescaped(event.text).split("\n")))
            for event in parsed.events
            if event.type == "Dialogue"
        ]
        info = parsed.info
        on_top = any(style.alignment in (7, 8, 9) for name, style in parsed.styles.items() if name == "Default")
        return Track(
            cues=tuple(cues),
            language=info.get("Language", "und"),
            title=info.get("Title", ""),
            kind="subtitles",
            width=_number(info.get("PlayResX")),
            height=_number(info.get("PlayResY")),
            position="top" if on_top else "bottom",
        )


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
        text = r"\N".join(map(escaped, cue.lines))
        lines.append(f"Dialogue: 0,{_stamp(start)},{_stamp(max(end, start + 1))},Default,,0,0,0,,{text}\n")
    return "".join(lines)


def _ssa_style(track: Track, style: Style, width: int, height: int) -> Any:
    from pysubs2 import Alignment, Color, SSAStyle

    size = style.font_size / 100 * min(height, width * 1.25)
    return SSAStyle(
        fontname=style.font.strip(),
        fontsize=round(size, 2),
        primarycolor=Color(255, 255, 255, 0),
        secondarycolor=Color(255, 255, 255, 0),
        outlinecolor=Color(0, 0, 0, 0),
        backcolor=Color(0, 0, 0, 100 if style.box else 255),  # white on it keeps 4.5:1 even over white
        # 4 is libass's own: one box behind all lines in the back colour, as much larger as the shadow says; 1 is no box
        borderstyle=4 if style.box else 1,
        shadow=round(size * 0.15, 2) if style.box else 0.0,
        outline=round(max(size * 0.055, 0.5), 2) if style.outline else 0.0,
        alignment=Alignment.TOP_CENTER if track.position == "top" else Alignment.BOTTOM_CENTER,
        marginl=round(width * 0.025),
        marginr=round(width * 0.025),
        marginv=round(height * style.margin / 100),
        encoding=-1,  # libass: find the base direction of each line, for Arabic and Hebrew
    )


def escaped(line: str) -> str:
    """A line in which libass finds no tag, no drawing and no line break."""
    return line.replace("\\", "\\" + JOINER).replace("{", r"\{").replace("}", r"\}")


def unescaped(text: str) -> str:
    """Lines of an ASS event without its tags; takes back ``escaped``."""
    text = re.sub(r"(?<!\\)\{[^}]*\}", "", text)
    text = re.sub(r"\\[Nn]", "\n", text).replace(r"\h", " ")
    return text.replace(r"\{", "{").replace(r"\}", "}").replace("\\" + JOINER, "\\")


def _stamp(centiseconds: int) -> str:
    minutes, rest = divmod(centiseconds, 6_000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
