"""Summaries: rest on captions that exist, lose nothing to a short context, and invent nothing."""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from authors import Author, document, film, holds, told
from hypothesis import given
from hypothesis import strategies as st

from models.errors import RequestRefused
from pipeline.errors import EnvironmentFault, InputError, RequestError
from pipeline.outline import Sentence
from pipeline.passes import facts, markdown, telling
from pipeline.passes import json as summary_json
from pipeline.passes.answer import Note, Wanted, grammar, parse
from pipeline.passes.files import SummaryFiles
from pipeline.passes.summary import OF_CHAPTER, OF_FILM, digest, summarize
from pipeline.types import Document, Outcome
from scripts.shapes_world import chance, words


async def test_chapters_then_the_film_in_two_levels_of_questions() -> None:
    author, of = Author(), film()
    summary = await told(of, author, style="for children")
    holds(summary, of)
    assert summary.method == "written"
    assert len(author.requests) == len(summary.chapters) + 1
    assert len(summary.chapters) > 2
    assert all(request.schema is not None and request.video is None for request in author.requests)
    assert "for children" in author.requests[0].prompt
    # each caption was shown exactly once on the first level: nothing is cut
    shown = "\n".join(request.prompt for request in author.requests[:-1])
    assert all(shown.count(f"unique{n} ") == 1 for n in range(60))
    assert summary.sentences[0].captions == (1,)
    assert summary.sentences[-1].captions[-1] == 60
    assert len({chapter.title for chapter in summary.chapters}) == len(summary.chapters)


@pytest.mark.parametrize(("context", "levels"), [(4096, 2), (1024, 2), (700, 3)])
async def test_what_does_not_fit_is_one_more_level_and_never_a_cut(context: int, levels: int) -> None:
    author, of = Author(), film(scenes=1, each=200)
    summary = await told(of, author, context=context)
    holds(summary, of)
    assert summary.stats["levels"] == levels
    shown = "\n".join(request.prompt for request in author.requests)
    assert all(f"unique{n} " in shown for n in range(200))
    assert not summary.warnings


async def test_a_model_that_takes_less_than_was_thought_is_asked_in_shorter_stretches() -> None:
    author, of = Author(words=160), film(scenes=2, each=60)
    summary = await told(of, author)
    holds(summary, of)
    taken = [request for request in author.requests if len(request.prompt.split()) <= 160]
    assert all(any(f"unique{n} " in request.prompt for request in taken) for n in range(120))
    assert not summary.warnings


async def test_one_caption_of_ten_thousand_words_is_halved_until_it_fits() -> None:
    author, of = Author(words=400), document(["word " * 10_000])
    holds(await told(of, author), of)
    assert sum(request.prompt.count(" word") for request in author.requests if len(request.prompt.split()) <= 400) >= 9_000


async def test_a_sentence_whose_captions_do_not_exist_is_dropped_and_so_is_a_repeat() -> None:
    def answer(notes: list[tuple[int, str]]) -> object:
        return {
            "title": "x",
            "sentences": [
                {"text": "Invented.", "captions": [len(notes) + 1]},
                {"text": "Half invented.", "captions": [1, 0]},
                {"text": "Without any.", "captions": []},
                {"text": "As text.", "captions": ["1"]},
                {"text": "True.", "captions": [True]},
                {"text": "It is there.", "captions": [1]},
                {"text": "IT IS THERE", "captions": [2]},
            ],
        }

    of = film()
    summary = await told(of, Author(answer))
    holds(summary, of)
    assert {sentence.text for sentence in summary.sentences} == {"It is there."}


@pytest.mark.parametrize("answer", ["", "no JSON", '{"title": "x", "sentences": []}', "{" * 5000, "[1]"])
async def test_an_answer_that_can_not_be_used_gives_way_to_the_captions_and_is_said(answer: object) -> None:
    of = film(scenes=3)
    summary = await told(of, Author(lambda notes: answer))
    holds(summary, of)
    assert {notice.code for notice in summary.warnings} == {"summary_unusable"}
    texts = {caption.text for caption in of.captions}
    assert summary.sentences
    assert {sentence.text for sentence in summary.sentences} <= texts
    assert (summary.method, summary.model) == ("composed", of.model), "nothing of it is the writer's"


