"""Answers at a temperature on the CPU: long prompts, many at once, and the summary's grammar. One engine for all (conftest.py)."""

import asyncio
import json
from dataclasses import replace

import pytest

from models.base import Captioner, Request, Sampling
from models.engines.vllm.seeds import DRAW, rewindable
from pipeline.passes.answer import Note, Wanted, parse, request

NOTES = [Note(f"bara dote {word}", (10 * number,)) for number, word in enumerate(("fisi", "gulo", "kepu", "lana", "mora"), 1)]


def drawn(generator: object) -> int:
    import torch

    return int(torch.randint(0, 2**31, (1,), generator=generator).item())  # type: ignore[call-overload]


@pytest.mark.parametrize("before", [0, 1, 623, 624, 1000])
def test_a_draw_that_is_taken_back_is_drawn_again(before: int) -> None:
    """Also across the 624 numbers after which the generator's state is made anew."""
    import torch

    plain = torch.Generator()
    plain.manual_seed(5)
    expected = [drawn(plain) for _ in range(before + 2)]
    plain.manual_seed(5)
    mended = rewindable(plain)
    assert rewindable(mended) is mended
    assert [drawn(mended) for _ in range(before)] == expected[:before]
    for _ in range(3):
        mended.remember()
        assert drawn(mended) == expected[before]
        mended.set_offset(mended.get_offset() - DRAW)
    assert [drawn(mended), drawn(mended)] == expected[before:]


@pytest.mark.engine
async def test_many_long_prompts_with_a_seed_do_not_end_the_engine(vllm_engine: Captioner) -> None:
    """Together they are read in parts, whose draws are taken back: vLLM's own way to do that ended the engine."""
    asked = [
        Request(prompt=f"bara dote {'fisi ' * 900}", sampling=Sampling(temperature=1.0, seed=seed, max_tokens=6))
        for seed in range(16)
    ]
    replies = await asyncio.gather(*map(vllm_engine.caption, asked))
    assert all(reply.completion_tokens for reply in replies)
    assert len({reply.text for reply in replies}) > 8, "each has a seed of its own"
    assert (await vllm_engine.caption(asked[3])).text == (await vllm_engine.caption(asked[3])).text


@pytest.mark.engine
@pytest.mark.parametrize("temperature", [0.0, 0.3, 1.0])
async def test_a_summary_is_held_to_its_grammar(vllm_engine: Captioner, temperature: float) -> None:
    """A model without any sense writes it: JSON that cites notes that exist, and no blanks for ever."""
    sampling = Sampling(temperature=temperature)
    wanted = Wanted(what="a film", sentences=3)
    asked = [request(NOTES, wanted, replace(sampling, seed=seed), style="", language="English", held=True) for seed in range(6)]
    for reply in await asyncio.gather(*map(vllm_engine.caption, asked)):
        assert reply.finish == "stop"
        sentences = json.loads(reply.text)["sentences"]
        assert 1 <= len(sentences) <= 3
        assert all(1 <= number <= len(NOTES) for one in sentences for number in one["captions"])
        answer = parse(reply.text, NOTES)
        assert answer.title
        assert answer.notes, "a sentence that cites what exists is kept"
        assert all(set(note.captions) <= {10, 20, 30, 40, 50} for note in answer.notes)


@pytest.mark.engine
@pytest.mark.parametrize(("sentences", "titled", "keys"), [(2, False, ["sentences"]), (0, True, ["title"])])
async def test_so_are_sentences_without_a_title_and_a_title_alone(
    vllm_engine: Captioner, sentences: int, titled: bool, keys: list[str]
) -> None:
    wanted = Wanted(what="a part of a film", sentences=sentences, titled=titled)
    for seed in range(3):
        sampling = Sampling(temperature=1.0, seed=seed)
        reply = await vllm_engine.caption(request(NOTES, wanted, sampling, style="", language="English", held=True))
        assert reply.finish == "stop"
        assert list(json.loads(reply.text)) == keys
