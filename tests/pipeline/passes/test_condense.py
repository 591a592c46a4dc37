"""Summaries of long films: few answers one after the other, many beside each other."""

import asyncio

import pytest
from authors import Obedient, holds, told, two_hours

from models.base import Reply, Request
from pipeline.passes.answer import SENTENCE_TOKENS, TITLE_TOKENS, Note, once
from pipeline.passes.condense import MOST
from pipeline.passes.summary import OF_CHAPTER, OF_FILM


@pytest.mark.parametrize("length", ["short", "long"])
async def test_two_hours_wait_for_two_answers_one_after_the_other(length: str) -> None:
    """A model writes word after word: what a film takes is the longest answer of each level, not their number."""
    author, of = Obedient(), two_hours()
    summary = await told(of, author, length=length)
    holds(summary, of)
    assert summary.stats["levels"] == 2
    assert max(request.sampling.max_tokens for request in author.requests) <= TITLE_TOKENS + MOST * SENTENCE_TOKENS
    shown = "\n".join(request.prompt for request in author.requests)
    assert all(f"unique{n} " in shown for n in range(900))
    # many sentences are those of several answers beside each other: as many come as before
    assert len(summary.sentences) == OF_FILM[length]  # type: ignore[index]
    assert {len(chapter.sentences) for chapter in summary.chapters} == {OF_CHAPTER[length]}  # type: ignore[index]
    assert all(chapter.title.startswith("scene") for chapter in summary.chapters)
    assert (summary.stats["prompt_tokens"], summary.stats["tokens"]) == (len(author.requests), len(author.requests))


async def test_the_film_is_asked_while_its_chapters_are_joined() -> None:
    film_asked, joins = asyncio.Event(), 0

    class Patient(Obedient):
        async def caption(self, request: Request) -> Reply:
            nonlocal joins
            if " seen in a film, " in request.prompt:
                film_asked.set()
            elif " 1\n2. " in request.prompt:  # sentences, not captions
                joins += 1
                await asyncio.wait_for(film_asked.wait(), 30)
            return await super().caption(request)

    holds(await told(two_hours(), Patient()), two_hours())
    assert joins > 2


async def test_a_title_that_does_not_come_is_the_beginning_of_a_sentence() -> None:
    class Untitled(Obedient):
        def first_and_last(self, notes: list[tuple[int, str]]) -> object:
            return {"title": 7} if not self.many else super().first_and_last(notes)

    summary = await told(two_hours(), Untitled(), length="long")
    for chapter in summary.chapters:
        assert any(sentence.text.startswith(chapter.title.split("...")[0]) for sentence in chapter.sentences), chapter.title
    assert not summary.warnings


def test_what_two_answers_say_is_told_once() -> None:
    notes = [Note("A dog barks.", (4,)), Note("It rains.", (5, 6)), Note("a dog barks", (1, 9))]
    assert once(notes) == [Note("A dog barks.", (1, 4, 9)), Note("It rains.", (5, 6))]
