"""Names of --model that stand in no list of models: tried, and told by what there is where they are wrong."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from stub_endpoint import endpoint
from stub_server import Stub, answer, body, picky, status

from models.base import Request
from models.engines.openai.names import choose
from models.errors import EndpointError, ModelNotFound
from models.presets import served_preset

Film = Callable[..., Request]


def listing(*names: str) -> Any:
    return body(200, json.dumps({"data": [{"id": name} for name in names]}).encode())


@pytest.mark.parametrize(
    ("listed", "given", "name"),
    [
        (["Qwen/Qwen3-VL-8B-Instruct", "b"], "Qwen/Qwen3-VL-8B-Instruct:nebius", "Qwen/Qwen3-VL-8B-Instruct:nebius"),
        (["Qwen/Qwen3-VL-8B-Instruct"], "qwen/qwen3-vl-8b-instruct:nebius", "Qwen/Qwen3-VL-8B-Instruct:nebius"),
        (["qwen/qwen3-vl", "b"], "qwen/qwen3-vl:nitro", "qwen/qwen3-vl:nitro"),
        (["openai/*"], "openai/gpt-4o", "openai/gpt-4o"),
        (["openai/*", "anthropic/*"], "openai/gpt-4o", "openai/gpt-4o"),
        (["openai/*", "mine"], "yours", "mine"),
    ],
)
def test_what_routers_read_into_a_name(listed: list[str], given: str, name: str) -> None:
    found = choose(served_preset(given), listed, "http://x")
    assert (found.name, found.among) == (name, ())


async def test_a_name_that_is_not_listed_is_tried_and_told_once(film: Film, caplog: pytest.LogCaptureFixture) -> None:
    listed = listing("claude-opus-4-1-20250805", "claude-sonnet-4-5-20250929")
    with Stub([answer("fine")], models=listed, always=status(404, "no such thing")) as server:
        async with endpoint(server, served_preset("claude-sonnet-4-5")) as captioner:
            assert (await captioner.caption(film())).text == "fine"
            with pytest.raises(EndpointError, match="does not exist"):
                await captioner.caption(film())
    assert server.requests[0][2]["model"] == "claude-sonnet-4-5"
    assert [record.getMessage() for record in caplog.records] == [
        f"{server.url} lists no claude-sonnet-4-5 (it has: claude-sonnet-4-5-20250929, claude-opus-4-1-20250805): it is tried"
    ]


@pytest.mark.parametrize(
    "refusal",
    [
        status(404, "The model `qwen3-lv` does not exist or you do not have access to it."),
        body(404, b""),
        status(400, "qwen3-lv is not a valid model ID"),
        status(400, "The requested model 'qwen3-lv' is not supported by any provider you have enabled."),
        status(400, "Invalid model name passed in model=qwen3-lv. Call `/v1/models` to view available models for your key."),
    ],
)
async def test_a_name_that_is_wrong_ends_the_run_with_those_that_are_right(refusal: Any, film: Film) -> None:
    with Stub([], models=listing("gemma3", *"abcdefghij", "qwen3-vl"), always=refusal) as server:
        async with endpoint(server, served_preset("qwen3-lv")) as captioner:
            with pytest.raises(EndpointError) as wrong:
                await captioner.caption(film())
    assert "has no model qwen3-lv (4" in wrong.value.message
    assert "it has: qwen3-vl, gemma3, a, b, c, d, e, f, ...): name one by --model" in wrong.value.message
    assert len(server.requests) == 1


async def test_what_an_unlisted_model_can_not_do_is_adapted_to(film: Film) -> None:
    refusal = status(400, "The model mine does not support image input of video_url")
    takes_none = status(404, "No endpoints found that support input video")
    for one in (refusal, takes_none):
        server = picky(lambda said, one=one: one if "video_url" in json.dumps(said) else None)
        with Stub([], models=listing("a", "b"), always=server) as found:
            async with endpoint(found) as captioner:
                assert (await captioner.caption(film())).text == "fine"


async def test_a_key_that_may_not_list_and_is_wrong_is_told_by_the_chat(film: Film) -> None:
    with Stub([], models=status(401, "Unauthorized"), always=status(401, "Unauthorized")) as server:
        async with endpoint(server, served_preset("mine")) as captioner:
            with pytest.raises(EndpointError, match="--api-key"):
                await captioner.caption(film())


def test_patterns_alone_are_no_model() -> None:
    with pytest.raises(ModelNotFound, match="--model"):
        choose(served_preset(None), ["openai/*"], "http://x")
