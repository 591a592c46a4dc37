"""What vLLM refuses is told in one line, with its numbers and without its advice to programmers."""

import pytest

from models.engines.vllm.faults import refusal
from models.errors import PromptTooLong, RequestRefused

SAID = (
    "The decoder prompt (length 6409) is longer than the maximum model length of 2048. Make sure that `max_model_len` is no smaller"
    " than the number of text tokens plus multimodal tokens."
)


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        (SAID, PromptTooLong, "the prompt with its frames does not fit: it has 6,409 tokens, and the model takes 2,048"),
        ("prompt too long", PromptTooLong, "the prompt with its frames does not fit: prompt too long"),
        (
            "At most 6 image(s) may be provided in one prompt. Set `--limit-mm-per-prompt` to increase this limit.",
            PromptTooLong,
            "the prompt with its frames does not fit: the engine takes 6 images in one at most",
        ),
        (
            "The decoder prompt contains a(n) video item with length 25089, which exceeds the pre-allocated encoder cache size 16384.",
            PromptTooLong,
            "the prompt with its frames does not fit: they are more than the engine's cache of pictures holds",
        ),
        ("no such thing\nas that", RequestRefused, "vLLM refuses the request: no such thing"),
    ],
)
def test_a_refusal_is_told_in_one_line(said: str, kind: type[Exception], told: str) -> None:
    found = refusal(ValueError(said))
    assert (type(found), str(found)) == (kind, told)
