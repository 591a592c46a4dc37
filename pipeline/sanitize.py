"""The one cleaner of text: every writer calls it, and the layout calls it before it measures.

A caption is untrusted: a sign in the picture can steer the model into writing markup, control characters or a page of
noise. ``clean`` keeps what a viewer can read and drops what only a machine would act on; what has a meaning in one
format alone (``<``, ``{``, ``-->``) is left to that format's escaping.

    clean         for subtitles: whole characters, NFC, no controls, no blank lines, at most MAX_CHARACTERS
    printable     for JSON: all of the text, made valid Unicode
    json_line     for JSON that is one line, also to whoever takes U+2028 for a line's end, and steers no terminal; NaN is null there
"""

import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

MAX_CHARACTERS = 2_000
"""A cue's longest text: two minutes of reading. JSON keeps all of it."""
LONGEST_LINE = 600
"""A line's; ffmpeg's SRT demuxer cuts lines at 4,096 bytes, in the middle of a character"""

PASSES = 8
"""rounds in which model tokens that stand in each other are taken out one by one"""

REPLACEMENT = "\ufffd"

_SURROGATES = re.compile(r"[\ud800-\udfff]")
_LINE_ENDS = re.compile(r"\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_MODEL_TOKENS = re.compile(r"<\|[^<>\n]{0,64}\|>")
_BARS = re.compile(r"<\|+")
_SPACES = re.compile(r"[ \t\x1f\u1680\u2000-\u2006\u2008-\u200a\u205f]+")
_PLAIN = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")
_INVISIBLE = re.compile(
    "(\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)|["  # flags of England, Scotland and Wales keep their tag letters
    "\x00-\x09\x0b-\x1f\x7f-\x9f"  # controls
    "\u00ad\u180e\u2060-\u2064\ufeff"  # soft hyphen, joiners that print nothing, byte order mark
    "\u202a-\u202e\u2066-\u2069\u206a-\u206f"  # bidi embeddings, overrides and isolates: a line break would unbalance them
    "\ufdd0-\ufdef\ufff9-\ufffc"  # noncharacters, interlinear notes, object replacement
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
    + "\U000e0000-\U000e007f]"
)
_STEERS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_FOLLOWS = re.compile("[\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_BLANK = re.compile("[\\s\u034f\u061c\u115f\u1160\u200b-\u200f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]*")


def clean(text: str) -> str:
    """Text that is safe to show: lines without blank ones between them, each without space at its ends.

    ``clean(clean(text)) == clean(text)``. Bidi embeddings, overrides and isolates go, since a line break would
    leave them unbalanced; the marks LRM, RLM and ALM stay.
    """
    if is_clean(text):
        return text
    text = _LINE_ENDS.sub("\n", _SURROGATES.sub(REPLACEMENT, text))
    before, passes = None, 0
    while before != text:  # what goes may bring together what must go next
        before, passes = text, passes + 1
        if passes > PASSES:  # tokens in tokens in tokens: without their bars none is left
            text = _BARS.sub("<", text)
        text = _INVISIBLE.sub(lambda found: found.group(1) or "", _SPACES.sub(" ", text))
        text = unicodedata.normalize("NFC", _MODEL_TOKENS.sub("", text))
        text = "\n".join(stripped for line in text.split("\n") if not _BLANK.fullmatch(stripped := line.strip()))
        text = "\n".join(part for line in capped(text).split("\n") for part in _parts(line))
    return text


def is_clean(line: str) -> bool:
    """Whether a line is plain ASCII that ``clean`` would not touch; a quick answer for most lines."""
    return len(line) <= LONGEST_LINE and _PLAIN.fullmatch(line) is not None and "<|" not in line


def capped(text: str, most: int = MAX_CHARACTERS) -> str:
    """The text's first ``most`` characters, cut at a space where the last fifth has one, and never inside a character."""
    if len(text) <= most:
        return text
    at = max(text.rfind(" ", 0, most + 1), text.rfind("\n", 0, most + 1))
    if at <= most * 4 // 5:
        at = most
        while at > most // 2 and (
            _FOLLOWS.match(text, at) or unicodedata.category(text[at])[0] == "M" or text[at - 1] == "\u200d"
        ):
            at -= 1
    return text[:at].rstrip()


def too_long(text: str) -> bool:
    """Whether ``clean`` would cut a text; spaces that collapse do not count."""
    return len(text) > MAX_CHARACTERS and len(" ".join(text.split())) > MAX_CHARACTERS


def _parts(line: str) -> Iterator[str]:
    """A line as lines of at most LONGEST_LINE characters."""
    while len(line) > LONGEST_LINE:
        part = capped(line, LONGEST_LINE)
        yield part
        line = line[len(part) :].strip()
    yield line


def printable(text: str) -> str:
    """All of the text, as valid Unicode without NUL."""
    return _SURROGATES.sub(REPLACEMENT, text.replace("\x00", ""))


def whole(read: Any) -> Any:
    """A value of parsed JSON whose texts are valid Unicode: JSON can say halves of characters, which can't be written. An object's own
    objects are taken as they are: as ``object_hook`` of a parser it has been asked of them before."""
    if isinstance(read, str):
        return read if read.isascii() and "\0" not in read else printable(read)
    if isinstance(read, list):
        return [whole(one) for one in read]
    if isinstance(read, dict):
        return {printable(name): one if isinstance(one, dict) else whole(one) for name, one in read.items()}
    return read


def json_line(value: Any, *, default: Callable[[Any], Any] | None = None) -> str:
    """A value as JSON without an end of line, control characters or signs that turn a line around: these are escaped, as JSON
    itself does with the first 32, so that whoever reads the JSON has them. JSON has no NaN and no infinity: they are null."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=default, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False, default=default, allow_nan=False)
    return _STEERS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value
