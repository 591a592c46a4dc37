"""The rules that every track keeps, whatever the captions: hundreds of examples, 1,000 in the long run; and examples that a subtitler would check."""

import itertools
import math
from typing import Any

import pytest
from hostile import hostile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from thorough import examples

from pipeline.cues import PROFILES, Layout, limits, make_track, profile
from pipeline.cues.measure import characters, columns, graphemes
from pipeline.cues.timing import least_gap
from pipeline.errors import UsageError
from pipeline.sanitize import clean
from pipeline.types import Caption, Document, Model, Outcome, Source, Track

MS = 0.0021  # times are rounded to milliseconds, once in the layout and once more where they were moved


def document(
    captions: list[Caption],
    *,
    duration: float,
    shots: tuple[float, ...] = (),
    fps: float = 25.0,
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
) -> Document:
    source = Source(name="film.mp4", size=1, duration=duration, fps=fps, width=size[0], height=size[1], start=0.0)
    model = Model(name="m", id="m", revision="", engine="echo", engine_version="")
    return Document(source=source, model=model, settings={}, captions=tuple(captions), shots=shots, language=language)


def described(*texts: str, seconds: float = 8.0, **more: Any) -> Document:
    """One window after another, ``seconds`` each."""
    captions = [Caption(start=n * seconds, end=(n + 1) * seconds, text=text) for n, text in enumerate(texts)]
    return document(captions, duration=more.pop("duration", seconds * len(texts)), **more)


def lines(*texts: str, layout: Layout | None = None, **more: Any) -> list[tuple[str, ...]]:
    return [cue.lines for cue in make_track(described(*texts, **more), layout or Layout())[0].cues]


@pytest.mark.parametrize("seconds", [0.02, 0.04, 0.12, 0.2, 0.25, 0.3])
@pytest.mark.parametrize("name", PROFILES)
def test_a_film_shorter_than_any_cue_has_its_text_for_as_long_as_it_lasts(seconds: float, name: str) -> None:
    track, _ = make_track(described("A cat sleeps.", seconds=seconds), PROFILES[name])
    [cue] = track.cues
    assert (cue.start, cue.end) == (0.0, pytest.approx(seconds, abs=MS))


def test_in_a_longer_film_a_text_of_a_moment_has_no_room() -> None:
    captions = [Caption(start=0.0, end=0.03, text="A cat."), Caption(start=0.03, end=8.0, text="A dog.")]
    track, notices = make_track(document(captions, duration=8.0), PROFILES["none"])
    assert [cue.lines for cue in track.cues] == [("A dog.",)]
    assert [notice.code for notice in notices] == ["no_room"]


def test_what_comes_after_the_film_is_told_as_that() -> None:
    captions = [Caption(start=k * 3600.0, end=k * 3600.0 + 5, text=f"Cat {k}.") for k in range(1000)]
    for name in PROFILES:
        track, notices = make_track(document(captions, duration=10.0), PROFILES[name])
        assert [cue.lines for cue in track.cues] == [("Cat 0.",)]
        late = [notice for notice in notices if notice.code == "past_the_end"]
        assert [notice.start for notice in late] == [caption.start for caption in captions[1:]]
        assert "after the end of the film, which lasts 10.0 s" in late[0].message
        assert "no_room" not in {notice.code for notice in notices}


