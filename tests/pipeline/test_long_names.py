"""Names that a film may just have, and those that no file system takes: found with its captions, or missing alone."""

from pathlib import Path

import pytest

from pipeline.asking.inputs import Opened, take_captions
from pipeline.errors import InputError
from pipeline.filenames import NAME_MAX, fitted
from pipeline.formats import json
from pipeline.inputs import find_films
from pipeline.missing import missing
from pipeline.options.caption import Settings
from pipeline.retrieval.reading import documents
from pipeline.summary_items import find_items
from pipeline.types import Caption, Document, Model, Source

LONG = "x" * (NAME_MAX - 4)
TOO_LONG = "y" * 300


def described(film: Path) -> Path:
    """A film and the captions that ``caption`` writes beside it."""
    film.write_bytes(b"film")
    document = Document(
        source=Source(name=film.name, size=4, duration=4.0, fps=10.0, width=16, height=16, start=0.0),
        model=Model(name="m", id="m", revision="", engine="echo", engine_version=""),
        settings={},
        captions=(Caption(start=0.0, end=4.0, text="A door opens."),),
    )
    path = film.with_name(f"{fitted(film.stem)}.descriptions.json")
    path.write_text(json.to_text(document))
    return path


def test_the_captions_of_a_film_with_a_long_name_are_found(tmp_path: Path) -> None:
    film = tmp_path / f"{LONG}.mp4"
    path = described(film)
    assert list(documents([str(film)])) == [path]
    opened = Opened(path=film, version=None)
    take_captions(opened)
    assert opened.damaged is None
    (item,) = find_items([str(film)], Settings(), recursive=False)[0]
    assert item.json == path
    assert item.described


@pytest.mark.parametrize("name", [f"{TOO_LONG}.mp4", TOO_LONG])
def test_a_name_that_is_too_long_for_a_file_is_no_films_trouble_but_its_own(tmp_path: Path, name: str) -> None:
    film, wrong = tmp_path / "a.mp4", tmp_path / name
    path = described(film)
    found = find_films([str(wrong), str(film)], recursive=False)
    assert film in [one.path for one in found.films]
    assert missing(wrong).startswith("there is no such file")
    with pytest.raises(InputError, match="not_found"):
        list(documents([str(wrong)]))
    items, errors = find_items([f"{wrong}.json", str(path)], Settings(), recursive=False)
    assert [item.json for item in items] == [path]
    assert [error.code for _, error in errors] == ["not_found"]
