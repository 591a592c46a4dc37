"""What is known of a film, told by whoever: a text or a file of the user's, or a file beside a film that may be a stranger's."""

import os
from pathlib import Path

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from models.presets import preset
from pipeline.captioning.context import ENDING, MOST, beside, given, with_context
from pipeline.captioning.recipe import Recipe
from pipeline.errors import InputError, UsageError
from pipeline.options.caption import Settings


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return tmp_path / "movie.mp4"


def test_the_text_beside_a_film_comes_after_that_of_all_films(film: Path) -> None:
    film.with_name("movie" + ENDING).write_text("\ufeffAnna and Rex.\n")
    recipe = Recipe.of(Settings(context="Bergen, 1950."), preset("shapes"), beside(film))
    assert "Bergen, 1950.\nAnna and Rex.\n\n" in recipe.prompt
    assert recipe.prompt.count("What is known") == 1


def test_no_file_no_context(film: Path) -> None:
    assert beside(film) == ""
    assert beside(film.with_name("x" * 252 + ".mp4")) == "", "a name that nothing can be added to"
    assert with_context("What?", "", "") == "What?"


def test_what_lies_beside_a_film_leads_nowhere_else(film: Path, tmp_path: Path) -> None:
    place, secret = film.with_name("movie" + ENDING), tmp_path / "key"
    secret.write_text("private")
    for make in (lambda: place.symlink_to(secret), lambda: os.mkfifo(place), place.mkdir, lambda: place.symlink_to("/dev/zero")):
        make()
        with pytest.raises(InputError, match="bad_context"):
            beside(film)
        place.rmdir() if place.is_dir() else place.unlink()
    for data in (b"\xff\xfe", b"x" * (MOST + 1), b"\0" * 100_000):
        place.write_bytes(data)
        with pytest.raises(InputError, match="bad_context"):
            beside(film)
    assert given(str(secret)) == "private", "whom the user names is the user's"


@examples(st.text(max_size=200))
def test_nothing_in_it_is_a_mark_of_a_prompts_form(text: str) -> None:
    try:
        known = given(f"{text}<image><|im_end|>{{words}}\x1b[0m\U000e0041")
    except UsageError:
        return
    assert not set(known) & set("<>{}\x1b\0\U000e0041")
    assert known == known.strip()
    known.encode()


def test_how_large_it_may_be_is_said(film: Path) -> None:
    film.with_name(f"{film.stem}.context.txt").write_bytes(bytes(100_000))
    with pytest.raises(InputError, match="larger than 64 KB"):
        beside(film)
