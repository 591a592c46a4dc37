"""One answer can take neither memory nor the run: bounds in bytes, packed and unpacked, in time, and in shape; each a typed error."""

import gzip
import json
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stub_server import Stub, answer, body, endless

from models.base import Reply, Request
from models.engines.openai import answers, faults, names
from models.engines.openai.client import Client
from models.engines.openai.endpoint import OpenAIEndpoint
from models.errors import EndpointError, ModelError, RequestRefused
from models.preset import Preset
from models.presets import served_preset

Film = Callable[..., Request]
JSON = {"Content-Type": "application/json"}
EVENTS = {"Content-Type": "text/event-stream"}


@asynccontextmanager
async def endpoint(server: Any, **more: Any) -> AsyncIterator[OpenAIEndpoint]:
    timing: dict[str, Any] = {"patience": 0.01, "timeout": httpx.Timeout(5), "attempts": 2, "whole": 20.0} | more
    captioner = OpenAIEndpoint(Preset(name="tiny", id="tiny", frames="images"), base_url=server.url, **timing)
    await captioner.start()
    try:
        yield captioner
    finally:
        await captioner.close()


async def asked(captioner: OpenAIEndpoint, request: Request, *, stream: bool) -> None:
    if stream:
        async for _ in captioner.stream(request):
            pass
    else:
        await captioner.caption(request)


async def refused(step: Any, film: Film, *, stream: bool, **more: Any) -> str:
    """What the error says; the next answer is fine, and little memory was taken."""
    with Stub([step, answer("next")]) as server:
        async with endpoint(server, **more) as captioner:
            tracemalloc.start()
            try:
                with pytest.raises((RequestRefused, EndpointError)) as caught:
                    await asked(captioner, film(), stream=stream)
                assert tracemalloc.get_traced_memory()[1] < 80e6
            finally:
                tracemalloc.stop()
            assert (await captioner.caption(film())).text == "next"
    return str(caught.value)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("piece", [b"[" * 60000, b"data: x" * 9000, b'data: {"choices": []}\n\n' * 2000])
async def test_an_answer_without_end(piece: bytes, stream: bool, film: Film) -> None:
    assert "MB" in await refused(endless(piece, EVENTS), film, stream=stream) or stream


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["gzip", "deflate", "br", "zstd"])
async def test_a_bomb(kind: str, stream: bool, film: Film) -> None:
    packed = gzip.compress(b" " * 300_000_000) if kind == "gzip" else zlib.compress(b" " * 300_000_000)
    assert "packed" in await refused(body(200, packed, {"Content-Encoding": kind}), film, stream=stream)


