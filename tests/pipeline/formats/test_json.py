"""The JSON: its schema, what it keeps, what it says of a wrong one."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hostile import hostile
from hypothesis import given, settings
from thorough import examples

from pipeline import formats
from pipeline.errors import InputError
from pipeline.formats.json import schema, to_text
from pipeline.types import Caption, Document, Model, Notice, Outcome, Source

DOCS = Path(__file__).parents[3] / "docs"

DOCUMENT = Document(
    source=Source(
        name="film.mp4", size=12, duration=16.016000001, fps=23.976023976, width=1920, height=1080, start=0.0, codec="h264"
    ),
    model=Model(name="shapes", id="shapes", revision="1", engine="echo", engine_version="1"),
    settings={"prompt": "What?", "frame": [1, 2], "temperature": 0.0},
    captions=(
        Caption(start=0.0, end=8.0, text="A dog runs.", frames=(0.0, 4.0000001), prompt_tokens=10, completion_tokens=3),
        Caption(start=8.0, end=16.016, text="", outcome=Outcome.FAILED),
    ),
    shots=(8.0,),
    warnings=(Notice(code="partial", message="damaged", start=1.0, end=2.0),),
    stats={"seconds": {"decode": 1.23456}},
)


def test_what_is_read_is_what_was_written() -> None:
    text = to_text(DOCUMENT)
    once = formats.read_document(text)
    assert to_text(once) == text
    assert once.captions[0].frames == (0.0, 4.0)
    assert once.captions[1].outcome is Outcome.FAILED
    assert list(json.loads(text))[:3] == ["schema_version", "source", "model"]
    assert text.endswith("}\n")


def test_it_is_as_the_schema_says_and_the_schema_in_the_docs_is_that() -> None:
    jsonschema.validate(json.loads(to_text(DOCUMENT)), schema())
    written = json.loads((DOCS / "captions.schema.json").read_text())
    assert written == schema(), "run: python tests/goldens/formats/generate.py"


@given(text=hostile)
@settings(max_examples=examples(1000), deadline=None)
def test_it_keeps_all_of_the_models_text(text: str) -> None:
    document = replace(DOCUMENT, captions=(Caption(start=0, end=1, text=text),))
    written = to_text(document)
    written.encode()
    kept = formats.read_document(written).captions[0].text
    assert kept == "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text if c != "\x00")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda d: d["captions"][0].update(start="soon"), "captions.0.start"),
        (lambda d: d["captions"][0].pop("text"), "captions.0.text"),
        (lambda d: d["source"].update(width=None), "source.width"),
        (lambda d: d["captions"][1].update(outcome="great"), "captions.1.outcome"),
        (lambda d: d.update(schema_version=9), "schema_version"),
        (lambda d: d.pop("model"), "model"),
        (lambda d: d.update(language="x/../../../../victim/authorized"), "language"),
        (lambda d: d.update(language="en" * 100), "language"),
        (lambda d: d.update(language=""), "language"),
        (lambda d: d["captions"][0].update(start="Infinity"), "captions.0.start"),
        (lambda d: d["captions"][0].update(end=1e300), "captions.0.start"),
        (lambda d: d["captions"][0].update(end=d["captions"][0]["start"] - 1), "captions.0.end"),
        (lambda d: d["source"].update(duration="nan"), "source.duration"),
        (lambda d: d["source"].update(height=10**9), "source.height"),
        (lambda d: d.update(shots=[1e9]), "shots.0"),
    ],
)
def test_a_wrong_field_is_named(change: Any, field: str) -> None:
    data = json.loads(to_text(DOCUMENT))
    change(data)
    with pytest.raises(InputError) as caught:
        formats.read_document(json.dumps(data))
    assert caught.value.code == "bad_json"
    assert caught.value.message.startswith(field + ":")
    assert "\n" not in caught.value.message


def test_a_summary_in_place_of_captions_is_said_to_be_one() -> None:
    with pytest.raises(InputError, match="this is a film's summary"):
        formats.read_document('{"schema_version": 1, "kind": "summary", "sentences": []}')


@pytest.mark.parametrize(
    "text",
    [
        "[" * 1_000_000,
        '{"schema_version": 1, "settings": ' + "[" * 500 + "]" * 500 + "}",
        '{"schema_version": 1, "settings": {"a": ' + '{"a": ' * 200 + "1" + "}" * 200 + "}}",
        '{"schema_version": NaN}',
        '{"schema_version": 1, "captions": [' + "{}," * 3_000_000 + "{}]}",
        '{"schema_version": ' + "9" * 5000 + "}",
    ],
)
def test_deep_large_and_endless_numbers_are_one_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        formats.read_document(text)
    assert caught.value.code == "bad_json"
    assert len(caught.value.message) < 300