SENTENCES = [
    "A man in a red coat walks across the busy street, carrying a large umbrella.", "A dog runs.", "She waves to Mr. Smith and smiles.",
    "Behind them the tall buildings of New York rise into the fog, and it rains.", "猫が窓辺に座って、外を通り過ぎる人々を静かに眺めている。",
    "一个男人走过马路，手里拿着红色的雨伞。", "ชายคนหนึ่งกำลังเดินข้ามถนนพร้อมกับสุนัขของเขา", "남자가 우산을 들고 길을 건넌다.",
    "رجل يمشي في الشارع ويحمل مظلة حمراء.",
    "« Bonjour », dit-elle – et elle part.", "👨‍👩‍👧‍👦 Families 🏳️‍🌈 walk.",
]  # fmt: skip
speech = st.one_of(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=6).map(" ".join), hostile)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    captions, at = [], draw(st.sampled_from([0.0, 0.0, 1.234]))
    for text in draw(st.lists(speech, min_size=1, max_size=4)):
        length = draw(st.one_of(st.just(8.0), st.floats(0.01, 30)))
        captions.append(Caption(start=at, end=at + length, text=text, outcome=draw(st.sampled_from(Outcome))))
        at += draw(st.sampled_from([length, length, length, length * 0.7, length + 0.3, length + 3]))
    duration = draw(st.sampled_from([at, at + 5, at * 0.8, at + 0.0004]))
    return document(
        captions,
        duration=duration,
        shots=tuple(sorted(draw(st.lists(st.floats(0, 60), max_size=6)))),
        fps=draw(st.sampled_from([25.0, 24000 / 1001, 60.0, 0.0, 1000.0, 1 / 60])),
        language=draw(st.sampled_from(["en", "en", "ja", "zh-Hans", "th", "ar", "ko", "de", "und"])),
        size=draw(st.sampled_from([(1920, 1080), (1080, 1920), (0, 0)])),
    )


layouts = st.builds(
    lambda name, width, count, cps: profile(name, max_line_width=width, max_lines=count, max_cps=cps),
    st.sampled_from(["netflix", "netflix", "bbc", "vertical"]),
    st.sampled_from([None, None, None, 8, 60]),
    st.sampled_from([None, None, 1, 3]),
    st.sampled_from([None, None, 9.5, 30.0]),
)


def test_a_text_after_one_too_short_to_move_with_its_cut_is_not_lost() -> None:
    texts = ("A man walks across the busy street.", "No.", "A man walks across the busy street.")
    times = ((0.0, 17.75), (17.75, 18.0), (18.0, 26.0))
    captions = [Caption(start=start, end=end, text=text) for text, (start, end) in zip(texts, times, strict=True)]
    track, _ = make_track(document(captions, duration=26.0, shots=(17.5,)), profile("netflix"))
    assert [cue.text for cue in track.cues][-1] == texts[2]
    assert track.cues[-1].start >= 18.0


