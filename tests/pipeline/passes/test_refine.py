"""The second reading: taken line by line, only where the lines match; through the one door, in turn with others."""

import re
from collections.abc import Callable

import pytest

from models.base import Reply, Request
from models.engines.echo import EchoCaptioner
from models.errors import EndpointError, PromptTooLong, RequestRefused
from pipeline.captioning.recipe import Recipe
from pipeline.engine.engine import Engine
from pipeline.errors import EnvironmentFault
from pipeline.passes.refine import STRETCH, parse, refine
from pipeline.types import Caption, Outcome

RECIPE = Recipe(model="m")


class Editor(EchoCaptioner):
    """Answers each numbered line with what it is told to make of it."""

    def __init__(self, edit: Callable[[int, str], str | Exception]) -> None:
        super().__init__()
        self.edit, self.requests = edit, list[Request]()

    async def caption(self, request: Request) -> Reply:
        self.requests.append(request)
        lines = re.findall(r"^(\d+)\. (.*)$", request.prompt, re.MULTILINE)
        edited = [self.edit(int(number), text) for number, text in lines]
        for error in edited:
            if isinstance(error, Exception):
                raise error
        return Reply(text="\n".join(map(str, edited)), finish="stop", prompt_tokens=1, completion_tokens=1)


def film(count: int) -> list[Caption]:
    return [Caption(start=i, end=i + 1, text=f"The man number {i}.") for i in range(count)]


@pytest.mark.parametrize(
    ("answer", "count", "texts"),
    [
        ("1. One.\n2. Two.", 2, ["One.", "Two."]),
        ("1) One.\n\n 2: Two. ", 2, ["One.", "Two."]),
        ("Here they are:\n1. One.\n2. Two.\nDone.", 2, ["One.", "Two."]),
        ("2. Two.\n1. One.", 2, None),
        ("1. One.", 2, None),
        ("1. One.\n2. Two.\n3. Three.", 2, None),
        ("1. One.\n2.", 2, None),
        ("", 1, None),
    ],
)
def test_only_an_answer_that_matches_is_taken(answer: str, count: int, texts: list[str] | None) -> None:
    assert parse(answer, count) == texts


async def test_each_stretch_is_one_request_and_the_first_text_is_kept() -> None:
    editor = Editor(lambda number, text: f"{number}. {text.replace('The man', 'Ann')}")
    captions, notices = await refine(film(STRETCH + 3), RECIPE, Engine(editor))
    assert [caption.text for caption in captions] == [f"Ann number {i}." for i in range(STRETCH + 3)]
    assert captions[5].original == "The man number 5."
    assert (len(editor.requests), notices) == (2, ())


async def test_what_has_no_text_is_not_asked_about_and_what_is_the_same_has_no_original() -> None:
    editor = Editor(lambda number, text: f"{number}. {text}")
    captions = [Caption(start=0, end=1, text="", outcome=Outcome.FAILED), *film(2)]
    refined, _ = await refine(captions, RECIPE, Engine(editor))
    assert list(refined) == captions
    assert "2. The man number 1." in editor.requests[0].prompt
    assert (await refine([], RECIPE, Engine(editor)))[0] == ()


@pytest.mark.parametrize(
    ("odd", "code"), [("no number", "refine_unusable"), (RequestRefused("not these words"), "refine_refused")]
)
async def test_an_answer_that_does_not_match_changes_nothing_and_is_told(odd: str | Exception, code: str) -> None:
    editor = Editor(lambda number, text: odd if text.endswith("30.") else f"{number}. New.")
    refined, notices = await refine(film(STRETCH * 2), RECIPE, Engine(editor))
    assert [caption.text for caption in refined[:STRETCH]] == ["New."] * STRETCH
    assert list(refined[STRETCH:]) == film(STRETCH * 2)[STRETCH:]
    assert [(notice.code, notice.start, notice.end) for notice in notices] == [(code, STRETCH, STRETCH * 2)]
    assert ("not these words" in notices[0].message) == isinstance(odd, Exception), "the model's own words, where it said any"


async def test_a_stretch_that_does_not_fit_is_asked_in_halves() -> None:
    editor = Editor(lambda number, text: PromptTooLong("at most 5 lines") if number > 5 else f"{number}. New.")
    refined, notices = await refine(film(STRETCH), RECIPE, Engine(editor))
    assert ([caption.text for caption in refined], notices) == (["New."] * STRETCH, ())
    never = Editor(lambda number, text: PromptTooLong("no room at all"))
    refined, notices = await refine(film(3), RECIPE, Engine(never))
    assert (list(refined), [notice.code for notice in notices]) == (film(3), ["refine_unusable"])
    assert "no room at all" in notices[0].message


async def test_all_of_it_goes_through_the_gate() -> None:
    """A film of ten hours has 150 stretches: no more of them are in flight than the engine takes."""
    engine = Engine(Editor(lambda number, text: f"{number}. {text}"), in_flight=2)
    await refine(film(STRETCH * 20), RECIPE, engine)
    assert engine.peak[0] == 2


async def test_an_engine_that_is_gone_leaves_nothing_in_flight() -> None:
    engine = Engine(Editor(lambda number, text: EndpointError("down")), in_flight=2)
    with pytest.raises(EnvironmentFault, match="down"):
        await refine(film(STRETCH * 20), RECIPE, engine)
    assert (engine.in_flight, engine.waiting) == (0, 0)
