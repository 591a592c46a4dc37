"""What people give as --base-url, and what of it is the base of a server's paths."""

import base64
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from stub_endpoint import endpoint
from stub_server import Stub, answer, status

from models.base import Request
from models.engines.openai.addresses import address, parted
from models.engines.openai.endpoint import OpenAIEndpoint
from models.errors import BadEngineOption, EndpointError
from models.presets import served_preset

BASES = [
    ("https://x.services.ai.azure.com/models?api-version=1", "https://x.services.ai.azure.com/models?api-version=1"),
    ("https://x.services.ai.azure.com/models/chat/completions?a=1", "https://x.services.ai.azure.com/models?a=1"),
    ("https://x.inference.ai.azure.com/models/", "https://x.inference.ai.azure.com/models"),
    ("https://gateway.example/models/chat/completions", "https://gateway.example/models"),
    ("http://localhost:8000/v1/models/", "http://localhost:8000/v1"),
    ("http://localhost:8000/v1/chat/completions", "http://localhost:8000/v1"),
    ("http://localhost:8000/v1/completions", "http://localhost:8000/v1"),
    ("http://[::1]:8000/v1/", "http://[::1]:8000/v1"),
]


@pytest.mark.parametrize(("given", "base"), BASES)
def test_one_end_is_taken_off_and_the_models_of_azures_foundry_stay(given: str, base: str) -> None:
    assert address(given) == base


@pytest.mark.parametrize("given", ["http://münchen..de/v1", "http:///v1", "http://a\x01b/v1", f"http://{'ü' * 70}.de/v1"])
async def test_an_address_that_is_none_is_told_before_anything_is_asked(given: str) -> None:
    with pytest.raises(BadEngineOption, match=r"--base-url .* is no address"):
        await OpenAIEndpoint(served_preset("mine"), base_url=given).start()


@pytest.mark.parametrize(
    ("given", "base", "login"),
    [
        ("http://me:p%40ss@h:8000/v1", "http://h:8000/v1", ("me", "p@ss")), ("https://me@h/v1?a=b", "https://h/v1?a=b", ("me", "")),
        ("http://:@h/v1", "http://h/v1", None), ("http://@h/v1", "http://h/v1", None),
        ("http://a:b@c@[::1]:8000/v1", "http://[::1]:8000/v1", ("a", "b@c")), ("http://h/v1@x", "http://h/v1@x", None),
    ],
)  # fmt: skip
def test_a_name_and_a_password_are_no_part_of_the_address(given: str, base: str, login: tuple[str, str] | None) -> None:
    assert parted(given) == (base, login)


async def test_a_password_is_sent_and_stands_in_no_message(
    film: Callable[..., Request], caplog: pytest.LogCaptureFixture
) -> None:
    with Stub([answer("fine"), status(401)]) as server:
        place = SimpleNamespace(url=server.url.replace("://", "://me:s3cr3t@"))
        async with endpoint(place) as captioner:
            assert (await captioner.caption(film())).text == "fine"
            with pytest.raises(EndpointError, match=f"^{server.url} refuses the key") as refused:
                await captioner.caption(film())
    sent = base64.b64encode(b"me:s3cr3t").decode()
    assert [headers["Authorization"] for *_, headers in server.requests] == [f"Basic {sent}"] * 2
    assert "s3cr3t" not in str(refused.value) + caplog.text


@pytest.mark.parametrize(
    "given", ["http://me:s3cr3t@/v1", "http://me:s3cr3t/4@h/v1", "ftp://me:s3cr3t@h/v1", "http://me:s3cr3t@h:port/v1"]
)
def test_a_password_is_not_told_of_an_address_that_is_none(given: str) -> None:
    with pytest.raises(BadEngineOption) as refused:
        OpenAIEndpoint(served_preset("mine"), base_url=given)
    assert "s3cr3t" not in str(refused.value)
