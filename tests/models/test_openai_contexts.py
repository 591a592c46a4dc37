"""Servers whose context is shorter than a window's frames: fewer of them, once, and so from then on; it is told what to set."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from stub_endpoint import endpoint
from stub_server import Stub, content, picky, status

from models.base import Request, Sampling, Turn
from models.engines.openai.refusals import fewer_tokens
from models.errors import PromptTooLong
from models.preset import Preset

PRESET = Preset(name="tiny", id="tiny", frames="images", frame_count=8)
Film = Callable[..., Request]
EACH, WORDS = 1000, 100
"""tokens of an image, and of the rest"""
SAYS = {
    "llama.cpp": "request ({asked} tokens) exceeds the available context size ({room} tokens), try increasing it",
    "llama.cpp, older": "the request exceeds the available context size. try increasing the context size or enable context shift",
    "LM Studio": "Trying to keep the first {asked} tokens when context the overflows. However, the model is loaded with context length of only"
    " {room} tokens, which is not enough. Try to load the model with a larger context length, or provide a shorter input",
    "vLLM": "This model's maximum context length is {room} tokens. However, your request has {asked} input tokens. Please reduce the length of"
    " the input messages.",
    "Ollama": "prompt too long; exceeded max context length by 4004 tokens",
}  # fmt: skip


def holding(room: int, says: str) -> Any:
    """A server that counts."""

    def rule(said: Any) -> Any:
        asked = content(said, "image_url") * EACH + WORDS
        return status(400, says.format(asked=asked, room=room)) if asked > room else None

    return picky(rule)


@pytest.mark.parametrize("room", [4096, 2048, 1500])
@pytest.mark.parametrize("whose", SAYS)
async def test_as_many_frames_as_its_context_holds(whose: str, room: int, film: Film, caplog: pytest.LogCaptureFixture) -> None:
    with Stub([], always=holding(room, SAYS[whose])) as found:
        async with endpoint(found, PRESET) as captioner:
            with caplog.at_level(logging.WARNING):
                assert [(await captioner.caption(film())).text for _ in range(3)] == ["fine"] * 3
    sent = [content(request[2], "image_url") for request in found.requests]
    most = sent[-1]
    assert (sent[0], sent[-3:]) == (8, [most] * 3), sent
    assert most * EACH + WORDS <= room
    assert 2 * most * EACH >= room * 0.8 - EACH, "no more than needed is left out"
    (told,) = [record.getMessage() for record in caplog.records]
    assert f"holds no more than {most} frames in its context" in told
    assert "llama.cpp -c" in told


@pytest.mark.parametrize("whose", SAYS)
async def test_where_not_even_one_fits_it_is_said_what_to_set(whose: str, film: Film) -> None:
    with Stub([], always=holding(512, SAYS[whose])) as found:
        async with endpoint(found, PRESET) as captioner:
            with pytest.raises(PromptTooLong, match=r"load the model with a longer context \(llama.cpp -c"):
                await captioner.caption(film())
            before = len(found.requests)
            with pytest.raises(PromptTooLong):
                await captioner.caption(film())
    assert content(found.requests[before][2], "image_url") == 8, "nothing is remembered of what did not work"


async def test_words_alone_and_a_talk_are_not_shortened(film: Film) -> None:
    history = (Turn(role="user", text="What?"), Turn(role="assistant", text="A wall."))
    with Stub([], always=holding(0, SAYS["vLLM"])) as found:
        async with endpoint(found, PRESET) as captioner:
            for request in (Request(prompt="word " * 9000), replace(film(), history=history)):
                with pytest.raises(PromptTooLong, match="does not fit"):
                    await captioner.caption(request)
    assert len(found.requests) == 2


OPENAI = (
    "'max_tokens' or 'max_completion_tokens' is too large: {asked}. This model's maximum context length is 8192 tokens and your request has"
    " 1500 input tokens ({asked} > 8192 - 1500)."
)
GROQ = "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model"
LEFT = [
    ("max_tokens={asked} cannot be greater than max_model_len=4096. Please request fewer output tokens.", 8192, 2048),
    (OPENAI, 8192, 6692),
    (GROQ, 9000, 8192),
]


@pytest.mark.parametrize(("words", "most", "left"), LEFT)
async def test_an_answer_longer_than_the_context_is_asked_for_shorter_and_no_frame_is_left_out(
    words: str, most: int, left: int, film: Film
) -> None:
    request = replace(film(frames=8), sampling=Sampling(max_tokens=most))
    server = picky(lambda said: status(400, words.format(asked=said["max_tokens"])) if said["max_tokens"] > left else None)
    with Stub([], always=server) as found:
        async with endpoint(found, PRESET) as captioner:
            assert [(await captioner.caption(request)).text for _ in range(2)] == ["fine"] * 2
    assert [one[2]["max_tokens"] for one in found.requests] == [most, left, left]
    assert [content(one[2], "image_url") for one in found.requests] == [8] * 3


def test_where_hardly_a_token_is_left_it_is_the_frames_that_are_too_many() -> None:
    assert fewer_tokens("'max_tokens' is too large: 96 (96 > 4096 - 4090)", 96) is None
    assert fewer_tokens("'max_tokens' is too large: 96 (96 > 4096 - 4040)", 96) == 56
    assert fewer_tokens("temperature must be less than or equal to 2", 96) is None


@pytest.mark.parametrize(
    ("words", "frames"),
    [
        ("Error code: 400 - the prompt of 8192 tokens exceeds the available context size (4096 tokens)", 3),
        ("the prompt of 4096 tokens with max_tokens=2048 exceeds the context size of 2000 tokens", 3),
    ],
)
async def test_numbers_that_are_no_room_for_frames(words: str, frames: int, film: Film) -> None:
    request = replace(film(frames=8), sampling=Sampling(max_tokens=2048))
    server = picky(lambda said: status(400, words) if content(said, "image_url") == 8 else None)
    with Stub([], always=server) as found:
        async with endpoint(found, PRESET) as captioner:
            assert (await captioner.caption(request)).text == "fine"
    assert [content(one[2], "image_url") for one in found.requests] == [8, frames]
