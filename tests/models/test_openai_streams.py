"""Streams that end well and are no answer: errors on lines of their own, refusals, filters, tools; and answers in other shapes."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from stub_endpoint import PRESET, endpoint
from stub_server import Stub, body

from models.base import Request
from models.errors import EndpointError, RequestRefused

Film = Callable[..., Request]
IMAGES = replace(PRESET, frames="images")
DONE = "data: [DONE]"


def lines(*said: Any) -> Any:
    """A stream: of an object a line of data, of a text the line as it is."""
    whole = "".join(f"{one if isinstance(one, str) else 'data: ' + json.dumps(one)}\n\n" for one in said)
    return body(200, whole.encode(), {"Content-Type": "text/event-stream"})


def chunk(finish: str | None = None, **delta: Any) -> Any:
    return {"choices": [{"delta": delta, "finish_reason": finish}]}


BROKEN = [
    lines(chunk(content="A man"), 'error: {"code": 500, "message": "slot is gone", "type": "server_error"}', DONE),
    lines('error: {"code": 500, "message": "slot is gone"}', DONE),
    lines(chunk(content="A man"), 'event: error\ndata: {"code": 500, "message": "slot is gone"}', DONE),
    lines(chunk(content="A man"), "event: error\ndata: slot is gone", DONE),
    lines(chunk(content="A man"), {"code": 500, "message": "slot is gone"}, DONE),
]


@pytest.mark.parametrize("broken", BROKEN)
async def test_an_error_that_a_mark_of_the_end_follows_is_no_answer(broken: Any, film: Film) -> None:
    """Which of them is asked again, and what it costs in the end: test_openai_beginnings.py."""
    with Stub([], always=broken) as server:
        async with endpoint(server, IMAGES) as captioner:
            with pytest.raises((RequestRefused, EndpointError), match="slot is gone"):
                _ = [piece async for piece in captioner.stream(film())]
            with pytest.raises((RequestRefused, EndpointError), match="slot is gone"):
                await captioner.caption(film())


WITHHELD = [
    (lines(chunk(refusal="I can't "), chunk("stop", refusal="help with that."), DONE), "the model refuses: I can't help with that."),
    (lines(chunk(role="assistant", content=""), chunk("content_filter"), DONE), "a content filter of the server keeps the answer back"),
    (lines(chunk(content=None, tool_calls=[{"function": {"name": "x"}}]), chunk("tool_calls"), DONE), "the model calls a tool"),
    (body(200, json.dumps({"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}).encode(),
          {"Content-Type": "application/json"}), "a content filter of the server keeps the answer back"),
]  # fmt: skip


@pytest.mark.parametrize(("withheld", "told"), WITHHELD)
async def test_what_is_kept_back_is_no_answer(withheld: Any, told: str, film: Film) -> None:
    with Stub([withheld, withheld]) as server:
        async with endpoint(server, IMAGES) as captioner:
            with pytest.raises(RequestRefused, match=f": {told}"):
                _ = [piece async for piece in captioner.stream(film())]
            with pytest.raises(RequestRefused, match=f": {told}"):
                await captioner.caption(film())


@pytest.mark.parametrize(
    ("stream", "text"),
    [
        (lines({"choices": [{"message": {"content": "A man"}, "finish_reason": "stop"}]}, DONE), "A man"),
        (
            lines(chunk(content="A man"), {"choices": [{"delta": {}, "message": {"content": "A man"}, "finish_reason": "stop"}]}),
            "A man",
        ),
        (lines(chunk("", content="A man"), chunk("", content=" walks."), chunk("stop")), "A man walks."),
        (lines(chunk(content="A man"), chunk("content_filter"), DONE), "A man"),
        (lines("data:", "event: ping\ndata: {}", chunk("stop", content="A man")), "A man"),
    ],
)
async def test_answers_in_other_shapes(stream: Any, text: str, film: Film) -> None:
    with Stub([stream, stream]) as server:
        async with endpoint(server, IMAGES) as captioner:
            *pieces, _ = [piece async for piece in captioner.stream(film())]
            assert "".join(pieces) == text
            assert (await captioner.caption(film())).text == text


async def test_an_empty_finish_reason_is_none(film: Film) -> None:
    with Stub([lines(chunk("", content="A man"))]) as server:
        async with endpoint(server, IMAGES) as captioner:
            with pytest.raises(RequestRefused, match="broke off"):
                _ = [piece async for piece in captioner.stream(film())]


@pytest.mark.parametrize("message", [{"message": {"role": "assistant"}}, {}, {"message": None}])
async def test_a_message_without_content_is_read_by_why_it_ended(
    message: dict[str, Any], film: Film, caplog: pytest.LogCaptureFixture
) -> None:
    def says(**choice: Any) -> Any:
        return body(200, json.dumps({"choices": [choice]}).encode(), {"Content-Type": "application/json"})

    with Stub(
        [says(finish_reason="length", **message), says(finish_reason="content_filter", **message), says(**message)]
    ) as server:
        async with endpoint(server, IMAGES) as captioner:
            got = await captioner.caption(film())
            assert (got.text, got.finish) == ("", "length")
            assert "thinks until --max-tokens is used up" in caplog.text
            with pytest.raises(RequestRefused, match="a content filter"):
                await captioner.caption(film())
            with pytest.raises(RequestRefused, match="no chat completion"):
                await captioner.caption(film())
