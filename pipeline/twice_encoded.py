"""What programs leave that took one encoding for another: a text encoded twice, and a file of two encodings.

    Привет -> UTF-8 -> read as cp1251, РџСЂРёРІРµС‚ -> written as UTF-8        ``undone`` goes the way back
    a file in UTF-8, and one in cp1251 put behind it                           ``joined`` tells the lines of each

Both ways are certain enough to go without asking: bytes beyond ASCII are hardly ever UTF-8 by chance, several in a row never.
"""

from collections.abc import Callable

_PAGES = ("cp1252", "cp1251", "cp1250", "cp1254", "cp1253", "latin-1")
"""what UTF-8 is mistaken for on the systems of the West, of Russia, of Central Europe, Turkey and Greece"""
LEAST = 4
"""letters beyond ASCII that must be there, and all be such by the way back"""
_SHARE = 0.1
"""of the bytes beyond ASCII that each of two encodings must have"""
_MOST_LINES = 400_000


def undone(text: str) -> tuple[str, str] | None:
    """A text that was encoded twice as it was before, and the code page that it was read in between; None where it was not.

    Bytes that a code page has no character for are kept as control characters by some programs, so they count as those here.
    """
    strange = {letter for letter in text if letter > "\x7f"}
    if not strange:
        return None
    for page in _PAGES:
        back = _bytes_of(page)
        if strange <= back.keys():
            found = _decoded(text.translate({ord(letter): byte for letter, byte in back.items()}))
            if found is not None and sum(letter > "\x7f" for letter in found) >= LEAST:
                return found, page
    return None


def _bytes_of(page: str) -> dict[str, int]:
    """The character of each upper byte of a code page -> the byte."""
    return {bytes([byte]).decode(page, "ignore") or chr(byte): byte for byte in range(0x80, 0x100)}


def _decoded(text: str) -> str | None:
    """Of a text whose characters are bytes: what they are in UTF-8."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return None


def joined(data: bytes, guess: Callable[[bytes], str]) -> tuple[str, str] | None:
    """The text of a file whose lines are partly UTF-8, and the encoding that ``guess`` finds for the others; None where it is all one.

    Where few bytes beyond ASCII stand in lines that are UTF-8, they are so by chance; where the others are UTF-8 all the same, they are
    damaged.
    """
    lines = data.split(b"\n")
    if len(lines) > _MOST_LINES:
        return None
    texts = [_utf8(line) for line in lines]
    rest = b"\n".join(line for line, text in zip(lines, texts, strict=True) if text is None)
    whole = "".join(letter for text in texts if text is not None and not text.isascii() for letter in text if letter > "\x7f")
    yes = len(whole.encode())
    sure = sum(
        letter.isalpha() or letter > "\u07ff" for letter in whole
    )  # three bytes are hardly ever UTF-8 by chance, quotes among them
    if sure < LEAST or yes < max(2 * LEAST, _SHARE * (yes + _beyond(rest))):
        return None
    name = guess(rest)
    if name == "utf-8":
        return None
    found = (line.decode(name, "replace") if text is None else text for line, text in zip(lines, texts, strict=True))
    return "\n".join(found), name


def _utf8(line: bytes) -> str | None:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _beyond(data: bytes) -> int:
    """Bytes beyond ASCII."""
    return len(data) - len(data.translate(None, bytes(range(0x80, 0x100))))
