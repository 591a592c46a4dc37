"""What is believed of a model's answer to numbered notes, and how much is looked at of one that has no end."""

import json
from typing import Any

import pytest

from models.base import Sampling
from pipeline.passes import answer
from pipeline.passes.answer import READ, TRIED, Note, Wanted, parse
from pipeline.passes.condense import Condenser, _equal

NOTES = [Note(f"Something {n}.", (n,)) for n in range(1, 6)]
ONE, TWO = Note("One.", (1,)), Note("Two.", (2,))


@pytest.mark.parametrize(
    "text",
    [
        '{"title": "T", "sentences": [{"text": "One.", "captions": [1]}, {"text": "Two.", "captions": [2]}]}',
        '```json\n[{"text": "One.", "captions": [1]}, {"text": "Two.", "captions": [2]}]\n```',
        '{"summary": {"title": "T", "sentences": [{"text": "One.", "captions": [1]}, {"text": "Two.", "captions": [2]}]}}',
        '{"title": "T"}\n{"sentences": [{"captions": [1], "text": "One."}, {"captions": [2], "text": "Two."}, {"captions": [3], "te',
        'Here {it} is: {"title": "T", "sentences": [{"text": "One.", "captions": [1]}, {"text": "Two.", "captions": [2]}]}',
    ],
)
def test_sentences_in_other_forms_than_the_one_asked_for_count(text: str) -> None:
    assert parse(text, NOTES).notes == (ONE, TWO)


@pytest.mark.parametrize("numbers", ["1", 1, [1, 9], ["1"], ["one"], [1.5], [True], [], None, {"1": 1}, ["9" * 5000]])
def test_numbers_that_no_note_has_are_none(numbers: Any) -> None:
    assert parse(json.dumps({"sentences": [{"text": "One.", "captions": numbers}]}), NOTES).notes == ()


@pytest.mark.parametrize("piece", ['{"text":[', '{"text"', '{"text":0,"a":', '"title":"\\'])
def test_an_answer_without_an_end_is_read_to_a_bound(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each place where a sentence may begin was parsed to the answer's end: one of 4 MB took days."""
    tried = list[int]()

    class Decoder(json.JSONDecoder):
        def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
            tried.append(len(s))
            return super().raw_decode(s, idx)

    monkeypatch.setattr(answer.json, "JSONDecoder", Decoder)
    assert parse(piece * 100_000, NOTES).notes == ()
    assert len(tried) <= TRIED + 1
    assert max(tried, default=0) <= READ


def test_one_note_that_is_too_long_leaves_the_others_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every number of stretches was tried up to one for each note, and each of them became a question of its own."""
    tried = list[int]()

    def equal(costs: Any, count: int) -> Any:
        tried.append(count)
        return _equal(costs, count)

    monkeypatch.setattr("pipeline.passes.condense._equal", equal)
    notes = [*(Note("word " * 120, (n,)) for n in range(1, 1000)), Note("word " * 9000, (1000,)), Note("End.", (1001,))]
    condenser = Condenser(engine=None, sampling=Sampling(), context=1024)  # type: ignore[arg-type]
    wanted = Wanted(what="a film", sentences=2)
    assert [len(stretch) for stretch in condenser._stretches(notes, wanted)] == [999, 1, 1]
    assert not tried
    parts = condenser._stretches(notes[:999], wanted)
    assert [note for part in parts for note in part] == notes[:999]
    assert all(condenser._size(part) <= 1024 - condenser._room(wanted) for part in parts)
    assert len(tried) < 150
