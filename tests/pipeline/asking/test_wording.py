"""Which questions a time answers, what is looked for in captions, what stands before a question."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.asking.finding import holding, in_order, spread
from pipeline.asking.inputs import Opened
from pipeline.asking.types import Passage, Shown
from pipeline.asking.wording import asks_when, looked_for, over_captions, over_frames, yes_or_no

FILM, OTHER = Path("a.mp4"), Path("b.mp4")


@pytest.mark.parametrize(
    "question",
    ["When does it rain?", "and when is that?", "At what time does she leave?", "In which scene is the dog?", "Wann regnet es?",
     "Quand part-il ?", "¿cuándo?".lstrip("¿"), "Когда это?", "什么时候下雨？"],
)  # fmt: skip
def test_a_time_is_the_answer(question: str) -> None:
    assert asks_when(question)


@pytest.mark.parametrize("question", ["What happens when it rains?", "Who is Wanda?", "Whenever?", "Is it Quandt?", "How long?"])
def test_a_time_is_not_the_answer(question: str) -> None:
    assert not asks_when(question)


def test_what_each_passage_is_asked() -> None:
    assert yes_or_no("When is there a red star?", bare=True) == "Is there a red star?"
    assert yes_or_no("When does the star grow?", bare=True) is None
    asked = yes_or_no("When  does\nthe star grow?", bare=False)
    assert asked is not None
    assert '"When does the star grow?"' in asked


def test_what_is_looked_for() -> None:
    assert looked_for("When does the woman in red open the door?") == "woman red open door"
    assert looked_for("What is it?") == "What is it?"


def test_captions_that_hold_all_of_it() -> None:
    texts = ("A red circle moves left.", "A blue circle moves left and a red star grows.", "A red circle moves right.")
    passages = [Passage(film=FILM, start=n, end=n + 1, text=text) for n, text in enumerate(texts)]
    assert holding("When does the red circle move left?", passages) == passages[:1]
    assert holding("When does the red star grow?", passages) == passages[1:2]
    assert holding("When does the green star grow?", passages) == []


def test_passages_are_spread_and_ordered() -> None:
    passages = [Passage(film=FILM, start=n, end=n + 1) for n in range(10)]
    assert [one.start for one in spread(passages, 3)] == [1, 5, 8]
    assert spread(passages, 20) == passages
    films = [Opened(path=OTHER, version=None), Opened(path=FILM, version=None)]
    mixed = [passages[3], Passage(film=OTHER, start=8, end=9), passages[1]]
    assert [(one.film, one.start) for one in in_order(mixed, films)] == [(OTHER, 8), (FILM, 1), (FILM, 3)]


def test_what_stands_after_the_frames_is_the_same_for_every_question() -> None:
    passages = (Passage(film=FILM, start=0, end=4.5), Passage(film=FILM, start=4.5, end=65))
    shown = Shown(passages=passages, counts=(1, 3), data=np.zeros((4, 2, 2, 3), np.uint8), times=(0, 5, 6, 7), key="k")
    text = over_frames(shown, "en", "")
    assert text.splitlines()[:3] == [
        "These are 4 frames of a film, in order, by parts:",
        "[1] 0:00-0:04: frame 1",
        "[2] 0:04-1:05: frames 2-4",
    ]
    assert len(text.split()) > 32, "longer than a block of the KV cache"
    assert "in German" in over_frames(shown, "de", "")
    assert "known of it: Ida" in over_frames(shown, "en", "Ida")
    assert [len(shown.part(n)[0]) for n in (0, 1)] == [1, 3]
    assert shown.part(1)[1] == (5, 6, 7)


def test_captions_as_text_name_their_films_where_there_are_several() -> None:
    passages = [Passage(film=FILM, start=0, end=4, text="A  cat."), Passage(film=OTHER, start=1, end=2, text="A dog.")]
    assert "[2] b.mp4, 0:01-0:02: A dog." in over_captions(passages, "en", "")
    assert "[1] 0:00-0:04: A cat." in over_captions(passages[:1], "en", "")
    assert "[1] a.mp4, 0:00-0:04: A cat." in over_captions(passages[:1], "en", "", several=True), "one of several"
