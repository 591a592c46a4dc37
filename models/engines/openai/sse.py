"""Server-sent events taken apart as the WHATWG's rule says: pieces of bytes to lines, lines to events. Linear in what comes, however it is cut.

a line ends by CR LF, LF or CR               also where a piece ends between the two
several ``data`` lines of one event          one text of several lines: JSON in its long form

Beyond the rule what servers do: events without the blank line between them, the last one too; ``error:`` as a field (llama.cpp of old).
"""

import re
from collections.abc import Iterator

END = "[DONE]"
_LINE = re.compile(r"\r\n|\r|\n")  # splitlines would cut JSON at U+2028 and U+0085, which may stand in it as they are
_LINE_OF_BYTES = re.compile(rb"\r\n|\r|\n")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)')
"""in JSON; one without an end goes to that of its line"""


def lines_of(text: str) -> list[str]:
    return _LINE.split(text)


class Cutter:
    """Lines of bytes that come in pieces; a line is given as soon as its end is there."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._may_go_on = False
        """whether a piece ended by CR: a LF at the beginning of the next one is of the same end"""

    def lines(self, piece: bytes) -> list[bytes]:
        if not piece:
            return []
        begin = 1 if self._may_go_on and piece[:1] == b"\n" else 0
        self._may_go_on = piece.endswith(b"\r")
        first, *others = _LINE_OF_BYTES.split(piece[begin:])
        self._held += first
        if not others:
            return []
        whole = [bytes(self._held), *others[:-1]]
        self._held = bytearray(others[-1])
        return whole

    def rest(self) -> bytes:
        """What came behind the last end."""
        return bytes(self._held)


class Assembly:
    """Events of lines, each as its name and its data; one without data is none."""

    def __init__(self) -> None:
        self._name, self._data, self._depth = "", list[str](), 0

    def feed(self, line: str) -> Iterator[tuple[str, str]]:
        """What a line ends, or is."""
        if not line.strip():
            yield from self.end()
            self._name = ""
            return
        field, _, value = (part.strip() for part in line.lstrip("\ufeff").partition(":"))
        if field == "event":
            self._name = value
        elif field == "error":
            yield from self.end()
            yield "error", value
        elif field == "data" and value == END:  # who waits for a blank line behind it may wait long
            yield from self.end()
            yield self._name, value
        elif field == "data":
            if self._depth <= 0:  # no half of something: the line is another event's
                yield from self.end()
            self._data.append(value)
            bare = _STRING.sub("", value)
            self._depth += sum(map(bare.count, "{[")) - sum(map(bare.count, "}]"))

    def end(self) -> Iterator[tuple[str, str]]:
        """What is left where no line follows."""
        data, self._data, self._depth = "\n".join(self._data).strip(), [], 0
        if data:
            yield self._name, data
