"""Language tags come from command lines, JSON, file names and requests."""

import pytest

from pipeline.errors import UsageError
from pipeline.languages import check_tag


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
