"""Addresses without their version, lists of models that are none, and names that were guessed: no run ends that the literal words would not."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from stub_endpoint import endpoint
from stub_server import Stub, answer, body, picky, status

from models.base import Request
from models.engines.openai.addresses import elsewhere
from models.engines.openai.endpoint import OpenAIEndpoint
from models.engines.openai.names import UNNAMED
from models.errors import EndpointError, ModelError, RequestRefused
from models.presets import served_preset

Film = Callable[..., Request]
PAGE = body(200, b"<!DOCTYPE html><html><body>It runs</body></html>", {"Content-Type": "text/html"})


def listing(*names: str) -> Any:
    return body(200, json.dumps({"data": [{"id": name} for name in names]}).encode())


def only(*names: str, refusal: str = "model '{}' not found", code: int = 404) -> Any:
    """A server that knows these names."""
    return picky(lambda said: None if said["model"] in names else status(code, refusal.format(said["model"])))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("listed", "typed", "guess", "known"),
    [
        (["llava-hf/llava-1.5-7b"], "llava-1.5-7b-x", "llava-hf/llava-1.5-7b", "llava-1.5-7b-x"),
        (["openai/gpt-4o", "b"], "gpt-4o", "openai/gpt-4o", "gpt-4o"),
        (["llava:7b", "b"], "llava", "llava:7b", "llava"),
        (["Qwen/VL"], "qwen/vl:nebius", "Qwen/VL:nebius", "qwen/vl:nebius"),
        (["org/llava-1.5-7b", "b"], "llava-1.5-7b", "org/llava-1.5-7b", "llava-1.5-7b"),
        (["org/llava-1.5-7b", "b"], "llava-1.5-7b", "org/llava-1.5-7b", "llava-hf/llava-1.5-7b-hf"),
        (None, "llava-1.5-7b", "llava-hf/llava-1.5-7b-hf", "llava-1.5-7b"),
    ],
)
@pytest.mark.parametrize(("code", "refusal"), [(404, "model '{}' not found"), (400, "The model does not exist: {}"), (404, "")])
async def test_a_name_that_was_guessed_and_is_none_is_left_for_the_one_that_was_given(
    listed: list[str] | None, typed: str, guess: str, known: str, code: int, refusal: str, stream: bool, film: Film
) -> None:
    models = listing(*listed) if listed else status(404)
    with Stub([], models=models, always=only(known, code=code, refusal=refusal)) as server:
        async with endpoint(server, served_preset(typed)) as captioner:
            assert captioner._model == guess
            for _ in range(2):
                if stream:
                    assert "fine" in [piece async for piece in captioner.stream(film())]
                else:
                    assert (await captioner.caption(film())).text == "fine"
            assert captioner._model == known
    asked = [request[2]["model"] for request in server.requests]
    assert (asked[0], asked[-2:]) == (guess, [known, known]), "what works is kept"


async def test_two_names_that_could_be_meant_leave_the_one_that_was_given(film: Film, caplog: pytest.LogCaptureFixture) -> None:
    with Stub([answer("fine")], models=listing("llava:7b", "llava:13b"), always=only("llava:7b")) as server:
        async with endpoint(server, served_preset("llava")) as captioner:
            assert "lists no llava (it has: llava:7b, llava:13b): it is tried" in caplog.text
            assert (await captioner.caption(film())).text == "fine"
        async with endpoint(server, served_preset("llava")) as captioner:
            with pytest.raises(
                EndpointError, match=r"has no model llava \(404 .*it has: llava:7b, llava:13b\): name one by --model"
            ):
                await captioner.caption(film())


async def test_names_that_are_all_wrong_end_the_run_with_those_that_there_are(film: Film) -> None:
    for code in (400, 404):
        with Stub([], models=listing("org/llava", "b"), always=only(code=code)) as server:
            async with endpoint(server, served_preset("llava")) as captioner:
                with pytest.raises(EndpointError, match=rf"has no model llava \({code} .*it has: org/llava, b\)"):
                    await captioner.caption(film())
        assert [request[2]["model"] for request in server.requests] == ["org/llava", "llava"]


async def test_a_404_of_pictures_is_no_wrong_name(film: Film) -> None:
    with Stub([], models=listing("org/llava", "b"), always=status(404, "No endpoints found that support image input")) as server:
        async with endpoint(server, served_preset("llava")) as captioner:
            with pytest.raises(EndpointError, match="takes no pictures"):
                await captioner.caption(film())
    assert {request[2]["model"] for request in server.requests} == {"org/llava"}


LISTS = [
    *map(status, (400, 401, 403, 404, 405, 500, 503)),
    *(body(code, said) for code, said in ((200, b""), (204, b""), (404, b""), (200, b"{}"), (200, b"null"))),
    PAGE,
]


@pytest.mark.parametrize("models", LISTS)
async def test_a_list_that_is_none_keeps_no_named_model_away(models: Any, film: Film) -> None:
    with Stub([answer("fine")], models=models) as server:
        async with endpoint(server, served_preset("mine"), attempts=2) as captioner:
            assert (await captioner.caption(film())).text == "fine"
    assert server.requests[0][2]["model"] == "mine"


async def test_a_key_that_is_refused_by_both_is_told_with_what_to_set(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-ours")
    with Stub([], models=status(401), always=status(401)) as server:
        async with endpoint(server, served_preset("mine")) as captioner:
            with pytest.raises(
                EndpointError, match=r"refuses the key \(401\): give the right one by --api-key or OPENAI_API_KEY"
            ):
                await captioner.caption(film())


@pytest.mark.parametrize("code", [401, 403])
async def test_a_key_that_nobody_gave_is_asked_for(code: int, film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the list of models where none is named, by the chat where one is."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    wants = rf"wants a key, and was sent none \({code}.*\): give one by --api-key or OPENAI_API_KEY"
    with Stub([], models=status(code), always=status(code)) as server:
        async with endpoint(server, served_preset("mine")) as captioner:
            with pytest.raises(EndpointError, match=wants):
                await captioner.caption(film())
        with pytest.raises(EndpointError, match=wants):
            async with endpoint(server, served_preset(UNNAMED)):
                pass


@pytest.mark.parametrize(
    ("given", "places"),
    [
        ("http://h:11434", ["http://h:11434/v1"]), ("http://h:11434/api", ["http://h:11434/v1", "http://h:11434/api/v1"]),
        ("http://h:11434/api/chat", ["http://h:11434/v1"]), ("http://h/ollama/api/generate", ["http://h/ollama/v1"]),
        ("https://h/openai", ["https://h/openai/v1"]), ("http://h/v1", []), ("https://h/v1beta/openai", []),
        ("https://h/openai/deployments/x?api-version=1", []), ("https://h.services.ai.azure.com/models", []),
    ],
)  # fmt: skip
def test_where_a_server_may_answer_too(given: str, places: list[str]) -> None:
    assert elsewhere(given) == places


class Native(Stub):
    """A server whose OpenAI paths are below /v1 alone, as Ollama's."""

    def __init__(self, models: Any, elsewhere: Any = None) -> None:
        def listed(handler: Any) -> None:
            (models if handler.path == "/v1/models" else elsewhere or body(404, b"404 page not found"))(handler)

        def chat(handler: Any) -> None:
            (answer("fine") if handler.path == "/v1/chat/completions" else body(404, b"404 page not found"))(handler)

        super().__init__([], models=listed, always=chat)
        self.root = self.url.removesuffix("/v1")


