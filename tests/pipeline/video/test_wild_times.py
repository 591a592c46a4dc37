"""A time that can't be, alone among good ones, costs its own picture's time and no other's."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.video.listing import UNKNOWN, Listing
from pipeline.video.table import Table, build

GROUP = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]
"""I P B B P B B P B B, in frames"""


def film(wild: dict[int, int], groups: int = 8, length: int = 10) -> Table:
    """25 frames a second, in ticks of a frame. ``wild``: packet -> frames that its time is off."""
    pts = [group * length + at for group in range(groups) for at in GROUP]
    key = [at == 0 for _ in range(groups) for at in GROUP]
    for packet, off in wild.items():
        pts[packet] += off
    marks = np.array(key), np.zeros(len(pts), np.bool_)
    return build(Listing(np.array(pts), *marks, np.ones(len(pts), np.int32), base=0.04, start=0.0, fps=25.0, last_duration=0.04))


@pytest.mark.parametrize("off", [75, 1000, 90_000, 1_800_000, -75, -90_000])
@pytest.mark.parametrize("packet", [30, 31, 32, 33, 39])
def test_only_its_own_picture_gets_a_new_time(packet: int, off: int) -> None:
    table = film({packet: off})
    assert table.repaired, "and it is told"
    assert table.times == pytest.approx(np.arange(80) * 0.04)
    assert table.end == pytest.approx(3.2)
    assert table.pts[packet] == UNKNOWN


def test_several_in_one_film() -> None:
    assert film({12: 90_000, 35: -5000, 51: 100}).times == pytest.approx(np.arange(80) * 0.04)


def test_slides_and_pictures_out_of_order_are_not_wild() -> None:
    # slides of a minute, three of them out of order; and a picture that stands for an hour before one with B frames
    slides = [0, 4500, 1500, 3000, 9000, 6000, 7500, 9001, 9002, 9003]
    late = [*range(20), 90_003, 90_000, 90_001, 90_002, *range(90_004, 90_040)]
    for stamps in (slides, late):
        pts = np.array(stamps)
        marks = np.arange(len(pts)) == 0, np.zeros(len(pts), np.bool_)
        table = build(Listing(pts, *marks, np.ones(len(pts), np.int32), base=0.04, start=0.0, fps=25.0, last_duration=0.04))
        assert not table.repaired
        assert table.times == pytest.approx(np.sort(pts) * 0.04)


def test_a_clock_that_jumps_and_stays_is_followed() -> None:
    pts = np.concatenate([np.arange(50), np.arange(50) + 90_000])
    marks = np.arange(100) % 10 == 0, np.zeros(100, np.bool_)
    table = build(Listing(pts, *marks, np.ones(100, np.int32), base=0.04, start=0.0, fps=25.0, last_duration=0.04))
    assert not table.repaired
    assert table.times[-1] == pytest.approx((90_000 + 49) * 0.04)


@pytest.mark.parametrize("behind", [1, 9])
def test_near_the_end_the_time_of_decoding_tells_it(behind: int) -> None:
    pts = np.arange(50)
    pts[-1 - behind] += 90_000
    marks = np.arange(50) % 10 == 0, np.zeros(50, np.bool_)
    listed = Listing(pts, *marks, np.ones(50, np.int32), base=0.04, start=0.0, fps=25.0, last_duration=0.04)
    table = build(replace(listed, dts=pts.copy()))
    assert table.repaired
    assert table.times == pytest.approx(np.arange(50) * 0.04)
    # a picture that stands for an hour, behind three that are stored after it: nothing is decoded before what it is stored after
    assert not build(replace(listed, dts=np.arange(50))).repaired


def test_a_clock_that_ran_over_goes_on_where_it_was() -> None:
    # of milliseconds in 31 bits, as in FLV: 2,147,483.6 s, in the middle of a group of pictures
    pts = np.concatenate([np.arange(50), np.arange(50, 100) + (1 << 31) // 40])
    marks = np.arange(100) % 20 == 0, np.zeros(100, np.bool_)
    table = build(Listing(pts, *marks, np.ones(100, np.int32), base=0.04, start=0.0, fps=25.0, last_duration=0.04))
    assert table.repaired
    assert table.times == pytest.approx(np.arange(100) * 0.04)


def timed(pts: list[int], *, fps: float = 25.0) -> Table:
    """Frames in groups of 10, ticks of a frame; each is decoded a frame after the one that is stored before it."""
    count = len(pts)
    marks = np.arange(count) % 10 == 0, np.zeros(count, np.bool_)
    listed = Listing(np.array(pts), *marks, np.ones(count, np.int32), base=0.04, start=0.0, fps=fps, last_duration=0.04)
    return build(replace(listed, dts=np.arange(count)))


@pytest.mark.parametrize("behind", [4, 5, 9, 15])
def test_near_the_end_a_film_tells_by_its_own_order_though_the_time_of_decoding_is_good(behind: int) -> None:
    """Two pictures are stored before one that is shown earlier in all of the film; here it would be more."""
    pts = [group * 10 + at for group in range(8) for at in GROUP]
    wild = pts[-1 - behind]
    pts[-1 - behind] += 625
    table = timed(pts)
    assert table.repaired
    assert table.times == pytest.approx(np.arange(80) * 0.04)
    assert table.end == pytest.approx(3.2)
    pts[-1 - behind] = wild
    last = pts.index(79)
    pts[last] += 625  # the last picture of all, which two are stored after: it stands there for as long
    assert not timed(pts).repaired


@pytest.mark.parametrize("off", [25, 625, 740])
@pytest.mark.parametrize("packet", [12, 30, 45, 52, 69])
def test_a_wild_time_beside_a_gap_costs_its_own_picture_alone(packet: int, off: int) -> None:
    """Which makes the film's pictures a second few, and has room for whatever has lost its time."""
    good = [group * 10 + at + 750 * (group > 3) for group in range(8) for at in GROUP]
    pts = [stamp + (2_000 + off) * (at == packet) for at, stamp in enumerate(good)]
    assert timed(pts, fps=80 / 33.2).times == pytest.approx(np.sort(good) * 0.04)


