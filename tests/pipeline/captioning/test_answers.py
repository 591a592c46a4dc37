"""Guards on answers: nothing is shown that repeats or breaks off in the middle of a sentence."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.captioning.answers import guard, sentences, unmarked
from pipeline.types import Outcome


@pytest.mark.parametrize(
    ("text", "cut_off", "expected", "outcome"),
    [
        ("A man walks.", False, "A man walks.", Outcome.OK),
        ("  A man\n walks. ", False, "A man walks.", Outcome.OK),
        ("", False, "", Outcome.EMPTY),
        (" \n\t", True, "", Outcome.EMPTY),
        ("A man walks. He looks at the", True, "A man walks.", Outcome.TRUNCATED),
        ("A man walks along the", True, "A man walks along…", Outcome.TRUNCATED),
        ("A dog. A dog. A dog. A dog.", False, "A dog.", Outcome.REPEATED),
        ("Rain. A dog runs. Rain. A dog runs. Rain.", False, "Rain. A dog runs.", Outcome.REPEATED),
        ("the the the the the", False, "the…", Outcome.REPEATED),
        ("a red car and a red car and a red car and a red car and", True, "a red car and…", Outcome.REPEATED),
        ("Two red cars, two blue cars and two dogs.", False, "Two red cars, two blue cars and two dogs.", Outcome.OK),
        ("```\nA man walks.\n```", False, "A man walks.", Outcome.OK),
        ("```text\nA man walks.\n```\n", False, "A man walks.", Outcome.OK),
        ("```\n```", False, "", Outcome.EMPTY),
        (
            "### What is seen ###\n**Scene:** a *red* car,\n**two** dogs.",
            False,
            "What is seen: Scene: a *red* car, two dogs.",
            Outcome.OK,
        ),
        ("# Rain.\nIt rains.", False, "Rain. It rains.", Outcome.OK),
        (
            "#1 is on the shirt, 2 ** 3 on the board, ** and **",
            False,
            "#1 is on the shirt, 2 ** 3 on the board, ** and **",
            Outcome.OK,
        ),
        ("- a dog\n- a cat", False, "- a dog - a cat", Outcome.OK),
        ("犬が走る。猫が寝る。鳥が", True, "犬が走る。 猫が寝る。", Outcome.TRUNCATED),
    ],
)
def test_guard(text: str, cut_off: bool, expected: str, outcome: Outcome) -> None:
    assert guard(text, cut_off=cut_off) == (expected, outcome)


@given(st.text(max_size=300) | st.text("a *#`~\n.", max_size=60), st.booleans())
@settings(max_examples=500, deadline=None)
def test_what_is_left_is_a_beginning_of_what_was_said(text: str, cut_off: bool) -> None:
    kept, outcome = guard(text, cut_off=cut_off)
    text = unmarked(text)
    squeezed = "".join(text.split())
    assert squeezed.startswith("".join(kept.removesuffix("…").split()))
    assert (outcome is Outcome.EMPTY) == (not text.split())
    if outcome is Outcome.OK:
        assert kept == " ".join(text.split())


@given(st.text(alphabet="ab .!?", max_size=100))
def test_sentences_lose_nothing(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@given(st.text("a *#`~\n.", max_size=60))
@settings(max_examples=500, deadline=None)
def test_of_markdown_no_letter_is_lost(text: str) -> None:
    assert unmarked(text).count("a") == text.count("a") - sum(line.strip(" ").strip("`~").count("a") for line in _fences(text))


def _fences(text: str) -> list[str]:
    """Lines that open a fence, with the language that they name."""
    return [
        line for line in text.split("\n") if line.strip(" ").startswith(("```", "~~~")) and not line.strip(" ")[3:].strip("a")
    ]
