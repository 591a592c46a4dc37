"""What the cleaner drops, what it keeps, and that it is done after one pass."""

import json
import unicodedata

import pytest
from hostile import hostile
from hypothesis import given, settings
from hypothesis import strategies as st
from thorough import examples

from pipeline.sanitize import LONGEST_LINE, MAX_CHARACTERS, clean, json_line, printable


@given(text=st.one_of(hostile, st.text(st.characters(), max_size=200)))
@settings(max_examples=examples(1000), deadline=None)
def test_one_pass_is_enough_and_nothing_bad_is_left(text: str) -> None:
    made = clean(text)
    assert clean(made) == made
    made.encode()
    assert unicodedata.is_normalized("NFC", made)
    assert len(made) <= MAX_CHARACTERS
    for line in made.split("\n") if made else []:
        assert line.strip() == line != ""
        assert len(line) <= LONGEST_LINE
        assert not any(
            unicodedata.category(c) in ("Cc", "Cs") or c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2060"
            for c in line
        )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("  A dog\x00 runs.  ", "A dog runs."),
        ("one\r\n\r\n\n two\u2028three", "one\ntwo\nthree"),
        ("\ud83d broken", "\ufffd broken"),
        ("<|im_start|>A cat<|im_end|>", "A cat"),
        ("<|<|x|>|>", ""),
        ("e\u0301te\u0301", "été"),
        ("abc \u202egnp.exe", "abc gnp.exe"),
        ("👨‍👩‍👧‍👦 🇫🇷 ❤️", "👨‍👩‍👧‍👦 🇫🇷 ❤️"),
        (
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        ),
        ("hidden \U000e0041\U000e0042", "hidden"),
        ("何？　猫が", "何？　猫が"),
        ("\u200b\u200d\ufeff", ""),
        ("می‌خواهم", "می‌خواهم"),
        ("a\tb   c", "a b c"),
    ],
)
def test_examples(text: str, wanted: str) -> None:
    assert clean(text) == wanted


def test_a_long_text_ends_between_words() -> None:
    made = clean("word " * 10_000)
    assert len(made) <= MAX_CHARACTERS
    assert set(made.split()) == {"word"}


def test_json_keeps_all_of_a_text() -> None:
    text = "\x01 tabs\t\n\n<|im_end|> \u202e" + "x" * 30_000
    assert printable(text + "\x00\ud800") == text + "\ufffd"


@given(hostile)
def test_json_on_a_line_is_one_line_for_everybody_and_the_same_value(text: str) -> None:
    """An event for browsers is cut at each end of a line that Unicode knows; a terminal obeys C1 controls and turns lines around."""
    line = json_line({text: [text]})
    assert len(line.splitlines()) == 1
    assert not any(unicodedata.category(letter) == "Cc" or unicodedata.bidirectional(letter) in BIDI for letter in line)
    assert json.loads(line) == {text: [text]}


BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
