"""One calm line of warnings a film: faults by name, what the layout shortened as a count."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.notices import Once, as_data, faults, lines
from pipeline.types import FORMAT_CODES, LAYOUT_CODES, Notice

FAST = Notice(code="too_fast", message="21 characters a second, more than 17", start=2.0, end=4.0)
CUT = Notice(code="text_cut", message="the sentence is too long", start=9.0, end=12.0)
LOST = Notice(code="frames_lost", message="3 frames could not be decoded", start=5.0)
MP4 = Notice(code="default_track", message="MP4 has its ways")
MIXED = Notice(code="variable", message="all of it")

codes = st.sampled_from(["frames_lost", "partial", *sorted(LAYOUT_CODES | FORMAT_CODES)])
some = st.lists(st.builds(Notice, code=codes, message=st.text(max_size=9), start=st.none() | st.floats(0, 99)), max_size=20)


@given(some)
def test_at_most_one_line_a_film_and_one_each_where_asked(found: list[Notice]) -> None:
    assert len(lines("a.mp4", found)) == (1 if found else 0)
    assert len(lines("a.mp4", found, quiet=True)) == (1 if faults(found) else 0)
    assert len(lines("a.mp4", found, verbose=True)) == len(found)


def test_what_is_said() -> None:
    assert lines("a.mp4", [FAST, CUT, CUT]) == [
        "a.mp4: note: 2 texts shortened or shown fast (text_cut, too_fast); the JSON has all of it"
    ]
    assert lines("a.mp4", [LOST, FAST, LOST, MIXED]) == [
        (
            "a.mp4: warning: frames_lost at 0:05 and 1 time more: 3 frames could not be decoded · variable · "
            "1 text shortened or shown fast (too_fast); the JSON has all of it"
        )
    ]
    assert lines("a.mp4", [FAST], quiet=True) == []
    assert lines("a.mp4", [MP4, FAST]) == [
        "a.mp4: note: default_track: MP4 has its ways \u00b7 1 text shortened or shown fast (too_fast); the JSON has all of it"
    ]
    assert lines("a.mp4", [LOST], quiet=True) == ["a.mp4: warning: frames_lost at 0:05: 3 frames could not be decoded"]


def test_a_text_that_is_not_there_is_not_called_shortened() -> None:
    waits = Notice(code="no_pause", message="no pause is long enough; --extended lets the film wait", start=3.0)
    assert lines("a.mp4", [waits, FAST, waits]) == [
        (
            "a.mp4: note: 2 texts left out (no_pause): no pause is long enough; --extended lets the film wait · "
            "1 text shortened or shown fast (too_fast); the JSON has all of it"
        )
    ]


def test_a_formats_way_is_said_with_the_first_film_alone() -> None:
    once = Once()
    assert [once.of([MP4, LOST]), once.of([LOST, MP4]), once.of([MP4])] == [[MP4, LOST], [LOST], []]


def test_data_tells_where_a_stretch_begins_and_ends() -> None:
    hole = Notice(code="partial", message="it holds no picture", start=3.3, end=5.0)
    assert as_data([hole]) == [{"code": "partial", "message": "it holds no picture", "start": 3.3, "end": 5.0}]
