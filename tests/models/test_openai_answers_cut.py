"""Answers that did not come to their end, refusals of what one window shows, and bodies of 200 that are none."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from stub_endpoint import PRESET, endpoint
from stub_server import Stub, answer, body, picky, status

from models.base import Reply, Request
from models.engines.openai.endpoint import OpenAIEndpoint
from models.errors import BadEngineOption, EndpointError, ModelNotFound, RequestRefused

Film = Callable[..., Request]
LOG = "models.engines.openai"
IMAGES = replace(PRESET, frames="images")


def says(code: int, said: Any) -> Any:
    return body(code, json.dumps(said).encode(), {"Content-Type": "application/json"})


@pytest.mark.parametrize("finish", ["content_filter", "SAFETY", "content_filter: OTHER", "sensitive", "model_length", "length"])
async def test_half_a_sentence_that_a_filter_left_is_cut_off(finish: str, film: Film, caplog: pytest.LogCaptureFixture) -> None:
    with Stub([], always=answer("A man walks and", finish=finish)) as server:
        async with endpoint(server, IMAGES) as captioner:
            with caplog.at_level(logging.WARNING, LOG):
                got = [await captioner.caption(film()) for _ in range(2)]
    assert {(one.text, one.finish) for one in got} == {("A man walks and", "length")}
    told = sum("a content filter of the server cut answers off" in record.getMessage() for record in caplog.records)
    assert told == ("length" not in finish), "once, and not where more tokens help"


@pytest.mark.parametrize(
    "choice",
    [
        {
            "message": {"content": "A man wal"},
            "finish_reason": "error",
            "error": {"code": 502, "message": "Provider returned error"},
        },
        {"message": {"content": "A man wal"}, "finish_reason": "error"},
        {"message": {"content": "A man wal"}, "finish_reason": "abort"},
        {"message": {"content": "A man wal"}, "finish_reason": "network_error"},
        {"message": {"content": ""}, "finish_reason": "insufficient_system_resource"},
    ],
)
async def test_an_answer_that_the_server_gave_up_is_none(choice: dict[str, Any], film: Film) -> None:
    stream = f"data: {json.dumps({'choices': [{'delta': choice['message']} | choice]})}\n\ndata: [DONE]\n\n"
    with Stub([], always=says(200, {"choices": [choice]})) as server:
        async with endpoint(server, IMAGES) as captioner:
            with pytest.raises(RequestRefused, match=r"Provider returned error|finish_reason [a-z]+"):
                await captioner.caption(film())
    with Stub([], always=body(200, stream.encode(), {"Content-Type": "text/event-stream"})) as server:
        async with endpoint(server, IMAGES) as captioner:
            with pytest.raises(RequestRefused, match=r"Provider returned error|finish_reason [a-z]+"):
                _ = [piece async for piece in captioner.stream(film()) if isinstance(piece, Reply)]


@pytest.mark.parametrize(
    "said",
    [
        'requires moderation on X. Your input was flagged for "violence". No credits were charged.',
        "This image may violate our usage policies",
        "输入内容包含敏感信息",
    ],
)
async def test_what_one_window_shows_does_not_end_the_run(said: str, film: Film) -> None:
    with Stub([status(403, said)], always=picky()) as server:
        async with endpoint(server, IMAGES) as captioner:
            with pytest.raises(RequestRefused) as refused:
                await captioner.caption(film())
            assert said in str(refused.value)
            assert (await captioner.caption(film())).text == "fine"
    with Stub([], always=status(403, "Country, region, or territory not supported")) as server:
        async with endpoint(server, IMAGES) as captioner:
            with pytest.raises(EndpointError, match="wants a key, and was sent none"):
                await captioner.caption(film())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"code": 50001, "msg": "余额不足", "data": None}, "余额不足"),
        ({"success": False, "message": "Model is not deployed in this region"}, "Model is not deployed in this region"),
        ({"object": "error", "message": "Expects image tokens", "code": 400}, "Expects image tokens"),
        ({"choices": None, "detail": "upstream produced nothing"}, "upstream produced nothing"),
    ],
)
async def test_a_body_of_200_that_says_an_error_in_its_own_way_is_read(data: Any, words: str, film: Film) -> None:
    with Stub([], always=says(200, data)) as server:
        async with endpoint(server, IMAGES) as captioner:
            with pytest.raises(RequestRefused, match=words):
                await captioner.caption(film())


async def test_a_refusal_in_such_a_body_is_adapted_to(film: Film) -> None:
    refusal = says(200, {"object": "error", "message": "seed is not supported"})
    with Stub([], always=picky(lambda said: refusal if "seed" in said else None)) as server:
        async with endpoint(server, IMAGES) as captioner:
            assert [(await captioner.caption(film())).text for _ in range(2)] == ["fine"] * 2
    assert ["seed" in request[2] for request in server.requests] == [True, False, False]


async def test_a_page_to_log_in_at_is_called_one(film: Film) -> None:
    page = b"<!DOCTYPE html><html><head><title>Sign in - Acme</title></head><body>Please log in</body></html>"
    with Stub([], always=body(200, page, {"Content-Type": "text/html"})) as server:
        async with endpoint(server, IMAGES) as captioner:
            with pytest.raises(RequestRefused, match=r"a page: is --base-url right.*Sign in - Acme Please log in"):
                await captioner.caption(film())


@pytest.mark.parametrize(
    "said",
    [
        {"detail": "temperature: Input should be greater than 0"},
        {"error": {"message": "Temperature has to be positive"}},
        {"error": {"message": "temperature is out of range (0, 1]"}},
    ],
)
async def test_a_temperature_of_nothing_is_left_out_however_it_is_refused(said: Any, film: Film) -> None:
    with Stub([], always=picky(lambda asked: says(422, said) if "temperature" in asked else None)) as server:
        async with endpoint(server, IMAGES) as captioner:
            assert (await captioner.caption(film())).text == "fine"


async def test_a_list_of_formats_without_jpeg_is_answered_by_png(film: Film) -> None:
    refusal = status(400, "Could not process image: unsupported format. Supported formats: png, webp")
    with Stub([], always=picky(lambda said: refusal if "image/jpeg" in json.dumps(said) else None)) as server:
        async with endpoint(server, IMAGES) as captioner:
            assert (await captioner.caption(film())).text == "fine"


@pytest.mark.parametrize("key", ["abc\r\n", "  abc ", "abc"])
async def test_what_stands_around_a_key_is_none_of_it(key: str, film: Film) -> None:
    with Stub([], always=picky()) as server:
        captioner = OpenAIEndpoint(IMAGES, base_url=server.url, api_key=key)
        await captioner.start()
        assert (await captioner.caption(film())).text == "fine"
        await captioner.close()
    assert server.requests[0][3]["Authorization"] == "Bearer abc"
    assert "api-key" not in server.requests[0][3]


@pytest.mark.parametrize("key", ["secret\nrest", "secret…rest", "my secret"])
async def test_a_key_that_no_header_can_hold_is_told_and_not_said(key: str) -> None:
    captioner = OpenAIEndpoint(IMAGES, base_url="http://127.0.0.1:9/v1", api_key=key)
    with pytest.raises(BadEngineOption, match="copy it anew") as refused:
        await captioner.start()
    assert "secret" not in str(refused.value)


async def test_azures_older_doors_are_shown_the_key_where_they_look_for_it(film: Film) -> None:
    with Stub([], always=picky()) as server:
        captioner = OpenAIEndpoint(IMAGES, base_url=f"{server.url}/chat/completions?api-version=2024-10-21", api_key="abc")
        await captioner.start()
        await captioner.caption(film())
        await captioner.close()
    assert server.requests[0][3]["api-key"] == "abc"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "ftp://proxy.example:3128"])
async def test_a_proxy_that_can_not_be_used_is_told(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    captioner = OpenAIEndpoint(IMAGES, base_url="http://example.test/v1")
    with pytest.raises(BadEngineOption, match="HTTPS_PROXY"):
        await captioner.start()


async def test_an_address_without_a_path_is_helped_where_no_model_is_named() -> None:
    with Stub([], models=body(404, b"404 page not found")) as server:
        captioner = OpenAIEndpoint(replace(IMAGES, name="served"), base_url=server.url.removesuffix("/v1"))
        with pytest.raises(ModelNotFound, match="most servers answer at"):
            await captioner.start()


async def test_a_refusal_among_the_parts_of_the_content_is_read(film: Film) -> None:
    choice = {"message": {"content": [{"type": "refusal", "refusal": "I can't help with that."}]}, "finish_reason": "stop"}
    with Stub([], always=says(200, {"choices": [choice]})) as server:
        async with endpoint(server, IMAGES) as captioner:
            with pytest.raises(RequestRefused, match="the model refuses: I can't help with that"):
                await captioner.caption(film())
