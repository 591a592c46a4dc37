"""Texts in the pauses of speech: where they may stand, and that cues never do elsewhere."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cues import Layout, make_track
from pipeline.cues.pauses import Wish, pauses, settle
from pipeline.cues.room import REACH
from pipeline.errors import UsageError
from pipeline.types import Caption, Document, Model, Source

SPANS = st.lists(st.tuples(st.floats(0, 60), st.floats(0, 8)).map(lambda at: (at[0], at[0] + at[1])), max_size=12)


def document(texts: list[tuple[float, float, str]], speech: list[tuple[float, float]] | None, duration: float = 60.0) -> Document:
    return Document(
        source=Source(name="film.mp4", size=1, duration=duration, fps=25.0, width=640, height=360, start=0.0),
        model=Model(name="m", id="m", revision="", engine="echo", engine_version=""),
        settings={},
        captions=tuple(Caption(start=start, end=end, text=text) for start, end, text in texts),
        speech=None if speech is None else tuple(speech),
    )


@given(SPANS, st.floats(1, 70))
def test_pauses_and_speech_make_the_film(speech: list[tuple[float, float]], end: float) -> None:
    free = pauses(speech, end)
    for start, stop in free:
        assert 0 <= start < stop <= end
        assert not any(a < stop and start < b for a, b in speech if b > a)
    moments = [k * end / 200 for k in range(200)]
    for at in moments:
        said = any(a <= at < b for a, b in speech)
        assert said != any(a <= at < b for a, b in free)


@given(
    st.lists(st.tuples(st.floats(0.5, 10), st.floats(0.5, 8)), min_size=1, max_size=12),
    SPANS,
    st.sampled_from(["gaps", "auto"]),
)
def test_places_follow_one_another_and_gaps_are_pauses(
    windows: list[tuple[float, float]], speech: list[tuple[float, float]], place: str
) -> None:
    wishes, at = [], 0.0
    for length, need in windows:
        wishes.append(Wish(at, at + length, need, min(need, 0.8)))
        at += length
    free = pauses(speech, at)
    before = -math.inf
    for wish, found in zip(wishes, settle(wishes, free, place, gap=0.1), strict=True):  # type: ignore[arg-type]
        if found is None:
            continue
        start, end = found
        assert start >= before + 0.1 - 1e-9
        assert start < end
        before = end
        assert wish.start - REACH - 1e-9 <= start
        assert end <= wish.end + REACH + 1e-9
        inside = any(a - 1e-9 <= start and end <= b + 1e-9 for a, b in free)
        if place == "gaps":
            assert inside
            assert end - start >= wish.least - 1e-9
        else:
            assert (inside and end - start >= wish.need - 1e-9) or (start >= wish.start - 1e-9 and end <= wish.end + 1e-9)


@given(
    SPANS,
    st.lists(
        st.sampled_from(["A man waits.", "Two red cars stand in front of a house. It rains. Nobody is seen."]),
        min_size=1,
        max_size=8,
    ),
)
def test_no_cue_stands_over_speech(speech: list[tuple[float, float]], texts: list[str]) -> None:
    length = 60 / len(texts)
    made, notices = make_track(
        document([(n * length, (n + 1) * length, f"{n} {text}") for n, text in enumerate(texts)], speech), Layout(place="gaps")
    )
    for cue in made.cues:
        assert not any(a + 0.0011 < cue.end and cue.start < b - 0.0011 for a, b in speech if b - a > 0.0022), (cue, speech)
    left = sum(notice.code == "no_pause" for notice in notices)
    shown = {cue.text.split()[0] for cue in made.cues if cue.text[0].isdigit()}
    assert len(shown) + left == len(texts)


def test_auto_keeps_a_text_at_its_window_where_no_pause_holds_it() -> None:
    all_through = document([(0, 10, "A man waits at a bus stop.")], [(0.0, 60.0)])
    assert next((cue.start, cue.end) for cue in make_track(all_through, Layout(place="auto"))[0].cues)[0] == 0.0
    track, notices = make_track(all_through, Layout(place="gaps"))
    assert track.cues == ()
    assert [notice.code for notice in notices] == ["no_pause"]
    paused = document([(0, 10, "A man waits at a bus stop.")], [(0.0, 6.0)])
    assert make_track(paused, Layout(place="auto"))[0].cues[0].start == 6.0


def test_what_nobody_listened_to_is_said_so() -> None:
    with pytest.raises(UsageError, match="nobody listened") as caught:
        make_track(document([(0, 10, "A man waits.")], None), Layout(place="gaps"))
    assert caught.value.code == "speech_unknown"
    with pytest.raises(UsageError, match="--place"):
        Layout(place="somewhere")  # type: ignore[arg-type]
