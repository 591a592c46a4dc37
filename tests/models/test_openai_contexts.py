"""Servers whose context is shorter than a window's frames: fewer of them, once, and so from then on; it is told what to set."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from stub_endpoint import endpoint
from stub_server import Stub, content, picky, status

from models.base import Request, Turn
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
