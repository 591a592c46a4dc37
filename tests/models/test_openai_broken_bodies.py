"""Answers that begin and break off are asked again, whole or streamed, until a word of them was given on; one window ends with them, no run."""

import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from stub_endpoint import endpoint
from stub_server import Stub, answer, body, events

from models.base import Reply, Request
from models.engines.openai.attempts import Attempts
from models.engines.openai.bodies import BrokenOff, cut_off
from models.engines.openai.endpoint import OpenAIEndpoint
from models.engines.openai.seats import Seats
from models.errors import EndpointError, RequestRefused

Film = Callable[..., Request]
JSON = {"Content-Type": "application/json"}
EVENTS = {"Content-Type": "text/event-stream"}
ROLE = b'data: {"choices": [{"delta": {"role": "assistant", "content": ""}}]}\n\n'
WORD = b'data: {"choices": [{"delta": {"content": "A man"}}]}\n\n'
WHOLE = json.dumps({"choices": [{"message": {"content": "A man"}, "finish_reason": "stop"}]}).encode()


async def asked(captioner: OpenAIEndpoint, request: Request, *, stream: bool) -> str:
    if not stream:
        return (await captioner.caption(request)).text
    return "".join([piece async for piece in captioner.stream(request) if not isinstance(piece, Reply)])


def breaking(monkeypatch: pytest.MonkeyPatch, error: type[httpx.HTTPError], times: int) -> None:
    """What a socket does by chance, for certain: so many answers of a chat end with this error behind all that was sent of them."""
    usual, left = httpx.Response.aiter_raw, [error] * times

    async def aiter_raw(response: httpx.Response) -> AsyncIterator[bytes]:
        async for data in usual(response):
            yield data
        if left and response.url.path.endswith("/chat/completions"):
            raise left.pop()("")

    monkeypatch.setattr(httpx.Response, "aiter_raw", aiter_raw)


