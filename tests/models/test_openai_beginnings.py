"""What an answer begins with tells what it is, whatever was asked for: a stream, a whole answer, an error; and what stands before it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from stub_endpoint import PRESET, endpoint
from stub_server import Stub, answer, body, picky

from models.base import Reply, Request
from models.engines.openai.endpoint import OpenAIEndpoint
from models.errors import EndpointError, ModelError, PromptTooLong, RequestRefused

Film = Callable[..., Request]
IMAGES = replace(PRESET, frames="images")
BEFORE = ["", "\n\n \n", ": PROCESSING\n\n: PROCESSING\n\n", "\ufeff", "\ufeff\n: wait\n\n", ":\n"]
KINDS = ["application/json", "text/event-stream", "text/plain"]
WHOLE = {"choices": [{"message": {"content": "fine"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 7}}
STREAM = f"data: {json.dumps({'choices': [{'delta': {'content': 'fine'}, 'finish_reason': 'stop'}], 'usage': {'prompt_tokens': 7}})}\n\n"
ROLE = f"data: {json.dumps({'choices': [{'delta': {'role': 'assistant', 'content': ''}}]})}\n\n"
WORD = f"data: {json.dumps({'choices': [{'delta': {'content': 'A man'}}]})}\n\n"


def says(text: str, kind: str = "text/event-stream") -> Any:
    return body(200, text.encode(), {"Content-Type": kind})


async def asked(captioner: OpenAIEndpoint, request: Request, *, stream: bool) -> Reply:
    if not stream:
        return await captioner.caption(request)
    *pieces, last = [piece async for piece in captioner.stream(request)]
    assert isinstance(last, Reply)
    assert last.text == "".join(map(str, pieces))
    return last


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", BEFORE)
async def test_an_answer_is_read_whatever_its_form_and_what_stands_before_it(
    before: str, kind: str, stream: bool, film: Film
) -> None:
    texts = [
        before + json.dumps(WHOLE),
        before + json.dumps(WHOLE, indent=1),
        before + STREAM,
        before + STREAM + "data: [DONE]\n\n",
    ]
    with Stub([says(text, kind) for text in texts]) as server:
        async with endpoint(server, IMAGES) as captioner:
            got = [await asked(captioner, film(), stream=stream) for _ in texts]
    assert [(one.text, one.prompt_tokens) for one in got] == [("fine", 7)] * 4


def errors(error: Any) -> list[Any]:
    """One error in all forms in which it comes by 200, before a word is said."""
    text, bare = json.dumps({"error": error}), json.dumps(error)
    texts = [text, *(f"{one}{text}" for one in BEFORE), f"data: {text}\n\n", f": wait\n\ndata: {text}\n\ndata: [DONE]\n\n"]
    texts += [
        f"{ROLE}data: {text}\n\n",
        f"event: error\ndata: {bare}\n\n",
        f"{ROLE}event: error\ndata: {text}\n\n",
        f"error: {bare}\n\n",
    ]
    return [says(one, kind) for one in texts for kind in KINDS[:2]]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("error", [{"code": 503, "message": "busy"}, {"type": "overloaded_error", "message": "Overloaded"}])
async def test_an_error_that_may_pass_is_asked_again_in_whichever_form(error: Any, stream: bool, film: Film) -> None:
    many = errors(error)
    with Stub([step for one in many for step in (one, answer("fine"))]) as server:
        async with endpoint(server, IMAGES) as captioner:
            for _ in many:
                assert (await asked(captioner, film(), stream=stream)).text == "fine"
    assert len(server.requests) == 2 * len(many)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        ({"code": 401, "message": "who"}, EndpointError, "wants a key, and was sent none (200 with error 401)"),
        ({"code": 400, "message": "bad"}, RequestRefused, "refuses the request (200 with error 400): bad"),
        ({"message": "the prompt exceeds the context window"}, PromptTooLong, "exceeds the context window"),
        ({"code": 500, "message": "audio input is not supported"}, RequestRefused, "audio input is not supported"),
    ],
)
async def test_an_error_that_does_not_pass_is_the_one_that_it_is(
    error: Any, kind: type[ModelError], told: str, stream: bool, film: Film
) -> None:
    many = errors(error)
    with Stub(many) as server:
        async with endpoint(server, IMAGES) as captioner:
            for _ in many:
                with pytest.raises(kind) as refused:
                    await asked(captioner, film(frames=1), stream=stream)
                assert type(refused.value) is kind
                assert told in str(refused.value)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refusal_in_a_stream_is_adapted_to(stream: bool, film: Film) -> None:
    refusal = says(f"data: {json.dumps({'error': {'message': 'seed is not supported'}})}\n\n")
    with Stub([], always=picky(lambda said: refusal if "seed" in said else None)) as server:
        async with endpoint(server, IMAGES) as captioner:
            assert [(await asked(captioner, film(), stream=stream)).text for _ in range(2)] == ["fine"] * 2
    assert ["seed" in request[2] for request in server.requests] == [True, False, False]


@pytest.mark.parametrize("end", ["", "data: [DONE]\n\n"])
@pytest.mark.parametrize(
    ("error", "again"),
    [
        ('data: {"error": {"code": 502, "message": "gone"}}', True),
        ('event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "gone"}}', True),
        ('data: {"error": "gone", "error_type": "overloaded"}', True),
        ('data: {"error": "gone", "error_type": "generation"}', False),
        ("event: error\ndata: gone", False),
    ],
)
async def test_an_error_behind_words_costs_a_window_and_is_asked_again_where_it_may_pass(
    error: str, again: bool, end: str, film: Film
) -> None:
    broken = says(f"{WORD}{error}\n\n{end}")
    with Stub([broken, *[broken] * (3 if again else 1), broken, answer("fine")]) as server:
        async with endpoint(server, IMAGES) as captioner:
            with pytest.raises(RequestRefused, match="broke off in the middle of its answer: gone"):
                await asked(captioner, film(), stream=True)
            with pytest.raises(RequestRefused, match="broke off in the middle of its answer: gone"):
                await asked(captioner, film(), stream=False)
            if again:
                assert (await asked(captioner, film(), stream=False)).text == "fine"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_page_in_place_of_a_stream_is_called_one(stream: bool, film: Film) -> None:
    with Stub([], always=says("<!DOCTYPE html><html><title>Sign in</title></html>", "text/html")) as server:
        async with endpoint(server, IMAGES) as captioner:
            with pytest.raises(RequestRefused, match=r"a page: is --base-url right.*Sign in"):
                await asked(captioner, film(), stream=stream)
