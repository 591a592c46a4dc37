"""Asked again about the same film: what is found again, to the token, on the real engine; and no answer is another's."""

import asyncio
import random
from dataclasses import replace

import numpy as np
import pytest
from patience import PATIENCE
from serving import Running

from models.base import Captioner, Request, Sampling, Turn
from models.engines.vllm.engine import VllmEngine

pytestmark = pytest.mark.engine
BLOCK = 32
COLOURS = {"red": (220, 30, 30), "green": (30, 160, 50), "blue": (40, 70, 220), "yellow": (240, 215, 40), "black": (15, 15, 15)}
QUESTIONS = (
    "What colour is the square?", "Describe the video.", "How many objects are there?", "Is there a star?", "What shape is red?",
)  # fmt: skip


def film(number: int, frames: int = 8) -> Request:
    """A square of the number's colour before light grey that moves; ``number`` also places it."""
    video = np.full((frames, 196, 196, 3), 225, np.uint8)
    for index, frame in enumerate(video):
        left = 20 + 5 * (number // len(COLOURS)) + 90 * index // frames
        frame[70:115, left : left + 45] = list(COLOURS.values())[number % len(COLOURS)]
    times = tuple(0.4 * index for index in range(frames))
    return Request(prompt=QUESTIONS[0], video=video, times=times, key=f"film {number} {frames}", sampling=Sampling(max_tokens=24))


def engine(service: Running) -> VllmEngine:
    """The service's: the embedded model in the profile of questions. It lives on the service's loop."""
    captioner = service.service.studio.engine.captioner
    assert isinstance(captioner, VllmEngine)
    return captioner


def full_blocks(tokens: int) -> int:
    return tokens // BLOCK * BLOCK


@pytest.mark.parametrize("frames", [8, 32])
def test_the_second_question_reads_its_own_words_alone(service: Running, frames: int) -> None:
    service.on_loop(_the_second_question_reads_its_own_words_alone(engine(service), frames))


async def _the_second_question_reads_its_own_words_alone(asked: VllmEngine, frames: int) -> None:
    first = await asked.caption(replace(film(frames, frames), prompt="How many objects are there?"))
    second = await asked.caption(replace(film(frames, frames), prompt="What shape is red?"))
    assert first.cached_tokens == 0
    assert asked._preparer is not None
    assert asked._preparer.kept is not None
    kept = asked._preparer.kept._found.items()  # other tests ask about the same film with a preamble before their question
    head = min(len(found["prompt_token_ids"]) for (key, _), (found, _) in kept if key == film(frames, frames).key)
    assert second.cached_tokens == full_blocks(head), "every full block before the question, and none of it"
    if frames == 32:
        assert second.cached_tokens >= 0.97 * second.prompt_tokens


def test_a_conversation_goes_on_from_what_was_read(service: Running) -> None:
    service.on_loop(_a_conversation_goes_on_from_what_was_read(engine(service)))


async def _a_conversation_goes_on_from_what_was_read(asked: Captioner) -> None:
    start = film(7, 32)
    said = await asked.caption(start)
    history = (Turn(role="user", text=start.prompt), Turn(role="assistant", text=said.text))
    reply = await asked.caption(replace(start, prompt="Is there a star?", history=history))
    assert full_blocks(said.prompt_tokens) <= reply.cached_tokens
    again = await asked.caption(replace(start, prompt="Is there a cross?", history=history))
    assert reply.prompt_tokens - 2 * BLOCK < again.cached_tokens


def test_a_preamble_is_read_once(service: Running) -> None:
    service.on_loop(_a_preamble_is_read_once(engine(service)))


async def _a_preamble_is_read_once(asked: Captioner) -> None:
    rules = replace(film(8), preamble="Frames at 0:00 0:01 0:02. " * 8)
    first, second = [await asked.caption(replace(rules, prompt=prompt)) for prompt in QUESTIONS[:2]]
    assert first.cached_tokens < second.cached_tokens
    assert second.cached_tokens > 393 + BLOCK, "more than the film's own tokens"
    assert first.prompt_tokens > (await asked.caption(film(8))).prompt_tokens


def test_with_what_is_kept_and_without_answers_are_the_same(service: Running) -> None:
    service.on_loop(_with_what_is_kept_and_without_answers_are_the_same(engine(service)))


async def _with_what_is_kept_and_without_answers_are_the_same(asked: VllmEngine) -> None:
    """Interleaved questions about several films: each answer is that of an engine that keeps nothing."""
    assert asked._preparer is not None
    chance = random.Random(4)
    requests = [replace(film(number), prompt=question) for number in range(5) for question in QUESTIONS]
    chance.shuffle(requests)
    kept = asked._preparer.kept
    assert kept is not None
    most, kept.most = kept.most, 3 * 8 * 196 * 196 * 3  # bytes, of three films: they push one another out
    try:
        together = await asyncio.gather(*(asked.caption(request) for request in requests))
        one_by_one = [await asked.caption(request) for request in requests]
        assert 1 <= len(kept) <= 3
        asked._preparer.kept = None
        plain = [await asked.caption(replace(request, key=f"{request.key} plain {n}")) for n, request in enumerate(requests)]
    finally:
        asked._preparer.kept, kept.most = kept, most
    assert [reply.cached_tokens for reply in plain] == [0] * len(plain), "nothing was kept of these"
    assert [reply.text for reply in together] == [reply.text for reply in plain]
    assert [reply.text for reply in one_by_one] == [reply.text for reply in plain]
    assert [reply.prompt_tokens for reply in one_by_one] == [reply.prompt_tokens for reply in plain]
    for request, reply in zip(requests, plain, strict=True):
        if request.prompt == QUESTIONS[0]:
            assert request.key is not None
            assert reply.text.lower().startswith(list(COLOURS)[int(request.key.split()[1]) % len(COLOURS)])


def test_an_answer_that_nobody_waits_for_leaves_the_engine(service: Running) -> None:
    service.on_loop(_an_answer_that_nobody_waits_for_leaves_the_engine(engine(service)))


async def _an_answer_that_nobody_waits_for_leaves_the_engine(asked: Captioner) -> None:
    loop = asyncio.get_running_loop()
    stream = asked.stream(replace(film(1), sampling=Sampling(max_tokens=1500, temperature=2.0, seed=3)))
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    left = loop.time()
    while (await asked.metrics())["running"]:
        assert loop.time() - left < PATIENCE, "it is still in the engine"
        await asyncio.sleep(0.05)


def test_the_engine_keeps_nothing_of_films_without_a_key(service: Running) -> None:
    service.on_loop(_the_engine_keeps_nothing_of_films_without_a_key(engine(service)))


async def _the_engine_keeps_nothing_of_films_without_a_key(asked: VllmEngine) -> None:
    assert asked._preparer is not None
    assert asked._preparer.kept is not None
    before = len(asked._preparer.kept)
    await asked.caption(replace(film(30), key=None))
    assert len(asked._preparer.kept) == before
