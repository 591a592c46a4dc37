"""Faults of servers, by a scripted stub: what is asked again, what is not, and what each becomes."""

import asyncio
import base64
import io
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from stub_server import Stub, answer, body, events, reset, sleep, status

from models.base import Request, Sampling
from models.engines.openai import attempts
from models.engines.openai.endpoint import OpenAIEndpoint
from models.engines.openai.waits import retry_after
from models.errors import BadEngineOption, EndpointError, ModelNotFound, PromptTooLong, RequestRefused
from models.options import EngineOptions
from models.preset import Preset
from models.presets import served_preset

Film = Callable[..., Request]
PRESET = Preset(name="tiny", id="tiny")
IMAGES = replace(PRESET, frames="images")
QUICK: dict[str, Any] = {"patience": 0.01, "timeout": httpx.Timeout(0.4), "attempts": 4}

SAID_BY_200 = body(200, b'{"error": {"message": "overloaded", "code": 503}}')


@asynccontextmanager
async def endpoint(server: Any, preset: Preset = PRESET, **more: Any) -> AsyncIterator[OpenAIEndpoint]:
    captioner = OpenAIEndpoint(preset, base_url=server.url, **(QUICK | more))
    await captioner.start()
    try:
        yield captioner
    finally:
        await captioner.close()


@pytest.mark.parametrize(
    "fault", [status(429), status(500), status(502), status(503), status(504), reset, sleep(0.8), SAID_BY_200]
)
async def test_faults_that_may_pass_are_asked_again(fault: Any, film: Film) -> None:
    with Stub([fault, fault, answer(" fine ")]) as server:
        async with endpoint(server) as captioner:
            reply = await captioner.caption(film())
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens, reply.finish) == ("fine", 7, 2, "stop")
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", [status(503, "overloaded"), reset, sleep(0.8)])
async def test_a_server_that_stays_away_is_an_endpoint_error(fault: Any, film: Film) -> None:
    with Stub([fault] * 4) as server:
        async with endpoint(server) as captioner:
            with pytest.raises(EndpointError, match=r"127\.0\.0\.1.*\(4 attempts\)"):
                await captioner.caption(film())
            assert (await captioner.metrics())["running"] == 0
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        (status(400, "bad picture"), RequestRefused, r"\(400\): bad picture"),
        (status(400, "This model's maximum context length is 4096 tokens"), PromptTooLong, "does not fit"),
        (status(422, "odd"), RequestRefused, "odd"),
        (status(401, "no key"), EndpointError, "--api-key"),
        (status(403, "no"), EndpointError, "--api-key"),
        (status(404, "no model x"), EndpointError, "no model x.*--base-url"),
    ],
)
async def test_refusals_are_not_asked_again(fault: Any, error: type[Exception], says: str, film: Film) -> None:
    """Of one frame: of several the next request would leave some out where they do not fit."""
    with Stub([fault]) as server:
        async with endpoint(server, preset=IMAGES) as captioner:
            with pytest.raises(error, match=says) as caught:
                await captioner.caption(film(frames=1))
    assert type(caught.value) is error
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        body(200, b"<html>hello</html>"),
        body(200, b'{"choices": []}'),
        body(200, b'{"choices": [{"message": {}}]}'),
        body(200, b"[]"),
        body(200, b""),
    ],
)
async def test_what_is_no_answer_is_a_failed_request(fault: Any, film: Film) -> None:
    with Stub([fault, answer("next")]) as server:
        async with endpoint(server) as captioner:
            with pytest.raises(RequestRefused, match="no chat completion"):
                await captioner.caption(film())
            assert (await captioner.caption(film())).text == "next"


async def test_retry_after_is_kept(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(attempts, "AsyncRetrying", partial(attempts.AsyncRetrying, sleep=sleep))
    with Stub([status(429, headers={"Retry-After": "37"}), answer("fine")]) as server:
        async with endpoint(server) as captioner:
            await captioner.caption(film())
    assert slept == [37]


def test_retry_after_as_seconds_date_or_nonsense() -> None:
    assert retry_after(None) is None
    assert retry_after("2.5") == 2.5
    assert retry_after("soon") is None
    assert retry_after("100000") == 100000
    assert retry_after(format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)) == 0
    assert 8 < (retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=10), usegmt=True)) or 0) <= 10


