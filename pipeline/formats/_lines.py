"""The lines of a subtitle file, and which of them is the number of a cue, whatever stands around it that nobody sees."""

DIRECTIONS = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""marks of direction, which programs of scripts from right to left put around whole lines"""
_UNSEEN = DIRECTIONS + "\u200b\ufeff"


def lines_of(text: str) -> list[str]:
    """Its lines by ``\\r\\n``, ``\\r`` and ``\\n`` alone: what else Python takes for the end of one (U+2028, a vertical tab) stands inside texts,
    where it is a line break. ``\\r\\r\\n`` is what a program leaves that ends lines twice."""
    if "\n" not in text and "\r" not in text:
        return text.splitlines() or [text]
    return text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def bare(line: str) -> str:
    """A line without space and unseen marks at its ends."""
    return line.strip() if line.isascii() else line.strip().strip(_UNSEEN).strip()


def is_number(line: str) -> bool:
    """Whether a line is the number of a cue: figures alone, perhaps with marks of direction around them, or a dot behind."""
    return bare(line).removesuffix(".").isdecimal()


def numbered(lines: list[str], places: list[int]) -> bool:
    """Whether most cues of a file have a number above their times, which stand at ``places``; else a line of figures is a text (1984)."""
    count, before = 0, -1
    for place in places:
        at = place - 1
        while at > before and not bare(lines[at]):
            at -= 1
        if at > before and is_number(lines[at]):
            apart = before < 0 or at > before + 1  # right below the times before it stands a text
            count += apart and (before < 0 or at == place - 1 or not bare(lines[at - 1]))
        before = place
    return 2 * count >= len(places)
