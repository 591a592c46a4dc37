"""A refusal that comes by a status that does not mean one is told by the status that came, and adapted to as any other."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from stub_endpoint import endpoint
from stub_server import Stub, body, picky, status

from models.base import Request
from models.engines.openai.refusals import too_large
from models.errors import EndpointError, ModelError, PromptTooLong, RequestRefused
from models.preset import Preset
from models.presets import served_preset

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
        (
            says(200, {"error": {"code": 401, "message": "who"}}),
            EndpointError,
            "wants a key, and was sent none (200 with error 401)",
        ),
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


@pytest.mark.parametrize(("code", "told"), [(407, "the proxy before"), (511, "the network before")])
async def test_what_stands_before_every_server_ends_the_run(code: int, told: str, film: Film) -> None:
    with Stub([], always=status(code, "log in")) as server:
        async with endpoint(server, PRESET) as captioner:
            with pytest.raises(EndpointError, match=rf"{told} .*\({code}\)") as refused:
                await captioner.caption(film())
    assert refused.value.data["status"] == code
    assert len(server.requests) == 1


class Closed(BaseHTTPRequestHandler):
    """A proxy that lets nobody through to a server by https."""

    def do_CONNECT(self) -> None:
        ASKED.append(self.path)
        self.send_response(407)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is told."""


ASKED: list[str] = []


async def test_a_proxy_before_https_ends_the_run_too(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was asked again and again, and what to do was not said."""
    ASKED.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Closed) as proxy:
        threading.Thread(target=proxy.serve_forever).start()
        for name in ("ALL_PROXY", "all_proxy", "https_proxy", "NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_port}")
        try:
            async with endpoint(SimpleNamespace(url="https://models.example/v1"), PRESET) as captioner:
                with pytest.raises(EndpointError, match=r"the proxy before https://models\.example/v1 wants a name .*\(407\)"):
                    await captioner.caption(film())
        finally:
            proxy.shutdown()
    assert ASKED == ["models.example:443"] * 2, "for its models, and for the window"


@pytest.mark.parametrize(
    ("said", "large"),
    [
        ("at least one of the image dimensions exceed max allowed size for many-image requests: 2000 pixels", True),  # Anthropic
        ("width must be at least 28 pixels", False),
    ],
)
def test_pictures_that_are_too_large_or_too_small(said: str, large: bool) -> None:
    assert too_large(400, said) is large


KEY = "sk-a-key-of-ours-0123456789"
MEANT = [
    (says(400, {"code": "Client specified an invalid argument", "error": f"Incorrect API key provided: {KEY}."}), "wants a key"),
    (says(400, [{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}]), "wants a key"),
    (says(400, {"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low to access the API."}}),
     "wants to be paid (400): Your credit"),
    (says(400, {"error": {"code": "Arrearage", "message": "Access denied, please look at your account."}}), "wants to be paid (400): Access"),
    (says(400, {"error": {"message": "Budget has been exceeded! Current cost: 1", "type": "budget_exceeded"}}), "wants to be paid (400)"),
    (says(200, {"error": "Unexpected endpoint or method. (POST /chat/completions)"}), "/chat/completions does not exist (200 Unexpected"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "told"), MEANT)
@pytest.mark.parametrize("frames", ["images", "video"])
async def test_a_400_of_the_account_the_key_or_the_path_ends_the_run(answer: Any, told: str, frames: str, film: Film) -> None:
    with Stub([], always=answer) as server:
        async with endpoint(server, replace(PRESET, frames=frames)) as captioner:
            with pytest.raises(EndpointError) as refused:
                await captioner.caption(film())
    assert told in str(refused.value)
    assert KEY not in str(refused.value)
    assert len(server.requests) == 1, "no form of the request helps"


async def test_a_path_that_is_missing_is_told_where_the_address_has_none(film: Film) -> None:
    with Stub([], always=MEANT[-1][0]) as server:
        server.url = server.url.removesuffix("/v1")
        async with endpoint(server, PRESET) as captioner:
            with pytest.raises(EndpointError, match=r"most servers answer at http.*/v1"):
                await captioner.caption(film())


async def test_a_list_that_is_refused_by_400_for_the_key() -> None:
    with Stub([], models=MEANT[0][0]) as server, pytest.raises(EndpointError, match="wants a key, and was sent none"):
        async with endpoint(server, served_preset(None)):
            pass


CRASHES = [
    "an unknown error was encountered while running the model",
    "Unknown error",
    "invalid character 'I' looking for beginning of value",
    "invalid response from the runner",
]


@pytest.mark.parametrize("said", CRASHES)
async def test_a_crash_that_is_told_by_500_is_asked_again_as_it_was(said: str, film: Film) -> None:
    with Stub([status(500, said)], always=picky()) as server:
        async with endpoint(server, replace(PRESET, frames="video")) as captioner:
            assert (await captioner.caption(film())).text == "fine"
    first, second = (request[2] for request in server.requests)
    assert first == second, "a video, both times"


async def test_nothing_is_guessed_of_a_500(film: Film) -> None:
    with Stub([status(500, "operation not permitted")], always=picky()) as server:
        async with endpoint(server, replace(PRESET, frames="video")) as captioner:
            with pytest.raises(RequestRefused, match="operation not permitted"):
                await captioner.caption(film())


@pytest.mark.parametrize("before", ["\n\n \n", ""])
@pytest.mark.parametrize("behind", ["", "\n\ndata: [DONE]\n\n"])
async def test_what_stands_around_a_body_is_none_of_it(before: str, behind: str, film: Film) -> None:
    error = json.dumps({"error": {"message": "Provider returned error", "code": 502}})
    fine = json.dumps({"choices": [{"message": {"content": "fine"}, "finish_reason": "stop"}]})
    steps = [body(200, f"{before}{one}{behind}".encode(), {"Content-Type": "application/json"}) for one in (error, fine)]
    with Stub(steps) as server:
        async with endpoint(server, PRESET) as captioner:
            assert (await captioner.caption(film())).text == "fine"
    assert len(server.requests) == 2


@pytest.mark.parametrize("stream", [False, True])
async def test_an_error_that_echoes_the_pictures_is_adapted_to(stream: bool, film: Film) -> None:
    extra = {
        "type": "extra_forbidden",
        "loc": ["body", "seed"],
        "msg": "Extra inputs are not permitted",
        "input": "A" * 5_000_000,
    }
    with Stub([], always=picky(lambda said: says(422, {"detail": [extra]}) if "seed" in said else None)) as server:
        async with endpoint(server, PRESET) as captioner:
            if stream:
                assert "fine" in [piece async for piece in captioner.stream(film())]
            else:
                assert (await captioner.caption(film())).text == "fine"
    assert ["seed" in request[2] for request in server.requests] == [True, False]
