"""JSON can say half of a character, which nothing can write: it is whole once it is read, wherever it stands."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import InputError
from pipeline.formats import json as ours
from pipeline.retrieval import reading
from pipeline.sanitize import whole
from pipeline.types import Caption, Document, Model, Source

HALF = "a \ud83d half\0, \udc00 and 😀"
MADE = "a \ufffd half, \ufffd and 😀"


def spoiled(data: Any) -> Any:
    """Parsed JSON with HALF for each text that is free."""
    if isinstance(data, dict):
        free = {"text", "name", "title", "id", "message", "prompt", "original"}
        return {key: HALF if key in free and isinstance(value, str) else spoiled(value) for key, value in data.items()}
    return [spoiled(one) for one in data] if isinstance(data, list) else data


def document() -> Document:
    caption = Caption(start=0.0, end=2.0, text="text", original="other")
    source = Source(name="film.mp4", size=1, duration=2.0, fps=25.0, width=64, height=48, start=0.0)
    model = Model(name="m", id="m", revision="", engine="echo", engine_version="1")
    return Document(
        source=source, model=model, settings={"prompt": "p", "more": ["x"]}, captions=(caption,), shots=(), language="en"
    )


def test_captions(tmp_path: Path) -> None:
    text = json.dumps(spoiled(json.loads(ours.to_text(document()))))
    assert "\\ud83d" in text
    read = ours.from_text(text)
    assert (read.source.name, read.model.name, read.captions[0].text, read.settings["prompt"]) == (MADE,) * 4
    json.dumps(str(read), ensure_ascii=False).encode()
    path = tmp_path / "film.descriptions.json"
    path.write_text(text)
    assert reading.read(path).captions == ((0.0, 2.0, MADE),)


@pytest.mark.parametrize("value", [HALF, [HALF, 1, None, [HALF]], {HALF: HALF, "b": [HALF, {}], "c": 1.5}])
def test_any_value_of_json(value: Any) -> None:
    made = json.dumps(json.loads(json.dumps(value), object_hook=whole), ensure_ascii=False)
    if not isinstance(value, dict):
        made = json.dumps(whole(value), ensure_ascii=False)
    made.encode()
    assert "\ufffd" in made


def test_what_is_whole_stays_as_it_is() -> None:
    value = {"a": ["b", "ü😀", 1, 1.5, None, True], "c": {"d": "e"}}
    assert json.loads(json.dumps(value), object_hook=whole) == value
    assert not ours.may_hold_halves(json.dumps({"a": "\u00fc \\d"}))


def test_a_search_reads_no_more_parts_than_a_film_has(tmp_path: Path) -> None:
    """240 MB of zeros beside good captions took four gigabytes."""
    text = ours.to_text(document()).rstrip()
    path = tmp_path / "film.descriptions.json"
    path.write_text(text[:-1] + ', "more": [' + "0," * (ours.MOST_COMMAS + 1) + "0]}")
    with pytest.raises(InputError, match="more parts") as caught:
        reading.read(path)
    assert caught.value.code == "bad_json"
