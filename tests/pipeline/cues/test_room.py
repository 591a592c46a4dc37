"""Room for long texts: taken from empty time and from neighbours that have some to spare, never from one that needs it."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pipeline.cues import Layout, make_track
from pipeline.cues.room import REACH, Span, find_room
from pipeline.types import Caption, Document, Model, Source

GAP = 0.08
LONG = "A man in a red coat walks over the street and opens the door of an old house."  # 77 characters: 4.5 s


@st.composite
def rows(draw: st.DrawFn) -> tuple[list[Span], float]:
    """Spans one after another, some with empty time between them, and the end of their film. Whole milliseconds."""
    spans, at = [], draw(st.integers(0, 3000))
    for length, need, empty in draw(
        st.lists(
            st.tuples(st.integers(1, 9000), st.integers(833, 12_000), st.sampled_from([80, 80, 81, 500, 4000])),
            min_size=1,
            max_size=12,
        )
    ):
        spans.append(Span(at / 1000, (at + length) / 1000, need / 1000))
        at += length + empty
    return spans, (at + draw(st.sampled_from([0, 3000]))) / 1000


@given(rows())
def test_what_is_given_is_never_needed_and_nothing_overlaps(row: tuple[list[Span], float]) -> None:
    spans, film_end = row
    made = find_room(spans, GAP, film_end)
    assert len(made) == len(spans)
    for before, after in zip(spans, made, strict=True):
        assert after.need == before.need
        assert after.end - after.start >= min(before.end - before.start, before.need) - 1e-6, "none loses time that it needs"
        assert -REACH - 1e-6 <= after.start - before.start <= REACH + 1e-6
        assert -REACH - 1e-6 <= after.end - before.end <= REACH + 1e-6
        assert -1e-9 <= after.start <= after.end <= film_end + 1e-9
        assert round(after.start, 3) == after.start
    for one, other in itertools.pairwise(made):
        assert other.start - one.end >= GAP - 1e-6


@given(rows())
def test_where_all_have_room_nothing_moves(row: tuple[list[Span], float]) -> None:
    spans = [Span(span.start, span.end, span.end - span.start) for span in row[0]]
    assert find_room(spans, GAP, row[1]) == spans


def test_a_neighbour_in_need_is_moved_as_a_whole() -> None:
    made = find_room([Span(0, 2.92, 3.92), Span(3, 6.92, 3.92), Span(7, 12, 2)], GAP, 12.0)
    assert made == [Span(0, 3.92, 3.92), Span(4.0, 7.92, 3.92), Span(8.0, 12, 2)]


def test_the_last_text_of_a_film_begins_sooner() -> None:
    assert find_room([Span(0, 4.92, 2), Span(5, 8, 4)], GAP, 8.0) == [Span(0, 3.92, 2), Span(4.0, 8, 4)]


def shown(*captions: tuple[float, float, str], duration: float) -> list[tuple[float, float, str]]:
    source = Source(name="a.mp4", size=1, duration=duration, fps=25.0, width=1920, height=1080, start=0.0)
    document = Document(
        source=source, model=Model(name="m", id="m", revision="", engine="echo", engine_version=""), settings={}, shots=(),
        language="en", captions=tuple(Caption(start=start, end=end, text=text) for start, end, text in captions),
    )  # fmt: skip
    track, notices = make_track(document, Layout())
    assert notices == ()
    return [(cue.start, cue.end, " ".join(cue.lines)) for cue in track.cues]


def test_a_text_stays_into_empty_time() -> None:
    assert shown((0, 3, LONG), duration=8) == [(0.0, 4.53, LONG)]


def test_a_text_stays_into_the_time_of_a_short_one() -> None:
    assert shown((0, 3, LONG), (3, 8, "A dog runs."), duration=8) == [(0.0, 4.53, LONG), (4.61, 8.0, "A dog runs.")]
