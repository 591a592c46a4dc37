"""A refusal that comes by a status that does not mean one is told by the status that came, and adapted to as any other."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from stub_endpoint import endpoint
from stub_server import Stub, body, picky, status

from models.base import Request
from models.errors import EndpointError, ModelError, PromptTooLong, RequestRefused
from models.preset import Preset

PRESET = Preset(name="tiny", id="tiny", frames="images")
Film = Callable[..., Request]


def says(code: int, said: Any) -> Any:
    return body(code, json.dumps(said).encode(), {"Content-Type": "application/json"})


@pytest.mark.parametrize(
    ("answer", "kind", "told"),
    [
        (status(200, "this model has no eyes"), RequestRefused, "refuses the request (200): this model has no eyes"),
        (says(200, {"error": "the model is gone"}), RequestRefused, "refuses the request (200): the model is gone"),
        (says(200, {"error": {"code": 400, "message": "bad"}}), RequestRefused, "refuses the request (200 with error 400): bad"),
        (says(200, {"error": {"code": 401, "message": "who"}}), EndpointError, "refuses the key (200 with error 401)"),
        (says(200, {"error": {"message": "exceeds the context window"}}), PromptTooLong, "exceeds the context window"),
        (status(500, "image input is not supported - hint: mmproj"), RequestRefused, "refuses the request (500): image input"),
        (status(429, "insufficient_quota: buy more"), EndpointError, "wants to be paid (429): insufficient_quota"),
        (status(422, "no"), RequestRefused, "refuses the request (422): no"),
    ],
)
async def test_the_status_that_came_is_told(answer: Any, kind: type[ModelError], told: str, film: Film) -> None:
    with Stub([], always=answer) as server:
        async with endpoint(server, PRESET) as captioner:
            with pytest.raises(kind) as refused:
                await captioner.caption(film())
    assert told in str(refused.value)


async def test_an_error_that_may_pass_is_asked_again_whatever_status_it_comes_by(film: Film) -> None:
    with Stub([says(200, {"error": {"code": 503, "message": "busy"}})], always=picky()) as server:
        async with endpoint(server, PRESET) as captioner:
            assert (await captioner.caption(film())).text == "fine"


async def test_a_refusal_by_200_is_adapted_to(film: Film) -> None:
    refusal = says(200, {"error": {"message": "Unsupported parameter: 'seed' is not supported"}})
    with Stub([], always=picky(lambda said: refusal if "seed" in said else None)) as server:
        async with endpoint(server, PRESET) as captioner:
            assert [(await captioner.caption(film())).text for _ in range(2)] == ["fine"] * 2
    assert ["seed" in request[2] for request in server.requests] == [True, False, False]
