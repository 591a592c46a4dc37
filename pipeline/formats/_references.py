"""Character references of HTML in formats that have none: converters and web players leave them (``&amp;``, ``&#39;``, ``&nbsp;``)."""

import html
import re

REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
"""with its semicolon: an ampersand without one is text (``AT&T``, ``?a=1&copy=2``)"""


def dereferenced(text: str) -> str:
    """The text with each reference replaced by its sign, once; a space or a line break that was asked for is a space. A name that HTML does
    not know stays."""
    return REFERENCE.sub(_sign, text) if "&" in text else text


def _sign(found: re.Match[str]) -> str:
    sign = html.unescape(found[0])
    return " " if sign.isspace() else sign
