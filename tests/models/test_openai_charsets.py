"""Answers whose characters are not UTF-8: as their header says, or guessed and told; whole and as a stream."""

import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stub_endpoint import endpoint
from stub_server import Stub, body

from models.base import Request
from models.engines.openai.charsets import text_of

Film = Callable[..., Request]
SAID = "Señor Müller waves – across the café."


def whole(encoding: str, kind: str) -> Any:
    said = json.dumps({"choices": [{"message": {"content": SAID}, "finish_reason": "stop"}]}, ensure_ascii=False)
    return body(200, said.encode(encoding), {"Content-Type": kind.format("application/json")})


def streamed(encoding: str, kind: str) -> Any:
    pieces = [{"choices": [{"delta": {"content": piece}}]} for piece in re.split(r"(?= )", SAID)]
    pieces.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    text = "".join(f"data: {json.dumps(piece, ensure_ascii=False)}\n\n" for piece in pieces) + "data: [DONE]\n\n"
    return body(200, text.encode(encoding), {"Content-Type": kind.format("text/event-stream")})


@pytest.mark.parametrize(
    ("encoding", "kind", "told"),
    [
        ("utf-8", "{}", False),
        ("utf-8", "{}; charset=iso-8859-1", False),
        ("cp1252", "{}; charset=windows-1252", False),
        ("cp1252", '{}; charset="ISO-8859-1"', False),
        ("mac-roman", "{}; charset=macintosh", False),
        ("cp1252", "{}", True),
        ("cp1252", "{}; charset=no-such-thing", True),
        ("cp1252", "{}; charset=base64", True),
    ],
)
async def test_the_letters_are_those_that_were_meant(
    encoding: str, kind: str, told: bool, film: Film, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with Stub([whole(encoding, kind), streamed(encoding, kind)]) as server:
        async with endpoint(server) as captioner:
            assert (await captioner.caption(film())).text == SAID
            pieces = [piece async for piece in captioner.stream(film())]
    assert "".join(piece for piece in pieces if isinstance(piece, str)) == SAID
    assert ["characters that are not UTF-8" in record.getMessage() for record in caplog.records] == [True] * told, "once"


@given(text=st.text(), at=st.integers(0, 40))
def test_one_wrong_byte_costs_one_letter_and_not_the_others(text: str, at: int) -> None:
    data = f"猫 {text}".encode("utf-8", "replace")
    place = min(max(at, len("猫 ".encode())), len(data))
    found, guessed = text_of(data[:place] + b"\xff" + data[place:], {})
    assert found.startswith("猫 ")
    assert not guessed


def test_an_error_that_was_cut_in_the_middle_of_a_letter_is_no_other_encoding() -> None:
    assert text_of("Fehler: größer".encode()[:-3], {})[0].startswith("Fehler: gr")
    assert text_of("für".encode()[:2], {}) == ("f\ufffd", False)
