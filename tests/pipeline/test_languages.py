"""Language tags come from command lines, JSON, file names and requests."""

import pytest

from pipeline.errors import UsageError
from pipeline.languages import alpha3, check_tag, told


@pytest.mark.parametrize(
    ("tag", "standard"),
    [("en", "en"), ("PT-br", "pt-BR"), ("zh-hans", "zh-Hans"), ("sl-rozaj", "sl-rozaj")],
)
def test_tags_are_written_as_the_standard_has_them(tag: str, standard: str) -> None:
    assert check_tag(tag) == standard


@pytest.mark.parametrize(
    "tag", ["", "../x", "a\0b", "\x00", "\x01\xff", "en\n", "\ud800", "x" * 1_000_000, "en-" + "a-" * 200, "Deutsch " * 5]
)
def test_what_is_none_is_refused_at_once(tag: str) -> None:
    with pytest.raises(UsageError, match="bad_language") as caught:
        check_tag(tag)
    assert len(str(caught.value)) < 300


def test_a_language_by_its_name_is_told_its_tag() -> None:
    with pytest.raises(UsageError, match="did you mean 'de'"):
        check_tag("German")


@pytest.mark.parametrize(
    ("word", "tag"),
    [
        ("pt_BR", "pt-BR"), ("eng", "en"), ("English", "en"), ("Brazilian Portuguese", "pt-BR"), ("Deutsch", "de"), ("en-x", "en"), ("en-a", "en"),
        ("en-US-US", "en-US"), ("e-1", ""), ("", ""), ("und", ""), ("xyz", ""), ("\ud800", ""), ("a\0b", ""), ("-", ""), ("en-" * 500, ""),
    ],
)  # fmt: skip
def test_files_of_others_tell_their_language_by_a_tag_or_a_name(word: str, tag: str) -> None:
    assert told(word) == tag


@pytest.mark.parametrize(
    ("tag", "letters"), [("pt-BR", "por"), ("en-x", "und"), ("English", "und"), ("e-1", "und"), ("xyz", "xyz")]
)
def test_three_letters_for_a_container_whatever_is_asked(tag: str, letters: str) -> None:
    assert alpha3(tag) == letters