async def test_a_film_that_the_model_refuses_to_sum_up_has_no_summary() -> None:
    with pytest.raises(RequestError, match="not this film") as raised:
        await told(film(scenes=3), Author(lambda notes: RequestRefused("not this film")))
    assert raised.value.code == "summary_refused"


async def test_a_stretch_that_is_refused_is_told_with_the_models_words(tmp_path: Path) -> None:
    of, author = film(scenes=3), Author()
    author.answer = lambda notes: RequestRefused("not these") if len(author.requests) == 1 else author.first_and_last(notes)
    summary = await told(of, author)
    holds(summary, of)
    assert [notice.code for notice in summary.warnings] == ["summary_refused"]
    assert "not these" in summary.warnings[0].message
    assert summary.method == "written"
    files = SummaryFiles(folder=tmp_path, stem="film")
    files.write_texts(summary, files.all)
    assert files.earlier(summary.captions, summary.settings, overwrite=False) is None, "the next run asks again"
    whole = replace(summary, warnings=())
    files.write_texts(whole, files.all)
    assert files.earlier(summary.captions, summary.settings, overwrite=False) is not None


async def test_an_answer_that_was_cut_off_counts_as_far_as_its_last_whole_sentence() -> None:
    cut = (
        '{"title": "A \\"t\\"", "sentences": [{"text": "One.", "captions": [1]}, {"text": "Two.", "captions": [2]}, {"text": "Thr'
    )
    found = parse(cut, [Note("a", (7,)), Note("b", (9,))])
    assert (found.title, found.notes) == ('A "t"', (Note("One.", (7,)), Note("Two.", (9,))))


async def test_a_server_without_grammars_is_asked_in_words() -> None:
    author, of = Author(grammars=False), film()
    summary = await told(of, author)
    holds(summary, of)
    assert not summary.warnings
    assert author.requests[-1].schema is None


async def test_an_engine_that_is_gone_is_no_summary() -> None:
    from models.errors import EndpointError

    with pytest.raises(EnvironmentFault):
        await told(film(), Author(lambda notes: EndpointError("gone")))


def test_the_grammar_knows_which_numbers_exist() -> None:
    schema = json.loads(json.dumps(grammar(3, Wanted(what="a film", sentences=2))))
    numbers = schema["properties"]["sentences"]["items"]["properties"]["captions"]["items"]
    assert numbers["enum"] == [1, 2, 3]
    assert schema["properties"]["sentences"]["maxItems"] == 2
    assert schema["required"] == ["title", "sentences"]
    assert grammar(3, Wanted(what="a film", sentences=2, titled=False))["required"] == ["sentences"]
    assert grammar(3, Wanted(what="a film", sentences=0))["required"] == ["title"]


@given(
    st.text(max_size=300)
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["title", "sentences", "text", "captions"]), x),
    ).map(json.dumps)
)
def test_no_answer_breaks_the_reading(text: str) -> None:
    for note in parse(text, [Note("a", (1,))]).notes:
        assert note.captions == (1,)


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
async def test_a_film_without_captions_is_said(texts: list[str]) -> None:
    of = document(texts)
    author = Author()
    summary = await told(of, author)
    assert not author.requests
    assert [notice.code for notice in summary.warnings] == ["nothing_to_summarize"]
    assert [(chapter.start, chapter.end) for chapter in summary.chapters] == [(0, of.source.duration)]


async def test_one_caption_is_one_sentence() -> None:
    of = document(["A cat sleeps."])
    summary = await summarize(of)
    assert [(one.text, one.captions, one.times) for one in summary.sentences] == [("A cat sleeps.", (1,), ((0, 5),))]
    failed = replace(of, captions=(replace(of.captions[0], outcome=Outcome.FAILED),))
    assert (await summarize(failed)).sentences == ()


async def test_a_composed_summary_is_made_of_the_captions_own_words() -> None:
    of = film()
    for length in ("short", "long"):
        summary = await summarize(of, length=length)  # type: ignore[arg-type]
        holds(summary, of)
        assert summary.method == "composed"
        assert {sentence.text for sentence in summary.sentences} <= {caption.text for caption in of.captions}
        assert len(summary.sentences) <= OF_FILM[length]
        assert all(len(chapter.sentences) <= OF_CHAPTER[length] for chapter in summary.chapters)


