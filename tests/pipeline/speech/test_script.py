"""What is said when: never over speech, nothing lost without a word, the film waits where it is allowed to."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cues.pauses import pauses
from pipeline.speech.script import FASTER, Script, sentences, write_script
from pipeline.speech.voice import Utterance
from pipeline.types import Caption

TEXTS = (
    "A man waits.",
    "A dog runs over a wide field. It barks.",
    "Two cars stand in the rain. Nobody is seen. A lamp burns, and then it is dark.",
)


def say(text: str, faster: float) -> Utterance:
    """A voice that needs 0.07 s a character."""
    return Utterance(Path("none.pcm"), round(len(text) * 0.07 / faster * 1000), 1000)


def captions(texts: list[str], length: float) -> list[Caption]:
    each = length / len(texts)
    return [Caption(start=n * each, end=(n + 1) * each, text=f"{n}: {text}") for n, text in enumerate(texts)]


def ends_before_the_next(script: Script) -> bool:
    heard = [(script.later(said.at), said.utterance.seconds) for said in script.said]
    return all(start + seconds <= following + 1e-6 for (start, seconds), (following, _) in itertools.pairwise(heard))


GIVEN = given(
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=8),
    st.lists(st.tuples(st.floats(0, 60), st.floats(0.3, 9)).map(lambda at: (at[0], at[0] + at[1])), max_size=10),
)


@GIVEN
def test_nothing_is_said_over_speech(texts: list[str], speech: list[tuple[float, float]]) -> None:
    made = write_script(captions(texts, 60.0), speech, 60.0, say)
    assert not made.holds
    free = pauses(speech, 60.0)
    for said in made.said:
        end = said.at + said.utterance.seconds
        assert any(start <= said.at and end <= stop + 1e-6 for start, stop in free)
        assert said.utterance.seconds >= len(said.text) * 0.07 / FASTER - 0.01
    assert ends_before_the_next(made)
    left = sum(notice.code == "no_pause" for notice in made.notices)
    assert len(made.said) + left == len(texts)
    shortened = [said for said in made.said if said.text not in {f"{n}: {text}" for n, text in enumerate(texts)}]
    assert len(shortened) == sum(notice.code == "text_dropped" for notice in made.notices)
    for said in shortened:
        assert any(f"{n}: {text}".startswith(said.text) for n, text in enumerate(texts))


@GIVEN
def test_extended_says_all_of_it_and_nothing_over_speech(texts: list[str], speech: list[tuple[float, float]]) -> None:
    made = write_script(captions(texts, 60.0), speech, 60.0, say, extended=True)
    assert [said.text for said in made.said] == [f"{n}: {text}" for n, text in enumerate(texts)]
    assert not made.notices
    assert ends_before_the_next(made)
    held = [(made.later(hold.at), hold.seconds) for hold in made.holds]
    for said in made.said:
        start = made.later(said.at)
        end = start + said.utterance.seconds
        for a, b in pauses(pauses(speech, 60.0), 60.0):  # speech, joined
            # the parts of this stretch of speech as they are heard: the film may wait within it
            cuts = [a, *(hold.at for hold in made.holds if a < hold.at < b), b]
            for first, last in itertools.pairwise(cuts):
                heard = made.later(first + 1e-9), made.later(last)
                assert not (start < heard[1] - 1e-6 and heard[0] + 1e-6 < end), (said, (a, b), held)


def test_the_same_text_is_said_once_while_it_is_seen() -> None:
    made = write_script([Caption(start=n * 5.0, end=n * 5.0 + 5, text="A man waits.") for n in range(3)], [], 15.0, say)
    assert [said.text for said in made.said] == ["A man waits."]


def test_window_and_auto_speak_over_speech() -> None:
    over = write_script(captions(["A man waits."], 8.0), [(0.0, 20.0)], 8.0, say, place="window")
    assert [said.at for said in over.said] == [0.0]
    assert len(write_script(captions(["A man waits."], 8.0), [(0.0, 20.0)], 8.0, say, place="auto").said) == 1


def test_sentences() -> None:
    assert sentences("A man waits. Dr. Smith comes at 3.5 p.m. or so! Is it late? Yes") == (
        "A man waits.", "Dr. Smith comes at 3.5 p.m. or so!", "Is it late?", "Yes",
    )  # fmt: skip
    assert sentences("人が待つ。「雨だ。」犬が走る！") == ("人が待つ。", "「雨だ。」犬が走る！")
    assert sentences("") == ()


def test_what_the_voice_makes_no_sound_of_is_told_and_is_not_said() -> None:
    """Dots and signs: some voices give nothing back, others a pause."""

    def mumbles(text: str, faster: float) -> Utterance:
        return Utterance(Path("none.pcm"), 0 if text == "..." else 500, 1000, heard=text != "♪")

    given = [Caption(start=5.0 * n, end=5.0 * n + 5, text=text) for n, text in enumerate(("A man.", "...", "♪"))]
    for place, extended in (("gaps", False), ("gaps", True), ("window", False)):
        made = write_script(given, (), 20.0, mumbles, place=place, extended=extended)  # type: ignore[arg-type]
        assert [said.text for said in made.said] == ["A man."]
        assert [(notice.code, notice.start) for notice in made.notices] == [("not_spoken", 5.0), ("not_spoken", 10.0)]
        assert not made.holds


def of_a_part(speech: list[tuple[float, float]], *texts: str, extended: bool = False) -> Script:
    """Of a film of 60 s, 20 to 24 s of which were described."""
    each = 4.0 / len(texts)
    given = [Caption(start=20 + n * each, end=20 + (n + 1) * each, text=text) for n, text in enumerate(texts)]
    return write_script(given, speech, 60.0, say, extended=extended, part=(20.0, 24.0))


@pytest.mark.parametrize("extended", [False, True])
def test_of_a_part_nothing_is_said_before_it_begins(extended: bool) -> None:
    made = of_a_part([(20.3, 30.0)], "A man waits.", extended=extended)
    assert [said.at >= 20.0 for said in made.said] == ([True] if extended else [])
    assert [notice.code for notice in made.notices] == ([] if extended else ["no_pause"])
    (said,) = of_a_part([(0.0, 18.0), (21.2, 30.0)], "A man waits.").said
    assert 20.0 <= said.at < 21.2, "a pause that begins before the part is one from its beginning on"


def test_of_a_part_the_last_is_said_in_the_pause_that_goes_on_past_its_end() -> None:
    (said,) = of_a_part([(19.0, 23.8)], "A man waits.").said
    assert said.at + said.utterance.seconds > 24.0
    made = of_a_part([(19.0, 24.5)], "A man waits.")
    assert [notice.code for notice in made.notices] == ["no_pause"], "the next pause is none of the part's"
    (said,) = write_script([Caption(start=20, end=24, text="A man waits.")], [(19.0, 24.5)], 60.0, say).said
    assert said.at > 24.5, "of a whole film it is"
