"""Servers that stream every answer, or none; and keys that are refused for more than being wrong."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from stub_server import Stub, body, events, picky, status

from models.base import Reply, Request
from models.engines.openai.endpoint import OpenAIEndpoint
from models.errors import EndpointError
from models.preset import Preset

Film = Callable[..., Request]
ONLY_STREAMS = [
    "This model only supports streaming. Please set stream=true.",
    "This model only support stream mode, please enable the stream parameter to access the model.",
    "stream must be true for this model",
    "该模型仅支持流式输出",
]
NO_STREAMS = [
    "stream is not supported by this model",
    "Unsupported value: 'stream' does not support true with this model. Only the default (false) value is supported.",
    "Streaming is not available for this deployment",
    "该模型不支持流式输出",
]


@asynccontextmanager
async def endpoint(server: Stub) -> AsyncIterator[OpenAIEndpoint]:
    made = OpenAIEndpoint(
        Preset(name="tiny", id="tiny"), base_url=server.url, api_key="sk-a-key-of-ours-0123456789", patience=0.01,
        timeout=httpx.Timeout(60), attempts=3,
    )  # fmt: skip
    await made.start()
    try:
        yield made
    finally:
        await made.close()


@pytest.mark.parametrize("words", ONLY_STREAMS)
async def test_all_answers_are_streamed_where_a_server_only_streams(
    words: str, film: Film, caplog: pytest.LogCaptureFixture
) -> None:
    server = picky(lambda said: None if said.get("stream") else status(400, words), fine=events("A man", " walks."))
    with caplog.at_level(logging.INFO), Stub([], always=server) as found:
        async with endpoint(found) as made:
            assert [(await made.caption(film())).text for _ in range(2)] == ["A man walks."] * 2
            assert [piece async for piece in made.stream(film())][:2] == ["A man", " walks."]
    assert [bool(one[2].get("stream")) for one in found.requests] == [False, True, True, True]
    assert sum("answers are streamed" in one.message for one in caplog.records) == 1


@pytest.mark.parametrize("words", NO_STREAMS)
async def test_no_answer_is_streamed_where_a_server_does_not(words: str, film: Film) -> None:
    server = picky(lambda said: status(400, words) if said.get("stream") else None)
    with Stub([], always=server) as found:
        async with endpoint(found) as made:
            for _ in range(2):
                *pieces, last = [piece async for piece in made.stream(film())]
                assert pieces == ["fine"]
                assert isinstance(last, Reply)
    assert [bool(one[2].get("stream")) for one in found.requests] == [True, False, False]


async def test_a_stream_may_begin_with_a_comment(film: Film) -> None:
    said = b': OPENROUTER PROCESSING\n\ndata: {"choices": [{"delta": {"content": "A man"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    with Stub([], always=body(200, said, {"Content-Type": "text/event-stream"})) as found:
        async with endpoint(found) as made:
            assert (await made.caption(film())).text == "A man"


@pytest.mark.parametrize(("code", "told"), [(403, True), (401, False)])
async def test_why_a_key_is_refused_is_told_and_the_key_is_not(code: int, told: bool, film: Film) -> None:
    words = "Country, region, or territory not supported (key sk-a-key-of-ours-0123456789)"
    with Stub([], always=status(code, words)) as found:
        async with endpoint(found) as made:
            with pytest.raises(EndpointError) as caught:
                await made.caption(film())
    assert ("territory not supported" in caught.value.message) == told
    assert "0123456789" not in caught.value.message
