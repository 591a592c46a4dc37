"""The characters of an answer. JSON is UTF-8 (RFC 8259, 8.1); gateways of old send what their header names, or what they do not name.

UTF-8 -> the ``charset`` of Content-Type -> Windows-1252, of which Latin-1's letters are a part, and that is a guess
"""

import codecs
import re
from collections.abc import Mapping

_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([\w.:-]{1,40})", re.IGNORECASE | re.ASCII)
GUESS = "cp1252"


def text_of(data: bytes, headers: Mapping[str, str]) -> tuple[str, bool]:
    """The text without its mark, and whether nothing told how it is encoded; what can't be decoded is U+FFFD."""
    try:
        return data.decode("utf-8-sig"), False
    except UnicodeDecodeError as wrong:
        broken = data.decode("utf-8", "replace")
        cut = wrong.reason == "unexpected end of data"
    named = _named(headers.get("content-type", ""))
    if cut or named == "utf-8" or any(sign > "\x7f" and sign != "\ufffd" for sign in broken):
        return broken, False  # a byte of it is wrong, or it breaks off
    return data.decode(named or GUESS, "replace"), named is None


def _named(content_type: str) -> str | None:
    """The encoding that the header names; None where that is none of text. Latin-1 is read as browsers do, as Windows-1252 (WHATWG Encoding)."""
    found = _CHARSET.search(content_type)
    try:
        name = codecs.lookup(found[1]).name if found else ""
        "".encode(name or "no name")
    except LookupError:
        return None
    return GUESS if name in ("iso8859-1", "ascii") else name
