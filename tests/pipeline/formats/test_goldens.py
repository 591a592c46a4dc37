"""The goldens of every format stand: ``python tests/goldens/formats/generate.py`` writes them."""

from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "goldens" / "formats"
generator: Any = run_path(str(FOLDER / "generate.py"))
GOLDENS: dict[str, str] = generator["goldens"]()


@pytest.mark.parametrize("name", sorted(GOLDENS))
def test_golden(name: str) -> None:
    assert (FOLDER / name).read_bytes().decode() == GOLDENS[name]


def test_none_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir() if path.suffix not in (".py", "") and path.is_file()} == set(GOLDENS)


@pytest.mark.parametrize("language", ["ja", "zh-Hans", "th", "ar", "hi"])
def test_every_script_is_exact_in_every_export(language: str) -> None:
    """Not a character is lost or changed on the way; a line break may stand where a space or nothing stood."""
    said = "".join("".join(text.split()) for text in generator["TEXTS"][language])
    for suffix in (".srt", ".vtt", ".ass", ".txt", ".ttml"):
        written = GOLDENS[f"film.{language}{suffix}"].replace(r"\N", "").replace('</span><br /><span xml:space="preserve">', "")
        squeezed = "".join(written.split())
        for text in generator["TEXTS"][language]:
            for sentence in filter(None, text.replace("。", "。\n").split("\n")):
                assert "".join(sentence.split()) in squeezed or _in_parts(sentence, squeezed), (suffix, sentence)
    assert said


def _in_parts(sentence: str, written: str) -> bool:
    """A sentence that two cues share: its letters are there, in order."""
    at = 0
    for letter in "".join(sentence.split()):
        at = written.find(letter, at) + 1
        if not at:
            return False
    return True