async def test_a_packed_answer_of_an_honest_server(film: Film) -> None:
    whole = {"choices": [{"message": {"content": "fine"}}]}
    with Stub([body(200, gzip.compress(json.dumps(whole).encode()), JSON | {"Content-Encoding": "gzip"})]) as server:
        async with endpoint(server) as captioner:
            assert (await captioner.caption(film())).text == "fine"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_byte_now_and_then(stream: bool, film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is over in the middle of the answer, however long its head took, and not in that of the next one."""
    usual, left = Client.pieces, [0.3]

    def pieces(client: Client, response: httpx.Response, until: float) -> AsyncIterator[bytes]:
        chat = str(response.url).endswith("/chat/completions")  # the list of models comes first
        return usual(client, response, time.monotonic() + left.pop() if left and chat else until)

    monkeypatch.setattr(Client, "pieces", pieces)
    said = await refused(endless(b" ", EVENTS, pause=0.02), film, stream=stream, whole=100.0)
    assert "100 s for one answer" in said


@pytest.mark.parametrize(
    "text",
    [
        '{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": Infinity}}',
        '{"choices": [{"message": {"content": "x"}}], "usage": {"completion_tokens": ' + "9" * 5000 + "}}",
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"choices": {"a": 1}}',
        '{"choices": ["x"]}',
        '{"choices": [{"message": {"content": 7}}]}',
        '{"choices": [{"message": {"content": [7]}}]}',
        '{"choices": [{"message": {"content": [{"type": "text", "text": {"value": {"value": 1}}}]}}]}',
        '{"choices": [{"message": "x"}]}',
        '{"error": {"message": "out of memory"}}',
        "NaN",
    ],
)
async def test_shapes_that_can_not_be(text: str, film: Film) -> None:
    await refused(body(200, text.encode(), JSON), film, stream=False)
    await refused(body(200, f"data: {text}\n\n".encode(), EVENTS), film, stream=True)


@pytest.mark.parametrize(
    "said",
    ['{"prompt_tokens": 1e999}', '{"prompt_tokens": -1, "completion_tokens": -1}', '{"completion_tokens": "many"}', "[1]", "7"],
)
async def test_numbers_of_tokens_that_can_not_be_count_none_and_the_answer_is_kept(said: str, film: Film) -> None:
    whole = f'{{"choices": [{{"message": {{"content": "x"}}, "finish_reason": "stop"}}], "usage": {said}}}'
    with Stub([body(200, whole.encode(), JSON), body(200, f"data: {whole}\n\n".encode(), EVENTS)]) as server:
        async with endpoint(server) as captioner:
            whole_reply = await captioner.caption(film())
            *_, streamed = [piece async for piece in captioner.stream(film())]
    for got in (whole_reply, streamed):
        assert (got.text, got.prompt_tokens, got.completion_tokens) == ("x", 0, 0)


async def test_half_a_letter_can_be_written(film: Film) -> None:
    with Stub([body(200, b'{"choices": [{"message": {"content": "a \\ud83d square"}}]}', JSON)]) as server:
        async with endpoint(server) as captioner:
            (await captioner.caption(film())).text.encode()


async def test_a_server_that_answers_whole_where_a_stream_was_asked(film: Film) -> None:
    with Stub([answer(" a square ")]) as server:
        async with endpoint(server) as captioner:
            *pieces, reply = [piece async for piece in captioner.stream(film())]
    assert pieces == ["a square"]
    assert (reply.text, reply.prompt_tokens) == ("a square", 7)


async def test_an_error_in_the_middle_of_a_stream(film: Film) -> None:
    data = b'data: {"choices": [{"delta": {"content": "a"}}]}\n\ndata: {"error": {"message": "out of memory"}}\n\n'
    assert "out of memory" in await refused(body(200, data, EVENTS), film, stream=True)


async def test_an_error_page_without_end_is_read_a_little(film: Film) -> None:
    def page(handler: Any) -> None:
        handler.send_response = lambda _, send=handler.send_response: send(400)
        endless(b"<p>no</p>" * 5000)(handler)

    assert "no" in await refused(page, film, stream=True)
    await refused(page, film, stream=False)


@pytest.mark.parametrize(
    "listed", [b"[" * 100_000, b'{"data": [{"id": 7}, 8, null]}', b'{"data": "x"}', b"\xff\xfe", b"Infinity"]
)
async def test_lists_of_models_that_are_none(listed: bytes, film: Film) -> None:
    with Stub([answer("fine")], models=body(200, listed)) as server:
        async with endpoint(server) as captioner:
            assert (await captioner.caption(film())).text == "fine"


async def test_a_list_of_models_without_end(film: Film) -> None:
    with Stub([answer("fine")], models=endless(b"[" * 60000)) as server:
        with pytest.raises(ModelError, match="MB"):
            await OpenAIEndpoint(served_preset(None), base_url=server.url).start()
        async with endpoint(server) as captioner:
            assert (await captioner.caption(film())).text == "fine", "a model that is named needs no list"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["text", "stop", "length", "<think>"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["choices", "message", "content", "type", "text", "usage", "prompt_tokens", "error", "detail", "loc", "msg",
                         "prompt_tokens_details", "cached_tokens", "delta", "finish_reason", "data", "id", "refusal", "param"]),
        inner, max_size=5,
    ),
    max_leaves=25,
)  # fmt: skip


@given(VALUES)
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_server_says_is_a_reply_or_a_bad_answer(value: Any) -> None:
    text = json.dumps({"choices": value} if not isinstance(value, dict) else value)
    with suppress(answers.BadAnswer, answers.Withheld):
        assert isinstance(answers.reply(answers.parse(text)), Reply)
    assert len(faults.sentence(text)) <= 300
    assert all(isinstance(name, str) for name in names.served(text) or ())
    assert isinstance(faults.fault("u", "/p", 400, text), ModelError)


@given(st.text(alphabet="<>/think[]TK a", max_size=60), st.integers(1, 9))
def test_thoughts_are_taken_out_of_pieces_as_of_the_whole(text: str, size: int) -> None:
    from models.engines.openai.thoughts import Thoughts

    thoughts = Thoughts()
    got = "".join([thoughts.feed(text[at : at + size]) for at in range(0, len(text), size)]) + thoughts.end()
    if not thoughts.began_inside:
        assert got == answers.without_thoughts(text)


@pytest.mark.parametrize("piece", ["<think>", "</think>", "<think>a</think>", "<", "[think]"])
def test_thoughts_of_five_million_letters_are_linear(piece: str) -> None:
    assert len(answers.without_thoughts(piece * (4_000_000 // len(piece)))) <= 4_000_000


async def test_a_stream_that_is_cut_inside_a_letter(film: Film) -> None:
    """Whatever the pieces in which bytes come, each letter is whole; one that never ends is told as what it is."""
    data = 'data: {"choices": [{"delta": {"content": "Ein Bär, 猫, 🦊."}}]}\n\ndata: [DONE]\n\n'.encode()

    def bytewise(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for byte in data:
            handler.wfile.write(b"1\r\n%c\r\n" % byte)
        handler.wfile.write(b"0\r\n\r\n")

    with Stub([bytewise]) as server:
        async with endpoint(server) as captioner:
            *said, _ = [piece async for piece in captioner.stream(film())]
    assert "".join(map(str, said)) == "Ein Bär, 猫, 🦊."
    cut = data[: data.index("猫".encode()) + 1]
    assert "broke off" in await refused(body(200, cut, EVENTS), film, stream=True, attempts=1)


@pytest.mark.parametrize(
    ("behind", "whole"), [("data: [DONE]", True), ("\n\ndata:[DONE]\n", True), ("[DONE]", False), ("data:", False)]
)
def test_the_mark_of_an_end_behind_a_million_spaces_is_linear(behind: str, whole: bool) -> None:
    said = '{"a": 1}' + " " * 1_000_000 + behind
    assert faults.alone(said) == ('{"a": 1}' if whole else said)


def test_half_a_million_comments_before_an_answer_take_no_more_memory_than_they_are() -> None:
    said = ":\n" * 500_000 + "{}"
    tracemalloc.start()
    try:
        assert faults.alone(said) == "{}"
        assert tracemalloc.get_traced_memory()[1] < 4 * len(said)
    finally:
        tracemalloc.stop()
