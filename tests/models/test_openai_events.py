"""Server-sent events as the WHATWG's rule has them: ends of lines, events of several lines, and what servers do beyond it."""

import json
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest

from models.base import Reply
from models.engines.openai.events import surveyed, whole
from models.engines.openai.lines import Lines
from models.engines.openai.sse import Assembly, Cutter, lines_of
from models.engines.openai.streams import joined, pieces
from models.engines.openai.thoughts import Thoughts

SAID = [{"choices": [{"delta": {"content": word}, "finish_reason": None}]} for word in ("a\u2028", "b\x85", "c{")]
LAST = {"choices": [{"delta": {}, "finish_reason": "stop"}]}


def events(end: str, *, indent: int | None = None, between: int = 2, done: bool = True) -> str:
    """Each piece as one event, over as many lines as its JSON has."""
    told = [json.dumps(one, indent=indent, ensure_ascii=False) for one in (*SAID, LAST)] + ["[DONE]"] * done
    return "".join(f"data: {one}".replace("\n", f"{end}data: ") + end * between for one in told)


class Came:
    headers: ClassVar[dict[str, str]] = {}

    async def aclose(self) -> None: ...


async def read(cut: list[bytes]) -> list[str | Reply]:
    async def raw() -> AsyncIterator[bytes]:
        for piece in cut:
            yield piece

    lines = Lines("http://h", Came(), raw(), bytes.decode)
    survey = surveyed("")
    await lines.begin(survey)
    assert survey.streams
    return [piece async for piece in pieces(aiter(lines), Thoughts())]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("indent", [None, 1], ids=["one line", "many lines"])
@pytest.mark.parametrize("size", [1, 2, 3, 100_000])
async def test_lines_end_in_each_way_and_an_event_may_have_many(end: str, indent: int | None, size: int) -> None:
    data = ("\ufeff" + events(end, indent=indent)).encode()
    got = await read([data[at : at + size] for at in range(0, len(data), size)])
    assert "".join(piece for piece in got if isinstance(piece, str)) == "a\u2028b\x85c{"
    assert isinstance(got[-1], Reply)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("more", [{}, {"indent": 2}, {"between": 1}, {"indent": 2, "between": 1}, {"done": False}])
async def test_a_whole_text_of_events_too(end: str, more: Any) -> None:
    text = events(end, **more)
    assert whole("http://h", text) == text
    assert (await joined(text, Thoughts())).text == "a\u2028b\x85c{"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_error_of_several_lines_is_one(end: str) -> None:
    error = json.dumps({"error": {"message": "no room", "code": 503}}, indent=1).replace("\n", f"{end}data:")
    for text in (f"data: {error}{end}{end}", f"event: error{end}data: {error}{end}", f"data: {error}{end}event: error{end}{end}"):
        assert json.loads(surveyed(text).error)["error"]["message"] == "no room"


def test_an_end_of_a_line_is_one_wherever_a_piece_ends() -> None:
    cutter = Cutter()
    assert [cutter.lines(piece) for piece in (b"a\r", b"", b"\nb", b"\r", b"c\n", b"\n", b"\r\r\nd")] == [
        [b"a"], [], [], [b"b"], [b"c"], [b""], [b"", b""],
    ]  # fmt: skip
    assert cutter.rest() == b"d"


def test_what_is_cut_fine_or_never_ends_takes_no_longer_than_it_is_long() -> None:
    """Each byte is looked at once, however many came before it: what grows with the square would take hours here."""
    cutter = Cutter()
    for _ in range(300_000):
        assert cutter.lines(b"x") == []
    assert len(cutter.rest()) == 300_000
    assembly = Assembly()
    for value in ['["' + '\\"' * 500_000, *["[{},"] * 100_000]:
        assert not list(assembly.feed(f"data: {value}"))
    assert len(list(assembly.end())) == 1
    assert lines_of("a\u2028b") == ["a\u2028b"]
