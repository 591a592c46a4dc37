"""Films of which a part was described (``--from``, ``--to``): cues stay within the part, whatever their texts would need."""

from dataclasses import replace
from typing import Any

import pytest

from pipeline.cues import PROFILES, Layout, make_track
from pipeline.formats import json
from pipeline.subtitles import Loaded, shifted
from pipeline.types import Caption, Document, Model, Outcome, Source, Track

LONG = "A man in a red coat walks over the street and opens the door of an old house."  # 77 characters: 4.5 s


def described(*captions: tuple[float, float, str], part: Any, duration: float = 60.0, **more: Any) -> Document:
    source = Source(name="a.mp4", size=1, duration=duration, fps=25.0, width=1920, height=1080, start=0.0)
    return Document(
        source=source, model=Model(name="m", id="m", revision="", engine="echo", engine_version=""), language="en",
        settings={"part": part}, captions=tuple(Caption(start=start, end=end, text=text) for start, end, text in captions), **more,
    )  # fmt: skip


def edges(track: Track) -> tuple[float, float]:
    return track.cues[0].start, track.cues[-1].end


@pytest.mark.parametrize("name", PROFILES)
def test_the_last_moment_of_a_film_has_its_cue_then_and_not_before(name: str) -> None:
    track, _ = make_track(described((3.95, 4.0, LONG), part=[3.95, 9.0], duration=4.0), PROFILES[name])
    assert edges(track) == (3.95, 4.0)


def test_a_long_text_has_no_room_outside_the_part() -> None:
    track, notices = make_track(described((20, 22, LONG), (22, 24, f"Then {LONG}"), part=[20.0, 24.0]))
    assert edges(track) == (20.0, 24.0)
    assert {"text_cut"} <= {notice.code for notice in notices}
    assert edges(make_track(described((20, 20.5, "A dog runs."), part=[20.0, 20.5]))[0]) == (20.0, 20.5), "nor a short window"


def test_of_a_whole_film_the_same_windows_have_the_room_beside_them() -> None:
    begin, end = edges(make_track(described((20, 22, LONG), part=None))[0])
    assert begin < 20.0
    assert end > 24.0


def test_a_window_without_an_answer_is_room_where_it_lies_in_the_part() -> None:
    """It was asked for, and nothing else is to be said there; what lies before it was not."""
    refused = Caption(start=20.0, end=22.0, text="", outcome=Outcome.FAILED)
    film = described((22, 23, LONG), part=[20.0, 23.0])
    track, _ = make_track(replace(film, captions=(refused, *film.captions)))
    assert edges(track) == (20.0, 23.0)


def test_cuts_outside_the_part_move_no_cue() -> None:
    film = described((20, 24, "A dog runs."), part=[20.0, 24.0], shots=(19.8, 24.2))
    assert edges(make_track(film)[0]) == (20.0, 24.0)


@pytest.mark.parametrize("place", ["gaps", "auto"])
def test_pauses_outside_the_part_are_none_of_its(place: Any) -> None:
    speech = ((20.0, 22.5), (23.5, 24.0))
    track, _ = make_track(described((20, 24, "A man waits."), part=[20.0, 24.0], speech=speech), Layout(place=place))
    assert edges(track) == (22.5, 23.5)
    busy = described((20, 24, "A man waits."), part=[20.0, 24.0], speech=((20.0, 24.0),))
    track, notices = make_track(busy, Layout(place=place))
    assert [cue.start for cue in track.cues] == ([20.0] if place == "auto" else [])
    assert [notice.code for notice in notices] == ([] if place == "auto" else ["no_pause"])


def test_the_json_of_a_part_is_laid_out_in_it_also_where_it_was_shifted() -> None:
    """As burn, mux, export and the tracks of a server do."""
    film = described((20, 22, LONG), part=[20.0, None])
    later = shifted(Loaded(track=make_track(film)[0], document=film), 10.0).document
    for one, begin in ((film, 20.0), (later, 30.0)):
        assert edges(make_track(json.from_text(json.to_text(one)))[0]) == (begin, begin + 2)
