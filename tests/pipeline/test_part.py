"""A part of a film: times as people write them, names that tell it, and what there is of it in a film."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.captioning.recipe import Recipe
from pipeline.errors import InputError, UsageError
from pipeline.part import MOST, Part, seconds_of, spelled, without_label


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("12.5", 12.5), ("1:30", 90), ("01:02:03.5", 3723.5), ("90:00", 5400), (" 7 ", 7), (7, 7), (0.25, 0.25)],
)
def test_times_as_people_write_them(text: object, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "x", "-1", "1:60", "1:61:00", "1:2:3:4", "1e3", "nan", "inf", "٣", "1:", ":1", "1.",
     "9" * 5000, "1:" * 5000, True, None, -1, math.nan, 1e9]
)  # fmt: skip
def test_what_is_no_time(text: object) -> None:
    with pytest.raises(ValueError):
        seconds_of(text)


@given(st.integers(0, int(MOST * 1000)), st.one_of(st.none(), st.integers(0, int(MOST * 1000))), st.text(max_size=9))
def test_a_name_tells_its_part_and_the_film_is_found_again(start: int, end: int | None, stem: str) -> None:
    part = Part(start / 1000, None if end is None else end / 1000)
    assert not set(part.label) & set("/\\: \0")
    assert without_label(f"{stem}.{part.label}") == stem
    assert spelled(start / 1000) != spelled((start + 1) / 1000), "two times, two names"


@pytest.mark.parametrize("stem", ["movie", "movie.1080p", "a.10m00s", "a.10m00s-", "1s-2s", "." * 5000, "a." + "1s-" * 5000])
def test_other_names_stay(stem: str) -> None:
    assert without_label(stem) == stem


def test_what_there_is_of_it() -> None:
    assert Part.of(None, None) is None
    assert Part.of(0, None) is None
    assert Part.of(None, 5) == Part(0.0, 5)
    assert Part(2.0).of_film(10) == 8
    assert Part(2.0, 60.0).of_film(10) == 8
    for start, end in ((5, 5), (5, 4), (0, 0)):
        with pytest.raises(UsageError, match="bad_range"):
            Part.of(start, end)
    with pytest.raises(InputError, match="range_past_the_end"):
        Part(10.0).of_film(10)


def test_a_recipe_keeps_it() -> None:
    recipe = Recipe(model="m", part=Part(1.0, None))
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert Recipe.from_json(Recipe(model="m").to_json()) == Recipe(model="m")
