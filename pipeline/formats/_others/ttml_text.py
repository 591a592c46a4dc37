"""The text of TTML files that are not quite XML, and what in it is no line of a cue."""

import html
import re

ANNOTATIONS = frozenset({"text", "textContainer", "delimiter"})
"""kinds of ``tts:ruby``: how a word is read, which is written above it"""
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)([A-Za-z][A-Za-z0-9]{0,30};)?")
_VERBATIM = re.compile(r"<!--|<!\[CDATA\[")
_ENDS = {"<!--": "-->", "<![CDATA[": "]]>"}


def well_formed(text: str) -> str:
    """The text with HTML's names as the signs that they name, and ampersands that stand alone escaped; in comments and CDATA all is as it is."""
    parts, at = list[str](), 0
    while (found := _VERBATIM.search(text, at)) and (end := text.find(_ENDS[found[0]], found.end())) >= 0:
        parts += [_ENTITY.sub(_named, text[at : found.start()]), text[found.start() : end]]
        at = end
    return "".join((*parts, _ENTITY.sub(_named, text[at:])))


def _named(found: re.Match[str]) -> str:
    """The character that HTML calls so, which XML does not know; an ampersand that stands alone is one."""
    return html.escape(html.unescape(found[0]), quote=False) if found[1] else "&amp;"