@asynccontextmanager
async def at(address: str, model: str | None) -> AsyncIterator[OpenAIEndpoint]:
    made = OpenAIEndpoint(served_preset(model), base_url=address, patience=0.001, attempts=2)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


@pytest.mark.parametrize("path", ["", "/", "/api", "/api/chat", "/api/generate", "/api/tags"])
@pytest.mark.parametrize(
    ("models", "model"), [(listing("llava:latest"), "llava"), (listing("llava:latest"), None), (status(401), "llava:latest")]
)
@pytest.mark.parametrize("other", [None, PAGE, body(200, b'{"error": "Unexpected endpoint or method. (GET /models)"}')])
async def test_an_address_without_its_version_is_found(
    path: str, models: Any, model: str | None, other: Any, film: Film, caplog: pytest.LogCaptureFixture
) -> None:
    with Native(models, other) as server:
        async with at(server.root + path, model) as captioner:
            assert (await captioner.caption(film())).text == "fine"
            assert captioner._model == "llava:latest"
    assert [request[1] for request in server.requests] == ["/v1/chat/completions"]
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told == [
        f"{(server.root + path).rstrip('/')} is no address of OpenAI's protocol: {server.url} is, and is asked (--base-url)"
    ]


async def test_an_address_that_is_not_found_is_told_with_where_most_answer(film: Film) -> None:
    with Native(status(404)) as server:
        async with at(f"{server.root}/api", "llava") as captioner:
            with pytest.raises(EndpointError, match=rf"most servers answer at {server.url}\)"):
                await captioner.caption(film())
    with Native(status(401)) as server, pytest.raises(EndpointError, match="--api-key"):
        async with at(server.root, None):
            pass