def chunk_that_ends_early(data: bytes, headers: dict[str, str]) -> Any:
    def step(handler: Any) -> None:
        handler.send_response(200)
        for name, value in (headers | {"Transfer-Encoding": "chunked"}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        handler.close_connection = True

    return step


PACKED = JSON | {"Content-Encoding": "gzip"}
BROKEN = [
    body(200, WHOLE[:20], JSON, length=4000),
    body(200, WHOLE[:20], JSON),
    body(200, WHOLE[:-1], JSON),
    chunk_that_ends_early(WHOLE[:20], JSON),
    chunk_that_ends_early(ROLE, EVENTS),
    body(200, ROLE, EVENTS),
    body(200, ROLE + WORD[:20], EVENTS),
    body(200, b": waiting\n\n", EVENTS),
    body(200, b"\x1f\x8b garbage of no use", PACKED),
    body(200, b"no gzip at all", PACKED),
    body(200, gzip.compress(WHOLE)[:-12], PACKED),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("broken", BROKEN)
async def test_half_an_answer_is_asked_for_again(broken: Any, stream: bool, film: Film) -> None:
    with Stub([broken, broken, answer("fine"), *[broken] * 3, answer("next")]) as server:
        async with endpoint(server, seats=4) as captioner:
            assert await asked(captioner, film(), stream=stream) == "fine"
            with pytest.raises(RequestRefused, match=r"\(3 attempts\)$"):
                await asked(captioner, film(), stream=stream)
            assert await asked(captioner, film(), stream=stream) == "next", "it costs a window, and no run"
            assert (await captioner.metrics())["running"] == 0
    assert len(server.requests) == 7


BEGUN = [(b"", JSON), (WHOLE[:20], JSON), (b"", EVENTS), (ROLE, EVENTS), (b": waiting\n\n", EVENTS)]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("begun", BEGUN)
@pytest.mark.parametrize("error", [httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout])
async def test_what_is_reset_or_stops_behind_its_headers_is_asked_for_again(
    error: type[httpx.HTTPError], begun: tuple[bytes, dict[str, str]], stream: bool, film: Film, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    breaking(monkeypatch, error, 2)
    part = body(200, *begun)
    with Stub([part, part, answer("fine")]) as server:
        async with endpoint(server, seats=4) as captioner:
            assert await asked(captioner, film(), stream=stream) == "fine"
            slow = error is httpx.ReadTimeout
            assert captioner._seats.allowed == (1 if slow else 4), "half as many at once, and half again"
            assert (await captioner.metrics())["running"] == 0
    assert ("does not come to 4 requests in time (--max-num-seqs)" in caplog.text) == slow
    assert len(server.requests) == 3


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("begun", BEGUN)
async def test_a_server_none_of_whose_bodies_comes_in_time_ends_the_run(
    begun: tuple[bytes, dict[str, str]], stream: bool, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, httpx.ReadTimeout, 3)
    with Stub([], always=body(200, *begun)) as server:
        async with endpoint(server, seats=4) as captioner:
            with pytest.raises(
                EndpointError, match=r"stopped in the middle of its answer \(ReadTimeout\) \(3 attempts\): at last"
            ):
                await asked(captioner, film(), stream=stream)
    assert len(server.requests) == 3


async def test_half_an_answer_in_time_counts_though_others_are_answered() -> None:
    """And costs its window; one of which nothing came waits behind the others for as long as they are answered."""
    for started in (True, False):
        seats, told = Seats(8, "x", lambda _: None), 0
        attempts = Attempts("x", 3, 0.0, seats, lambda _: None)

        async def once(seats: Seats = seats, started: bool = started) -> str:
            nonlocal told
            told += 1
            seats.answer()
            if told == 9:
                return "fine"
            raise BrokenOff("x", "stopped", late=True, started=started)

        async with seats.one():
            if started:
                with pytest.raises(RequestRefused, match=r"^x stopped \(3 attempts\)"):
                    await attempts.tried(once, seated=True)
            else:
                assert await attempts.tried(once, seated=True) == "fine"


@pytest.mark.parametrize("error", [httpx.ReadError, httpx.ReadTimeout])
@pytest.mark.parametrize("data", [WORD, WORD + ROLE[:20]])
async def test_a_stream_whose_words_were_given_on_is_not_asked_for_again(
    data: bytes, error: type[httpx.HTTPError], film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking(monkeypatch, error, 1)
    with Stub([body(200, data, EVENTS), body(200, data, EVENTS)]) as server:
        async with endpoint(server, seats=4) as captioner:
            for _ in range(2):  # an error, and then an end too early
                with pytest.raises(RequestRefused):
                    await asked(captioner, film(), stream=True)


async def test_a_refusal_that_breaks_off_is_the_refusal_that_it_is(film: Film) -> None:
    with Stub([], always=body(401, b'{"error": {"mess', JSON, length=4000)) as server:
        async with endpoint(server, seats=4) as captioner:
            for stream in (False, True):
                with pytest.raises(EndpointError, match="--api-key"):
                    await asked(captioner, film(), stream=stream)
    assert len(server.requests) == 2


async def test_half_a_list_of_models_keeps_no_named_model_away(film: Film) -> None:
    with Stub([events("fine")], models=body(200, b'{"data": [{"id', JSON)) as server:
        async with endpoint(server, seats=4) as captioner:
            assert await asked(captioner, film(), stream=True) == "fine"


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ('{"a": "b', True), ('{"a": 1', True), ('{"a": tru', True), ('{"a": {"b": 1}', True), ('{"a": "\\u00', True), ("{", True),
        ('{"a": 1}', False), ("", False), ("[1, 2", False), ("{'a': 1}", False), ('{"a": 1} {"b": 2}', False), ("<p>{", False),
    ],
)  # fmt: skip
def test_what_is_the_beginning_of_an_object(text: str, cut: bool) -> None:
    assert cut_off(text) is cut