def test_the_telling_ones_are_few_in_order_and_different() -> None:
    notes = [Note(text, (n,)) for n, text in enumerate(["a cat sleeps"] * 9 + ["a dog barks loudly", "a cat  SLEEPS"], 1)]
    assert telling.telling(notes, 5) == (Note("a cat sleeps", (1, 2, 3, 4, 5, 6, 7, 8, 9, 11)), Note("a dog barks loudly", (10,)))
    assert telling.heading([Note("猫が窓辺に座っている。", (1,))], {}) == "猫が窓辺に座っている"


def drawn(seed: int) -> tuple[Document, set[tuple[str, str, str]]]:
    """A film of the shapes world as its captions tell it, and its facts."""
    rng = random.Random(seed)
    scenes = [chance.sample_scene(random.Random(rng.random())) for _ in range(rng.randint(1, 40))]
    return document([words.caption(scene.things) for scene in scenes], seconds=4.0), {
        (thing.colour, thing.shape, thing.motion) for scene in scenes for thing in scene.things
    }


TOLD = re.compile(rf"\b({facts.COLOURS}) ({facts.SHAPES})(?:s|es)?\b([^.]*)\.")


def told_facts(sentences: Sequence[Sentence]) -> set[tuple[str, str, str]]:
    return {
        (colour, shape, motion)
        for sentence in sentences
        for colour, shape, rest in TOLD.findall(sentence.text)
        for motion in facts.MOTIONS
        if motion in rest
    }


async def test_facts_of_200_drawn_films_are_told_and_no_other() -> None:
    right = wrong = missed = 0
    for seed in range(200):
        of, true = drawn(seed)
        summary = await summarize(of)
        holds(summary, of)
        found = told_facts(summary.sentences)
        assert told_facts([sentence for chapter in summary.chapters for sentence in chapter.sentences]) == true
        right, wrong, missed = right + len(found & true), wrong + len(found - true), missed + len(true - found)
        # what is told stands in the captions that are named, all of it
        for sentence in summary.sentences:
            if sentence.text != facts.NOTHING:
                ((colour, shape, _),) = TOLD.findall(sentence.text)
                assert all(f"{colour} {shape}" in of.captions[number - 1].text for number in sentence.captions)
    assert wrong == 0, "an event that the film does not have"
    assert right / (right + wrong) >= 0.95
    assert right / (right + missed) >= 0.85


def test_what_is_no_caption_of_the_embedded_model_has_no_facts() -> None:
    assert facts.things("A red circle moves right, a blue square and an orange star grows.") == (
        facts.Thing("red", "circle", "moves right"), facts.Thing("blue", "square"), facts.Thing("orange", "star", "grows"),
    )  # fmt: skip
    assert facts.things("Nothing is there.") == ()
    for text in ("A man walks.", "A red circle", "", "A red circle moves right and a man walks."):
        assert facts.things(text) is None


def test_markdown_shows_text_as_it_is_and_links_nowhere() -> None:
    for hostile in (
        "<img src=x onerror=alert(1)>",
        "[x](javascript:1)",
        "# head",
        "1. one",
        "- a",
        "https://evil.test",
        "www.evil.test",
        "a|b",
    ):
        text = markdown.escaped(hostile)
        assert "<" not in text.replace("\\<", "")
        assert not re.search(r"(?<!\\)[\[\](){}#|`*_]|^\d+\.|^-|https?:/|www\.e", text), text


async def test_markdown_has_times_and_says_who_wrote() -> None:
    composed, written = await summarize(film()), await told(film(), Author())
    assert "(0:00-0:05)" in markdown.to_text(written)
    assert "Written by a machine (author)" in markdown.to_text(written)
    assert "not written by a model" in markdown.to_text(composed)
    assert markdown.to_text(composed).count("\n### ") == len(composed.chapters)


async def test_other_json_is_one_line() -> None:
    text = summary_json.to_text(await summarize(film()))
    for wrong in (
        "",
        "[]",
        "{}",
        text.replace('"schema_version": 1', '"schema_version": 2'),
        text.replace('"chapters"', '"chap"'),
        "[" * 9999,
    ):
        with pytest.raises(InputError) as caught:
            summary_json.from_text(wrong)
        assert caught.value.code == "bad_summary"


def test_another_text_is_another_digest() -> None:
    of = film()
    assert digest(of) == digest(film())
    assert digest(of) != digest(replace(of, captions=of.captions[1:]))
    assert digest(of) != digest(replace(of, shots=()))
