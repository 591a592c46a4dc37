"""What people give as --base-url, and what of it is the base of a server's paths."""

import pytest

from models.engines.openai.addresses import address
from models.engines.openai.endpoint import OpenAIEndpoint
from models.errors import BadEngineOption
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
