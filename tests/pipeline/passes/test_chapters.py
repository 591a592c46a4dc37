"""Where chapters begin: the invariants for any film, and the right place where there is one."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thorough import examples

from pipeline import chapters
from pipeline.outline import Chapter
from pipeline.passes.chapters import SHORTEST, hills, parts, wanted
from pipeline.types import Caption

TOPICS = ("a red car drives", "two cooks fry an egg", "the sea at night", "a dog runs", "猫が窓辺に座っている", "")


@st.composite
def films(draw: st.DrawFn) -> tuple[list[Caption], list[float], float]:
    """Captions one after another with gaps, cuts anywhere, and a length that the head tells wrongly now and then."""
    lengths = draw(st.lists(st.floats(0.04, 30), max_size=60))
    gaps = draw(st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.5]), min_size=len(lengths), max_size=len(lengths)))
    captions, at = [], draw(st.sampled_from([0.0, 0.0, 2.0]))
    for length, gap in zip(lengths, gaps, strict=True):
        captions.append(Caption(start=at, end=at + length, text=draw(st.sampled_from(TOPICS))))
        at += length + gap
    borders = [caption.start for caption in captions]
    shots = draw(st.lists(st.one_of(st.sampled_from(borders or [0.0]), st.floats(-5, at + 5)), max_size=40))
    return captions, shots, max(0.0, at + draw(st.sampled_from([0.0, 0.0, 3.0, -2.0])))


@settings(max_examples=examples(1000))
@given(films())
def test_chapters_cover_the_film_without_gap_or_overlap_and_begin_at_shots(
    film: tuple[list[Caption], list[float], float],
) -> None:
    captions, shots, duration = film
    found = parts(captions, shots, duration)
    end = max([duration, *(caption.end for caption in captions)])
    assert found[0].start == 0
    assert found[-1].end == end
    assert all(a.end == b.start for a, b in itertools.pairwise(found))
    inside = {shot for shot in shots if 0 < shot < end}
    assert {part.start for part in found[1:]} <= (inside or {caption.start for caption in captions})
    assert all(part.end - part.start >= min(SHORTEST, end) for part in found)
    # each caption is in one chapter, in order
    assert [found[0].first, found[-1].last] == [0, len(captions)]
    assert all(a.last == b.first for a, b in itertools.pairwise(found))
    for part in found:
        for caption in captions[part.first : part.last]:
            assert part.start <= (caption.start + caption.end) / 2 <= part.end
    # and what is written keeps it, in whole milliseconds
    tidy = chapters.tidy([Chapter(start=part.start, end=part.end, title="x") for part in found])
    assert all(a.end == b.start for a, b in itertools.pairwise(tidy))


@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), max_size=14))
def test_a_hill_is_as_high_as_it_goes_up_without_going_down(alike: list[float]) -> None:
    walked = []
    for number, low in enumerate(alike):
        hill, at = low, number - 1
        while at >= 0 and alike[at] >= hill:
            hill, at = alike[at], at - 1
        walked.append(1.0 if at < 0 else hill)
    assert hills(alike) == walked


def test_a_day_in_which_little_happens() -> None:
    """Not timed: what is quadratic takes hours. Captions that are alike for hours are what a camera sees."""
    captions = [Caption(start=n * 4.0, end=n * 4.0 + 4, text=TOPICS[n // 5000 % 2]) for n in range(21_600)]
    found = parts(captions, [], 86_400.0)
    assert {20_000.0, 40_000.0, 60_000.0, 80_000.0} <= {part.start for part in found}


def test_a_film_of_three_subjects_is_divided_between_them() -> None:
    rng = random.Random(3)
    vocabulary = [["kitchen", "cook", "pan", "knife"], ["street", "car", "rain", "bus"], ["beach", "wave", "sand", "gull"]]
    captions = [Caption(start=4.0 * n, end=4.0 * n + 4, text=" ".join(rng.choices(vocabulary[n // 20], k=6))) for n in range(60)]
    found = parts(captions, [4.0 * n for n in range(60)], 240.0)
    assert {80.0, 160.0} <= {part.start for part in found}


def test_of_several_cuts_in_one_caption_the_one_at_which_a_caption_begins_is_taken() -> None:
    captions = [Caption(start=5.0 * n, end=5.0 * n + 5, text="a cat sleeps" if n < 10 else "a ship sails") for n in range(20)]
    found = parts(captions, [10.0, 48.9, 49.5, 50.01, 51.0, 80.0], 100.0)
    assert [part.start for part in found] == [0.0, 50.01]


def test_a_film_that_is_the_same_all_along_is_one_chapter() -> None:
    captions = [Caption(start=5.0 * n, end=5.0 * n + 5, text="a cat sleeps") for n in range(100)]
    assert len(parts(captions, [5.0 * n for n in range(100)], 500.0)) == 1


@pytest.mark.parametrize(
    ("seconds", "most"), [(0, 1), (9, 1), (19.9, 1), (20, 2), (60, 3), (600, 6), (3600, 12), (7200, 16), (43_200, 37)]
)
def test_how_many_chapters_suit_a_film(seconds: float, most: int) -> None:
    assert wanted(seconds) == most


def test_a_film_without_captions_is_one_chapter() -> None:
    (only,) = parts([], [1.0, 2.0], 30.0)
    assert (only.start, only.end, only.first, only.last) == (0.0, 30.0, 0, 0)