@given(captions=documents(), layout=layouts)
@settings(max_examples=examples(1000), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_every_track_keeps_the_rules(captions: Document, layout: Layout) -> None:
    track, notices = make_track(captions, layout)
    source = captions.source
    bounds = limits(layout, captions.language, vertical=source.height > source.width)
    gap = least_gap(layout, source.fps)

    def complained(code: str, at: float) -> bool:
        return any(notice.code == code and abs((notice.start or 0) - at) < MS for notice in notices)

    for cue in track.cues:
        length = cue.end - cue.start
        assert 0 <= cue.start < cue.end <= source.duration + 1e-6, "inside the film"
        assert length <= layout.max_duration + MS
        assert length >= layout.min_duration - MS or complained("too_short", cue.start)
        assert 1 <= len(cue.lines) <= bounds.lines
        for line in cue.lines:
            assert line == clean(line) != "", "clean, not blank"
            assert columns(line, wide=bounds.wide) <= bounds.width or len(graphemes(line)) == 1, "no line over its width"
        assert characters(cue.lines, wide=bounds.wide) <= bounds.cps * length + 1e-6 or complained("too_fast", cue.start)
        assert cue.start == round(cue.start, 3)
        assert cue.end == round(cue.end, 3), "whole milliseconds"
    for before, after in zip(track.cues, track.cues[1:], strict=False):
        between = after.start - before.end
        assert between >= gap - MS, "no overlap, and two frames apart"
        assert between <= gap + MS or between >= layout.close_gaps - MS, "no blink"
    codes = {notice.code for notice in notices}
    assert codes <= {"text_dropped", "text_cut", "too_fast", "too_short", "no_room", "past_the_end"}
    if not codes & {"text_dropped", "text_cut", "no_room", "past_the_end"} and not _joined(captions):
        shown = "".join("".join(cue.text.split()) for cue in track.cues)
        said = "".join(
            "".join(clean(c.text).split()) for c in sorted(captions.captions, key=lambda c: c.start) if c.start < source.duration
        )
        assert shown == said, "what is not shown is told"
    assert make_track(captions, layout) == (track, notices), "deterministic"


def _joined(captions: Document) -> bool:
    """Whether equal neighbours were joined, or a window is outside the film or under another."""
    texts = [text for caption in captions.captions if (text := clean(caption.text))]  # what nothing is left of parts nobody
    overlapping = any(b.start < a.end for a, b in zip(captions.captions, captions.captions[1:], strict=False))
    return (
        overlapping
        or any(a == b for a, b in itertools.pairwise(texts))
        or captions.captions[-1].start >= captions.source.duration - 1
    )


@given(captions=documents())
@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_the_profile_none_shows_texts_as_they_are(captions: Document) -> None:
    track, _ = make_track(captions, PROFILES["none"])
    for before, after in zip(track.cues, track.cues[1:], strict=False):
        assert before.end <= after.start
    texts = {clean(caption.text) for caption in captions.captions}
    assert all(cue.text in texts for cue in track.cues)


def test_a_short_text_stays_for_its_window_and_goes_two_frames_before_the_next() -> None:
    track, notices = make_track(described("A dog runs.", "A cat sleeps.", seconds=4.0), Layout())
    assert [(cue.start, cue.end, cue.lines) for cue in track.cues] == [
        (0.0, 3.92, ("A dog runs.",)),
        (4.0, 8.0, ("A cat sleeps.",)),
    ]
    assert notices == ()


def test_no_cue_stays_longer_than_seven_seconds() -> None:
    assert [cue.end for cue in make_track(described("A dog runs.", seconds=60.0), Layout())[0].cues] == [7.0]


def test_lines_break_where_a_subtitler_breaks_them() -> None:
    assert lines("An old woman opens the door and steps into the garden.") == [
        ("An old woman opens the door", "and steps into the garden.")
    ]
    assert lines("Children play football in the park, while their parents watch.") == [
        ("Children play football in the park,", "while their parents watch.")
    ]
    assert lines("The train to New York City arrives at the crowded station.")[0][0] not in (
        "The train to New",
        "The train to New York",
    )
    for text in (
        "He carries the heavy box up the narrow stairs of an old house.",
        "Two people are walking along the beach with a very small dog.",
    ):
        for line in lines(text)[0][:-1]:
            assert line.split()[-1].lower() not in {"a", "an", "the", "of", "with", "and", "are", "is", "to"}


def test_one_line_is_better_than_two_and_the_lower_line_is_the_longer() -> None:
    assert lines("A dog runs over a green field.") == [("A dog runs over a green field.",)]
    (block,) = lines("One two three four five six seven eight nine ten eleven")
    assert len(block[0]) <= len(block[1])


def test_long_texts_are_split_at_sentences() -> None:
    first = "A man in a red coat walks across the busy street, carrying a large umbrella."
    second = "A yellow taxi stops beside him."
    blocks = lines(f"{first} {second}", seconds=10.0)
    assert [" ".join(block) for block in blocks] == [first, second]


def test_what_does_not_fit_is_dropped_by_whole_sentences_with_a_notice() -> None:
    text = "A man walks over the road. A dog follows him slowly. Then a long line of cars passes them. It begins to rain."
    track, notices = make_track(described(text, seconds=3.5), Layout())
    assert " ".join(track.cues[0].lines) == "A man walks over the road. A dog follows him slowly."
    assert [(notice.code, notice.start, notice.end) for notice in notices] == [("text_dropped", 0.0, 3.5)]
    assert "last 2 sentences" in notices[0].message


def test_a_sentence_that_is_a_little_too_long_is_shown_whole_with_a_notice() -> None:
    track, notices = make_track(described("A man in a red coat walks over the street.", seconds=2.0), Layout())
    assert [cue.lines for cue in track.cues] == [("A man in a red coat walks over the street.",)]
    assert "too_fast" in {notice.code for notice in notices}


def test_a_sentence_without_end_is_cut_between_words_with_a_notice() -> None:
    track, notices = make_track(described("and then " * 200, seconds=4.0), Layout())
    words = " ".join(line for cue in track.cues for line in cue.lines)
    assert words.endswith(("and…", "then…"))
    assert [notice.code for notice in notices] == ["text_cut"]


def test_equal_neighbours_join() -> None:
    track, _ = make_track(described("A dog runs.", "A dog runs.", "A cat sleeps.", seconds=3.0), Layout())
    assert [(cue.start, cue.end) for cue in track.cues] == [(0.0, 5.92), (6.0, 9.0)]


def test_times_snap_to_cuts() -> None:
    track, _ = make_track(described("A dog runs.", "A cat sleeps.", seconds=4.0, shots=(3.7,)), Layout())
    assert [(cue.start, cue.end) for cue in track.cues] == [(0.0, 3.62), (3.7, 8.0)]
    far, _ = make_track(described("A dog runs.", "A cat sleeps.", seconds=4.0, shots=(3.2,)), Layout())
    assert far.cues[1].start == 4.0


def test_small_gaps_close_and_large_ones_stay() -> None:
    captions = [
        Caption(start=0, end=2, text="A dog runs."),
        Caption(start=2.3, end=5, text="A cat sleeps."),
        Caption(start=6, end=9, text="It rains."),
    ]
    track, _ = make_track(document(captions, duration=9), Layout())
    assert [(cue.start, cue.end) for cue in track.cues] == [(0.0, 2.22), (2.3, 5.0), (6.0, 9.0)]


def test_japanese_breaks_between_phrases_in_lines_of_13() -> None:
    (first, *_) = lines("猫が窓辺に座って、外を通り過ぎる人々を眺めている。", language="ja", seconds=14.0)
    assert all(columns(line, wide=True) <= 13 for line in first)
    for block in lines("少年が赤い自転車に乗って、長い坂道をゆっくりと下っていく。", language="ja", seconds=14.0):
        for line in block:
            assert line[0] not in "、。ーっゃゅょ」）！？"


def test_thai_breaks_between_words() -> None:
    import budoux

    text = "ชายคนหนึ่งกำลังเดินข้ามถนนพร้อมกับสุนัขของเขา"
    blocks = lines(text, language="th", layout=profile("netflix", max_line_width=24))
    pieces = budoux.load_default_thai_parser().parse(text)
    starts = {"".join(pieces[:n]) for n in range(len(pieces) + 1)}
    assert "".join(blocks[0]) == text
    assert blocks[0][0] in starts


def test_a_vertical_picture_has_three_short_lines() -> None:
    (block,) = lines("An old woman opens the door and steps into the garden.", size=(1080, 1920))
    assert len(block) == 3
    assert max(map(len, block)) <= 25


def test_captions_without_text_make_no_cue() -> None:
    captions = [
        Caption(start=0, end=4, text="", outcome=Outcome.FAILED),
        Caption(start=4, end=8, text=" \u200b\n", outcome=Outcome.EMPTY),
    ]
    track, notices = make_track(document(captions, duration=8), Layout())
    assert track == Track(cues=(), language="en", width=1920, height=1080)
    assert notices == ()


def test_a_film_shorter_than_a_cue() -> None:
    track, notices = make_track(document([Caption(start=0, end=0.4, text="Dog.")], duration=0.4), Layout())
    assert [(cue.start, cue.end) for cue in track.cues] == [(0.0, 0.4)]
    assert {notice.code for notice in notices} == {"too_short"}


def test_odd_times_do_no_harm() -> None:
    captions = [
        Caption(start=math.nan, end=3, text="a"),
        Caption(start=5, end=2, text="b"),
        Caption(start=-4, end=3, text="c"),
        Caption(start=2, end=math.inf, text="d"),
    ]
    track, _ = make_track(document(captions, duration=10), Layout())
    assert [(cue.start, cue.end, cue.lines) for cue in track.cues] == [(0.0, 1.92, ("c",)), (2.0, 9.0, ("d",))]


def test_profiles_and_their_errors() -> None:
    assert limits(profile("netflix"), "en").width == 42
    assert limits(profile("netflix"), "ja") == limits(profile("netflix"), "ja-JP")
    assert (
        limits(profile("netflix"), "ja").width,
        limits(profile("netflix"), "zh-Hant").cps,
        limits(profile("netflix"), "ko").cps,
    ) == (13, 9, 12)
    assert limits(profile("bbc"), "en").width == 37
    with pytest.raises(UsageError, match="did you mean 'netflix'"):
        profile("netflx")
    with pytest.raises(UsageError, match="max-lines"):
        profile("netflix", max_lines=0)