async def test_an_empty_answer_is_an_empty_reply(film: Film) -> None:
    with Stub([answer(None), answer("cut", finish="length")]) as server:
        async with endpoint(server) as captioner:
            assert (await captioner.caption(film())).text == ""
            assert (await captioner.caption(film())).finish == "length"


async def test_streams(film: Film) -> None:
    with Stub([status(503), events(" a", " b ", "c "), events("a", "b", done=False), status(400)]) as server:
        async with endpoint(server) as captioner:
            *pieces, reply = [piece async for piece in captioner.stream(film())]
            assert pieces == ["a", " b", " c"]
            assert reply.text == "a b c"
            with pytest.raises(RequestRefused, match="broke off"):
                [piece async for piece in captioner.stream(film())]
            with pytest.raises(RequestRefused):
                [piece async for piece in captioner.stream(film())]


async def test_no_more_at_once_than_it_may(film: Film) -> None:
    def slow(handler: Any) -> None:
        time.sleep(0.05)
        answer("fine")(handler)

    with Stub([slow] * 20) as server:
        async with endpoint(server, options=EngineOptions(max_num_seqs=3)) as captioner:
            assert captioner.capacity == 4
            await asyncio.gather(*(captioner.caption(film()) for _ in range(20)))
    assert server.most == 3


async def test_what_is_sent(film: Film) -> None:
    sampling = Sampling(temperature=0.5, seed=9, top_p=0.9, max_tokens=5)
    request = replace(film(3, frames=2, prompt="what?"), sampling=sampling)
    assert request.video is not None
    with Stub([answer("a"), answer("b")]) as server:
        async with endpoint(server, api_key="secret") as captioner:
            await captioner.caption(request)
        async with endpoint(server, replace(PRESET, frames="images")) as captioner:
            await captioner.caption(request)
    (_, path, sent, headers), (_, _, as_images, _) = server.requests
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer secret"
    assert {key: sent[key] for key in ("model", "temperature", "top_p", "max_tokens", "seed")} == {
        "model": "tiny", "temperature": 0.5, "top_p": 0.9, "max_tokens": 5, "seed": 9,
    }  # fmt: skip
    video, text = sent["messages"][0]["content"]
    assert text == {"type": "text", "text": "what?"}
    kind, _, frames = video["video_url"]["url"].partition(",")
    assert kind == "data:video/jpeg;base64"
    for data, frame in zip(frames.split(","), request.video, strict=True):
        seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
        assert np.abs(seen.astype(int) - frame).mean() < 3  # a sharp edge loses more, the picture as a whole does not
    assert [part["type"] for part in as_images["messages"][0]["content"]] == ["image_url", "image_url", "text"]


async def test_which_model_of_the_server() -> None:
    two = body(200, b'{"data": [{"id": "a"}, {"id": "tiny"}]}')
    with Stub([], models=two) as server:
        async with endpoint(server) as captioner:
            assert captioner._model == "tiny"
        with pytest.raises(ModelNotFound, match=r"several models \(it has: a, tiny\): name one by --model"):
            await OpenAIEndpoint(served_preset(None), base_url=server.url, **QUICK).start()
    with Stub([], models=status(401)) as server, pytest.raises(EndpointError, match="--api-key"):
        await OpenAIEndpoint(served_preset(None), base_url=server.url, **QUICK).start()
    with Stub([], models=body(200, b"no list")) as server:
        async with endpoint(server) as captioner:
            assert captioner._model == "tiny"


async def test_nobody_there() -> None:
    with pytest.raises(EndpointError, match="can't be reached"):
        await OpenAIEndpoint(PRESET, base_url="http://127.0.0.1:9", **QUICK).start()


@pytest.mark.parametrize("url", [None, "localhost:8000"])
def test_an_address_is_wanted(url: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(BadEngineOption, match="--base-url"):
        OpenAIEndpoint(PRESET, base_url=url)


async def test_the_key_comes_from_the_environment_and_shows_nowhere(monkeypatch: pytest.MonkeyPatch, film: Film) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "very-secret")
    with Stub([status(401, "bad key")]) as server:
        async with endpoint(server) as captioner:
            with pytest.raises(EndpointError) as caught:
                await captioner.caption(film())
    assert server.requests[0][3]["Authorization"] == "Bearer very-secret"
    assert "very-secret" not in str(caught.value)
