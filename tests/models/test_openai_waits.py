"""When a server that refuses for now is asked again: by its headers, or by its words alone."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from stub_endpoint import endpoint
from stub_server import Stub, answer, body, picky, status

from models.base import Request
from models.engines.openai import attempts
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


def unslept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What would have been slept between attempts; nothing is."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(attempts, "AsyncRetrying", partial(attempts.AsyncRetrying, sleep=sleep))
    return slept


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
        ({}, spoken("Try again in 2 days"), 172_800.0),
        ({}, spoken("Please try again in 2 weeks"), None),
        ({}, '{"retry_after": "2 days"}', None),
        ({"retry-after": "inf"}, "", None),
        ({"retry-after": "9" * 400}, spoken("Please try again in 2s"), 2.0),
        ({"retry-after-ms": "1e999", "retry-after": "3"}, "", 3.0),
        ({"retry-after": "30, 30"}, "", 30.0),
        ({"retry-after": "60s"}, "", 60.0),
        (
            {
                "x-ratelimit-reset-tokens": "1m30s",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-requests": "6m0s",
                "x-ratelimit-remaining-requests": "9",
            },
            "",
            90.0,
        ),
        ({"x-ratelimit-reset-requests": "42s"}, "", 42.0),
        ({"x-ratelimit-reset": "350ms"}, "", 0.35),
        ({"x-ratelimit-reset-tokens": "7", "x-ratelimit-remaining-tokens": "900"}, "", None),
        ({"anthropic-ratelimit-requests-reset": "2020-01-01T00:00:00Z", "anthropic-ratelimit-requests-remaining": "0"}, "", 0.0),
        ({"x-ratelimit-reset-tokens": "60s"}, spoken("Please try again in 2s"), 2.0),
        ({}, '{"error": {"metadata": {"headers": [{}]}}}', None),
    ],
)
def test_what_is_said_of_the_time(headers: dict[str, str], text: str, seconds: float | None) -> None:
    assert asked_wait(headers, text) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize("unit", [1, 1000])
def test_a_time_in_place_of_seconds(unit: int) -> None:
    when = str(int((time.time() + 1000) * unit))
    inside = json.dumps(
        {"error": {"code": 429, "metadata": {"headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": when}}}}
    )
    for headers, text in (({"retry-after": when}, ""), ({"x-ratelimit-reset": when}, ""), ({}, inside)):
        assert 500 < (asked_wait(headers, text) or 0) <= 1000
    assert asked_wait({"x-ratelimit-reset": when}, "", 503) is None, "sent with every answer: no limit is what is refused"


async def test_a_limit_a_minute_is_waited_for_whatever_it_says_of_billing(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    slept = unslept(monkeypatch)
    with Stub([says(429, GEMINI), answer("fine")]) as server:
        async with endpoint(server) as captioner:
            assert (await captioner.caption(film())).text == "fine"
    assert slept == [34.0]


@pytest.mark.parametrize(("told", "asked"), [("37", 15), ("0.2", 3), ("600", 3)])
async def test_a_refusal_until_a_time_that_was_told_counts_a_fifth(
    told: str, asked: int, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    unslept(monkeypatch)
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


async def test_a_limit_a_minute_that_names_no_time_is_outlasted(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    slept = unslept(monkeypatch)
    with Stub([], always=status(429, "slow down")) as server:
        async with endpoint(server, attempts=6) as captioner:
            with pytest.raises(EndpointError, match=r"answers 429 slow down \(6 attempts\)"):
                await captioner.caption(film())
    assert len(slept) == 5
    assert sum(slept) > 60 * 0.01, "in the unit of the tests' patience"
    assert all(seconds >= least * 0.01 for seconds, least in zip(slept, (5, 10, 20, 30, 30), strict=True))


async def test_who_is_refused_while_others_pass_waits_longer(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    """More requests under way than a server takes in a minute: by chance one of them is refused again and again."""
    unslept(monkeypatch)
    with Stub([], always=picky(lambda said: status(429) if "unlucky" in json.dumps(said) else None)) as server:
        async with endpoint(server, attempts=3) as captioner:

            async def others() -> None:
                while True:
                    await captioner.caption(film())

            going = asyncio.create_task(others())
            try:
                with pytest.raises(EndpointError) as refused:
                    await captioner.caption(film(prompt="unlucky"))
            finally:
                going.cancel()
    assert int(re.findall(r"(\d+) attempts", refused.value.message)[0]) > 3


QUOTA = status(429, "insufficient_quota: You exceeded your current quota, please check your plan and billing details.")


async def test_a_quota_that_may_be_one_of_a_minute_is_asked_for_once_more(
    film: Film, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    slept = unslept(monkeypatch)
    with Stub([QUOTA, answer("fine"), QUOTA, QUOTA, QUOTA, answer("late")]) as server:
        async with endpoint(server, attempts=6) as captioner:
            assert (await captioner.caption(film())).text == "fine"
            assert slept == [pytest.approx(65 * 0.01)]
            assert "if it is one of a minute" in caplog.text
            assert (await captioner.caption(film())).text == "late", "what was there a minute ago is not spent"
    with Stub([], always=QUOTA) as server:
        async with endpoint(server, attempts=6) as captioner:
            with pytest.raises(EndpointError, match=r"wants to be paid \(429\): insufficient_quota"):
                await captioner.caption(film())
    assert len(server.requests) == 2


async def test_a_wait_that_a_person_would_wonder_at_is_told_once(
    film: Film, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING")
    slept = unslept(monkeypatch)
    steps = [status(503, headers={"Retry-After": "30"}), status(429, headers={"Retry-After": "30"}), answer("late")]
    with Stub(steps) as server:
        async with endpoint(server) as captioner:
            assert (await captioner.caption(film())).text == "late"
    assert slept == [30, 30]
    assert [record.getMessage() for record in caplog.records] == [
        f"{server.url} can't answer yet and names a time: it is asked again then, 120 s later at most"
    ]


async def test_a_wait_of_less_than_an_hour_is_waited_for_whole_and_told(
    film: Film, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING")
    slept = unslept(monkeypatch)
    with Stub([status(429, headers={"Retry-After": "1500"}), answer("late")]) as server:
        async with endpoint(server) as captioner:
            assert (await captioner.caption(film())).text == "late"
    assert slept == [1500]
    assert "asks to be asked again in 25 minutes: that is waited for" in caplog.text


@pytest.mark.parametrize("code", [429, 503])
async def test_nobody_waits_for_a_day(code: int, film: Film, caplog: pytest.LogCaptureFixture) -> None:
    with Stub([], always=status(code, headers={"Retry-After": "86400"})) as server:
        async with endpoint(server) as captioner:
            with pytest.raises(EndpointError, match=r"1 attempt; it asks to be asked again in 24\.0 hours"):
                await captioner.caption(film())
    assert "asked again" not in caplog.text, "it is not"
