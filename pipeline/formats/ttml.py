"""TTML in the profile IMSC 1.1 Text (W3C): for broadcasters and streaming services. THE ttconv door.

ttconv writes the document: profile, language, region, styles, body. The paragraphs, each a time and lines, are put into
its tree by ElementTree: through ttconv's model they took three times as long as all other formats together.
"""

import io
from typing import Any
from xml.etree import ElementTree

from pipeline.formats import base
from pipeline.formats._heads import Parsed
from pipeline.types import Cue, Document, Track

_TT = "{http://www.w3.org/ns/ttml}"
_AS_IT_STANDS = {"{http://www.w3.org/XML/1998/namespace}space": "preserve"}


class Format(base.Format):
    suffix = ".ttml"
    readable = True

    def write(self, track: Track, document: Document | None = None) -> str:
        from ttconv.imsc import writer
        from ttconv.imsc.config import ContentProfilesSignaling, IMSCWriterConfiguration, TimeExpressionSyntaxEnum

        config = IMSCWriterConfiguration(
            time_format=TimeExpressionSyntaxEnum.clock_time, profile_signaling=ContentProfilesSignaling.CONTENT_PROFILES
        )
        tree = writer.from_model(_model(track), config)
        division = next(tree.getroot().iter(f"{_TT}div"))
        several = _several(track)
        division.extend(_paragraph(cue, track, several) for cue in track.cues)
        out = io.BytesIO()
        tree.write(out, encoding="utf-8", xml_declaration=True)
        return out.getvalue().decode() + "\n"

    def parse(self, text: str) -> Parsed:
        """TTML, DFXP, EBU-TT and the like of anybody. Raises InputError ``bad_subtitles``."""
        from pipeline.formats._others import ttml

        return ttml.parse(text)


def _model(track: Track) -> Any:
    from ttconv.model import Body, ContentDocument, Div

    document = ContentDocument()
    document.set_lang(track.language)
    document.set_content_profiles({"http://www.w3.org/ns/ttml/profile/imsc1.1/text"})
    if track.width > 0 and track.height > 0:
        document.set_px_resolution(_size(track))
    body, div = Body(document), Div(document)
    if _several(track):
        for position in ("top", "bottom"):
            _region(document, position, position)
    else:
        body.set_region(_region(document, "speech", "top" if track.cues and track.on_top(track.cues[0]) else track.position))
    document.set_body(body)
    body.push_child(div)
    return document


def _paragraph(cue: Cue, track: Track, several: bool) -> ElementTree.Element:
    begin, end = base.clock(base.milliseconds(cue.start)), base.clock(base.milliseconds(cue.end))
    paragraph = ElementTree.Element(f"{_TT}p", {"begin": begin, "end": end})
    if several:
        paragraph.set("region", "top" if track.on_top(cue) else "bottom")
    for n, line in enumerate(cue.lines):
        if n:
            ElementTree.SubElement(paragraph, f"{_TT}br")
        ElementTree.SubElement(paragraph, f"{_TT}span", _AS_IT_STANDS).text = line
    return paragraph


def _size(track: Track) -> Any:
    from ttconv.model import PixelResolutionType

    return PixelResolutionType(width=track.width, height=track.height)


def _several(track: Track) -> bool:
    """Whether its cues stand at two places: then each names its own, and nothing around them does."""
    return len({track.on_top(cue) for cue in track.cues}) > 1


def _region(document: Any, name: str, position: str) -> Any:
    """90 % of the picture, the text at its lower or upper edge, white with a black edge."""
    from ttconv.model import Region
    from ttconv.style_properties import (
        CoordinateType,
        DisplayAlignType,
        ExtentType,
        LengthType,
        NamedColors,
        StyleProperties,
        TextAlignType,
        TextOutlineType,
    )  # fmt: skip

    region = Region(name, document)
    percent = LengthType.Units.pct
    region.set_style(StyleProperties.Origin, CoordinateType(LengthType(5, percent), LengthType(5, percent)))
    region.set_style(StyleProperties.Extent, ExtentType(height=LengthType(90, percent), width=LengthType(90, percent)))
    region.set_style(StyleProperties.DisplayAlign, DisplayAlignType.before if position == "top" else DisplayAlignType.after)
    region.set_style(StyleProperties.TextAlign, TextAlignType.center)
    region.set_style(StyleProperties.Color, NamedColors.white.value)
    edge = TextOutlineType(thickness=LengthType(5, percent), color=NamedColors.black.value)
    region.set_style(StyleProperties.TextOutline, edge)
    document.put_region(region)
    return region
