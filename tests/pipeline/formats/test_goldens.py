"""The goldens of every format stand: ``python tests/goldens/formats/generate.py`` writes them."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from generate import TEXTS, goldens

from pipeline import formats

FOLDER = Path(__file__).parents[2] / "goldens" / "formats"
GOLDENS: dict[str, str] = goldens()


@pytest.mark.parametrize("name", sorted(GOLDENS))
def test_golden(name: str) -> None:
    assert (FOLDER / name).read_bytes().decode() == GOLDENS[name]


def test_none_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.suffix not in (".py", "") and path.is_file()} == set(GOLDENS)


TT = "{http://www.w3.org/ns/ttml}"


def text_in(suffix: str, written: str) -> str:
    """All that a file shows, without spaces: a line break may stand where a space or nothing stood."""
    if suffix == ".txt":
        shown = written
    elif suffix == ".ttml":
        shown = "".join(span.text or "" for span in ElementTree.fromstring(written).iter(f"{TT}span"))
    else:
        shown = "".join(cue.text for cue in formats.read(suffix[1:], written).cues)
    return "".join(shown.split())


@pytest.mark.parametrize("language", ["ja", "zh-Hans", "th", "ar", "hi"])
@pytest.mark.parametrize("suffix", [".srt", ".vtt", ".ass", ".txt", ".ttml"])
def test_every_script_is_exact_in_every_export(language: str, suffix: str) -> None:
    """Not a character is lost, added, changed or moved on the way."""
    said = "".join("".join(TEXTS[language]).split())
    assert text_in(suffix, GOLDENS[f"film.{language}{suffix}"]) == said
