"""What a subtitle file says of its own encoding: by a mark, its zero bytes, or in its text.

<?xml version="1.0" encoding="ISO-8859-1"?>     TTML
ESC $ B ... ESC ( B                             ISO 2022, the encoding of Japanese and Korean mail: all of its bytes are ASCII's
"""

import codecs
import re

_XML = re.compile(rb"\s*<\?xml\s[^<>]{0,100}\bencoding\s*=\s*[\"']([A-Za-z][\w.:-]{0,40})[\"']")
_HEAD = 1_000
"""bytes in which the declaration stands"""
_LOOKED_AT = 12_000
"""bytes in which zeros are counted"""
_ESCAPES = ((b"\x1b$)C", "iso2022_kr"), (b"\x1b$B", "iso2022_jp_2"), (b"\x1b$@", "iso2022_jp_2"), (b"\x1b(J", "iso2022_jp_2"))


def by_mark(data: bytes) -> str | None:
    """The encoding that a byte order mark tells."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):  # fmt: skip
        if data.startswith(mark):
            return name
    return None


def by_zeros(data: bytes) -> str | None:
    """UTF-16 without a mark: digits, arrows and line ends have a zero byte each, always on the same side."""
    start = data[:_LOOKED_AT]
    even, odd, pairs = start[::2].count(0), start[1::2].count(0), max(1, len(start) // 2)
    if odd > pairs * 0.15 and even < odd * 0.1:
        return "utf-16-le"
    if even > pairs * 0.15 and odd < even * 0.1:
        return "utf-16-be"
    return None


def in_xml(data: bytes) -> str | None:
    """The encoding that an XML declaration names (XML 1.0 4.3.3), where the bytes are of it and it is one whose declaration reads as
    ASCII; None else. UTF-8 is told from the bytes themselves."""
    found = _XML.match(data[:_HEAD])
    if found is None:
        return None
    name = found.group(1).decode("ascii")
    try:
        # what programs of the West call ISO-8859-1 is cp1252, which has quotes where that has control characters (WHATWG's table)
        known = "cp1252" if codecs.lookup(name).name == "iso8859-1" else codecs.lookup(name).name
        head = data[: found.end()].decode(known)
        data.decode(known)
    except (LookupError, ValueError):
        return None
    return known if known != "utf-8" and head.isascii() and "<?xml" in head else None


def in_escapes(data: bytes) -> str | None:
    """The encoding of ISO 2022 whose escape sequences stand in a text of ASCII's bytes; None where none does."""
    if b"\x1b" not in data or not data.isascii():
        return None
    return next((name for escape, name in _ESCAPES if escape in data), None)
