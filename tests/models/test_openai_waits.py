"""When a server that refuses for now is asked again: by its headers, or by its words alone."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from stub_endpoint import endpoint
from stub_server import Stub, answer, body, picky, status

from models.base import Request
from models.engines.openai import client
from models.engines.openai.waits import asked_wait
from models.errors import EndpointError

Film = Callable[..., Request]
GEMINI = [
    {
        "error": {
            "code": 429,
            "message": "You exceeded your current quota, please check your plan and billing details. * Quota exceeded for metric: "
            "generate_content_free_tier_requests, limit: 10\nPlease retry in 34.074824224s.",
            "status": "RESOURCE_EXHAUSTED",
            "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}],
        }
    }
]


def says(code: int, said: Any, headers: dict[str, str] | None = None) -> Any:
    return body(code, json.dumps(said).encode(), {"Content-Type": "application/json"} | (headers or {}))


def spoken(message: str) -> str:
    return json.dumps({"error": {"message": message, "type": "tokens", "code": "rate_limit_exceeded"}})


@pytest.mark.parametrize(
    ("headers", "text", "seconds"),
    [
        ({"retry-after": "7"}, spoken("Please try again in 2s"), 7.0),
        ({"retry-after-ms": "350", "retry-after": "1"}, "", 0.35),
        ({}, json.dumps(GEMINI), 34.0),
        ({}, spoken("Please retry in 34.074824224s."), 34.074824224),
        ({}, spoken("Rate limit reached on TPM: Limit 6000, Used 5900. Please try again in 7.66s. Visit"), 7.66),
        ({}, spoken("Please try again in 1m30.5s."), 90.5),
        ({}, spoken("Please try again in 350ms."), 0.35),
        ({}, spoken("Please try again in 2h3m."), 7380.0),
        ({}, spoken("exceeded call rate limit. Please retry after 12 seconds."), 12.0),
        ({}, spoken("Too many requests, try again in 5 minutes"), 300.0),
        ({}, '{"error": "Model is loading", "estimated_time": 20.5}', 20.5),
        ({"retry-after": "soon"}, spoken("Try again in a while"), None),
        ({}, "", None),
    ],
)
def test_what_is_said_of_the_time(headers: dict[str, str], text: str, seconds: float | None) -> None:
    assert asked_wait(headers, text) == (None if seconds is None else pytest.approx(seconds))


async def test_a_limit_a_minute_is_waited_for_whatever_it_says_of_billing(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(client, "AsyncRetrying", partial(client.AsyncRetrying, sleep=sleep))
    with Stub([says(429, GEMINI), answer("fine")]) as server:
        async with endpoint(server) as captioner:
            assert (await captioner.caption(film())).text == "fine"
    assert slept == [34.0]


@pytest.mark.parametrize(("told", "asked"), [("37", 15), ("0.2", 3), ("600", 3)])
async def test_a_refusal_until_a_time_that_was_told_counts_a_fifth(
    told: str, asked: int, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sleep(seconds: float) -> None:
        return None

    monkeypatch.setattr(client, "AsyncRetrying", partial(client.AsyncRetrying, sleep=sleep))
    with Stub([], always=status(429, "slow down", headers={"Retry-After": told})) as server:
        async with endpoint(server, attempts=3) as captioner:
            with pytest.raises(EndpointError, match=rf"\({asked} attempts\)"):
                await captioner.caption(film())
    assert len(server.requests) == asked


async def test_a_quota_that_comes_back_in_hours_ends_the_run_at_once(film: Film) -> None:
    with Stub([], always=status(429, "You exceeded your current quota. Please retry in 8h12m.")) as server:
        async with endpoint(server) as captioner:
            with pytest.raises(EndpointError, match="wants to be paid"):
                await captioner.caption(film())
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "said",
    [
        {"error": {"message": "Rate limit exceeded", "type": "rate_limit", "code": "rate_limit_exceeded"}},
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        {"error": {"status": "UNAVAILABLE", "message": "The model is overloaded."}},
        {"code": 429, "msg": "slow down"},
        {"object": "error", "message": "queue is full", "type": "x", "code": 503},
        {
            "choices": [
                {
                    "message": {"content": ""},
                    "finish_reason": "error",
                    "error": {"code": 502, "message": "Provider returned error"},
                }
            ]
        },
    ],
)
async def test_what_may_pass_is_known_by_its_name_or_number_in_a_body_of_200(said: Any, film: Film) -> None:
    with Stub([says(200, said)], always=picky()) as server:
        async with endpoint(server) as captioner:
            assert (await captioner.caption(film())).text == "fine"
    assert len(server.requests) == 2


async def test_a_wait_that_a_person_would_wonder_at_is_told_once(film: Film, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING")
    steps = [status(503, headers={"Retry-After": "30"}), status(429, headers={"Retry-After": "30"}), answer("late")]
    with Stub(steps) as server, pytest.MonkeyPatch.context() as patched:
        patched.setattr(client, "LONGEST_WAIT", 0.01)
        async with endpoint(server) as captioner:
            assert (await captioner.caption(film())).text == "late"
    assert [record.getMessage() for record in caplog.records if "names a time" in record.getMessage()] == [
        f"{server.url} can't answer yet and names a time: it is asked again then, 0.01 s later at most"
    ]


@pytest.mark.parametrize("code", [429, 503])
async def test_nobody_waits_for_a_day(code: int, film: Film, caplog: pytest.LogCaptureFixture) -> None:
    with Stub([], always=status(code, headers={"Retry-After": "86400"})) as server:
        async with endpoint(server) as captioner:
            with pytest.raises(EndpointError, match=r"1 attempt; it asks to be asked again in 24\.0 hours"):
                await captioner.caption(film())
    assert "asked again" not in caplog.text, "it is not"
