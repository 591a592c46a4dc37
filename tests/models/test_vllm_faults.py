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
        ("no such thing\nas that", RequestRefused, "vLLM refuses the request: no such thing"),
    ],
)
def test_a_refusal_is_told_in_one_line(said: str, kind: type[Exception], told: str) -> None:
    found = refusal(ValueError(said))
    assert (type(found), str(found)) == (kind, told)
