"""Encodings that share most letters with one that is guessed for them: told apart by a letter that only one of them has inside a word."""

import re

_SISTERS = (
    (frozenset({"cp1253"}), re.compile(rb"\xb6[\xe1-\xfe]"), "iso8859-7"),
    (frozenset({"koi8-r"}), re.compile(rb"[\xa4\xa6\xa7\xad][\xc0-\xdf]|[\xc0-\xdf][\xa4\xa6\xa7\xad]"), "koi8-u"),
    (
        frozenset({"cp1252", "cp1250", "iso8859-2", "cp850", "cp852", "mac-roman"}),
        re.compile(rb"[A-Za-z]\xbd[A-Za-z]"),
        "iso8859-15",
    ),
)
"""guessed -> what it can't be there -> what it is: a capital alpha with its accent, where the other has a paragraph sign · Ukrainian letters,
where it has lines of tables · oe in one letter, where the others have a half or a capital"""


def sister(name: str, sample: bytes) -> str:
    """The encoding, or its sister where the sample has a letter of hers."""
    return next((other for names, letter, other in _SISTERS if name in names and letter.search(sample)), name)