@pytest.mark.parametrize("models", [listing("a", "b"), status(401), status(403)])
async def test_a_chat_at_the_address_that_was_given_stays_there(
    models: Any, film: Film, caplog: pytest.LogCaptureFixture
) -> None:
    """Perplexity's list is below /v1, and its chat is not."""

    def listed(handler: Any) -> None:
        (models if handler.path == "/v1/models" else status(404))(handler)

    def chat(handler: Any) -> None:
        (status(404) if handler.path != "/chat/completions" else answer("fine") if handler.sent else status(400))(handler)

    with Stub([], models=listed, always=chat) as server:
        async with at(server.url.removesuffix("/v1"), "mine") as captioner:
            assert (await captioner.caption(film())).text == "fine"
    assert [request[2]["model"] for request in server.requests] == ["mine"]
    assert "--base-url" not in caplog.text


def says(code: int, said: Any) -> Any:
    return body(code, json.dumps(said).encode(), {"Content-Type": "application/json"})


AZURE = {"error": {
    "message": "The response was not given due to the prompt.", "param": "prompt", "code": "content_filter", "status": 400,
    "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {
        "violence": {"filtered": True, "severity": "high"}, "hate": {"filtered": False, "severity": "safe"}}},
}}  # fmt: skip
SHAPES = [
    (says(404, {"error": "model 'x' not found"}), EndpointError, "does not exist (404 model 'x' not found)"),
    (says(400, {"error": "No models loaded. Please load a model"}), RequestRefused, "(400): No models loaded. Please load a model"),
    (says(422, {"error": "Input validation error: odd", "error_type": "validation"}), RequestRefused, "(422): Input validation error: odd"),
    (says(400, {"detail": "bad"}), RequestRefused, "(400): bad"),
    (says(422, {"detail": [{"loc": ["body", "x"], "msg": "odd", "type": "y"}]}), RequestRefused, "(422): body.x: odd"),
    (says(400, {"type": "error", "error": {"type": "invalid_request_error", "message": "odd"}}), RequestRefused, "(400): odd"),
    (says(401, {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}), EndpointError, "--api-key"),
    (says(400, AZURE), RequestRefused, "by a content filter (400): The response was not given due to the prompt. (violence: high)"),
    (says(400, {"error": {"code": "content_filter"}}), RequestRefused, "by a content filter (400): content_filter"),
    (says(403, {"error": {"code": "content_policy_violation", "message": "no"}}), RequestRefused, "by a content filter (403): no"),
    (says(404, {"error": "Not Found", "message": "No route", "status": 404}), EndpointError, "(404 Not Found: No route)"),
    (says(400, {"error": True, "message": "odd"}), RequestRefused, "(400): odd"),
    (says(400, {"success": False, "errors": [{"code": 7, "message": "odd"}]}), RequestRefused, "(400): odd"),
    (says(400, {"fault": {"faultstring": "odd", "detail": {"errorcode": "x"}}}), RequestRefused, "(400): odd"),
    (says(400, {"Message": "odd"}), RequestRefused, "(400): odd"),
]  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("step", "kind", "told"), SHAPES)
async def test_errors_of_all_shapes_are_one_sentence(
    step: Any, kind: type[ModelError], told: str, stream: bool, film: Film
) -> None:
    async def ask(captioner: OpenAIEndpoint) -> None:
        if stream:
            _ = [piece async for piece in captioner.stream(film())]
        else:
            await captioner.caption(film())

    with Stub([], always=step) as server:
        async with endpoint(server, served_preset("tiny")) as captioner:
            with pytest.raises(kind) as refused:
                await ask(captioner)
    assert type(refused.value) is kind
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_what_a_filter_refuses_is_asked_for_in_no_other_form(film: Film) -> None:
    with Stub([], always=says(400, AZURE)) as server:
        async with endpoint(server) as captioner:
            with pytest.raises(RequestRefused):
                await captioner.caption(film())
    assert len(server.requests) == 1, "of a video too"


async def test_an_error_type_beside_its_words_may_pass(film: Film) -> None:
    with Stub([says(200, {"error": "Model is overloaded", "error_type": "overloaded"}), answer("fine")]) as server:
        async with endpoint(server) as captioner:
            assert (await captioner.caption(film())).text == "fine"