def stored(pts: list[int], dts: list[int], key: set[int]) -> Table:
    """Frames as they lie in a file, in ticks of 0.04 s."""
    marks = np.array([at in key for at in range(len(pts))]), np.zeros(len(pts), np.bool_)
    listed = Listing(np.array(pts), *marks, np.ones(len(pts), np.int32), base=0.04, start=0.0, fps=25.0, last_duration=0.04)
    return build(replace(listed, dts=np.array(dts)))


GAP_AT, GAPPED = 50, [*range(50), *range(800, 850)]
"""two seconds, nothing for thirty, two seconds"""


@pytest.mark.parametrize("off", [300, 625, 1000, 90_000])
@pytest.mark.parametrize("packet", [46, 47, GAP_AT, GAP_AT + 3, 90])
def test_a_time_that_the_order_of_decoding_denies(packet: int, off: int) -> None:
    """In the gap, behind it, at its first picture: both times are wild, and would be decoded after what is stored behind them."""
    pts = [stamp + off * (at == packet) for at, stamp in enumerate(GAPPED)]
    table = stored(pts, pts, set(range(0, 100, 10)))
    assert table.repaired
    assert table.end == pytest.approx(34.0, abs=0.05)
    assert table.times[packet + 1 :] == pytest.approx(np.array(GAPPED[packet + 1 :]) * 0.04)


@pytest.mark.parametrize("off", [-300, -500])
@pytest.mark.parametrize("packet", [GAP_AT + 3, 91])
def test_a_time_in_the_gap_before_it(packet: int, off: int) -> None:
    """Back from behind the gap into it; the time of decoding is wild too, or it is good and no picture is shown before it is decoded."""
    pts = [stamp + off * (at == packet) for at, stamp in enumerate(GAPPED)]
    for dts in (pts, GAPPED):
        assert stored(pts, dts, {0, GAP_AT}).times == pytest.approx(np.array(GAPPED) * 0.04)


def test_a_keyframe_that_is_stored_behind_a_time_is_shown_behind_it() -> None:
    pts = [stamp + 400 * (at == 45) for at, stamp in enumerate(GAPPED)]
    assert stored(pts, GAPPED, {0, 48, GAP_AT}).times == pytest.approx(np.array(GAPPED) * 0.04)
    # no keyframe lies between it and the gap: it may have been received in the middle of it
    assert not stored(pts, GAPPED, {0, GAP_AT}).repaired


@pytest.mark.parametrize("packet", [20, 55, 70])
def test_times_that_are_counted_on_from_a_wild_one(packet: int) -> None:
    """Of twelve pictures one has a time, and libav makes the others': each is as wild."""
    pts = [stamp + 2000 * (packet <= at < packet + 12) for at, stamp in enumerate(GAPPED)]
    table = stored(pts, pts, set(range(0, 100, 5)))
    assert table.times == pytest.approx(np.array(GAPPED) * 0.04)


def test_parts_of_other_clocks_are_no_wild_times() -> None:
    """A second of an hour later between two parts is a part of its own, and what comes back from it goes on behind it."""
    pts = [*range(50), *range(90_000, 90_025), *range(50, 100)]
    table = stored(pts, pts, {0, 50, 75})
    assert len(table.times) == 125
    assert table.times[50] == pytest.approx(3600)
    assert table.end == pytest.approx(3600 + 75 * 0.04, abs=0.05)


@st.composite
def encoded(draw: st.DrawFn) -> tuple[list[int], list[int], set[int]]:
    """(times of showing, times of decoding, keyframes) as an encoder with B-frames stores pictures of which some, or all, stand."""
    groups = [1, *draw(st.lists(st.sampled_from([1, 1, 2, 3, 4]), min_size=20, max_size=60))]
    stands = draw(st.sampled_from([0.02, 0.1, 0.5, 1.0]))
    random = draw(st.randoms(use_true_random=False))
    steps = [random.randint(60, 400) if random.random() < stands else 1 for _ in range(sum(groups))]
    shown = [sum(steps[:place]) for place in range(len(steps))]
    pts, key, first = list[int](), {0}, 0
    for size in groups:
        if size == 1 and random.random() < 0.2:
            key.add(first)
        pts += [
            shown[first + size - 1],
            *(
                [shown[first + 1], shown[first], *shown[first + 2 : first + size - 1]]
                if size > 2
                else shown[first : first + size - 1]
            ),
        ]
        first += size
    before = [-2, -1, *shown]
    return pts, before[: len(pts)], key


@given(encoded())
@settings(max_examples=300, deadline=None)
def test_what_an_encoder_writes_is_never_wild(film: tuple[list[int], list[int], set[int]]) -> None:
    """Slides, screens that stand, lectures with a camera: in any of them a picture may stand at the end, behind three that are stored after it."""
    pts, dts, key = film
    table = stored(pts, dts, key)
    assert not table.repaired
    assert table.times == pytest.approx(np.sort(pts) * 0.04)


def test_the_last_slides_of_a_deck_are_not_wild() -> None:
    """Two pictures are stored behind the last one and shown before it, everywhere else one."""
    pts = [0, *(place for group in range(90) for place in (200 * group + 200, 200 * group + 100)), 18_700, 18_200, 18_400]
    dts = [-200, -100, *sorted(pts)][: len(pts)]
    assert not stored(pts, dts, {0}).repaired
