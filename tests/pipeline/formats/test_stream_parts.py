"""WebVTT segments of HLS that were put one behind another: each part stands where its X-TIMESTAMP-MAP says."""

import pytest

from pipeline import formats

WRAP = 1 << 33


def read(*parts: tuple[str, str], between: str = "\n") -> tuple[list[tuple[float, float]], list[str]]:
    """``parts``: the map of each (empty: none), and when its cue of one second begins."""
    made = []
    for where, start in parts:
        told = f"X-TIMESTAMP-MAP={where}\n" if where else ""
        made.append(f"WEBVTT\n{told}\n{start}.000 --> {start}.900\nCue\n")
    parsed = formats.parse("vtt", between.join(made))
    return [(cue.start, cue.end) for cue in parsed.track.cues], [notice.code for notice in parsed.notices]


def at(ticks: int, local: str = "00:00:00.000") -> str:
    return f"MPEGTS:{ticks},LOCAL:{local}"


@pytest.mark.parametrize("between", ["", "\n", "\n\n\n"])
def test_each_part_counts_from_the_first(between: str) -> None:
    parts = [(at(900_000 + n * 540_000), "00:01") for n in range(3)]
    assert read(*parts, between=between) == ([(1.0, 1.9), (7.0, 7.9), (13.0, 13.9)], [])


def test_the_two_names_stand_in_any_order_and_hours_may_be_missing() -> None:
    one, two = "LOCAL:00:00.000,MPEGTS:900000", "LOCAL: 00:00:00.000, MPEGTS: 1440000"
    assert read((one, "00:01"), (two, "00:01")) == ([(1.0, 1.9), (7.0, 7.9)], [])


@pytest.mark.parametrize("first", [900_000, WRAP - 1, WRAP - 300_000])
def test_maps_that_say_the_same_move_nothing(first: int) -> None:
    """As most write it: one map for all, or the picture's stamp for the segment's own moment; also where 33 bits are full."""
    assert read((at(first), "00:01"), (at(first), "00:07")) == ([(1.0, 1.9), (7.0, 7.9)], [])
    later = at((first + 540_000) % WRAP, "00:00:06.000")
    assert read((at(first), "00:01"), (later, "00:07")) == ([(1.0, 1.9), (7.0, 7.9)], [])


def test_a_clock_whose_33_bits_are_full_goes_on() -> None:
    parts = [(at((WRAP - 600_000 + n * 540_000) % WRAP), "00:01") for n in range(4)]
    assert read(*parts) == ([(1.0, 1.9), (7.0, 7.9), (13.0, 13.9), (19.0, 19.9)], [])


def test_hours_without_a_cue_are_no_jump() -> None:
    silent = [f"WEBVTT\nX-TIMESTAMP-MAP={at(n * 54_000_000)}\n" for n in range(1, 13)]  # ten minutes each
    text = "\n".join(
        [f"WEBVTT\nX-TIMESTAMP-MAP={at(0)}\n\n00:01.000 --> 00:02.000\nA\n", *silent, "00:01.000 --> 00:02.000\nB\n"]
    )
    parsed = formats.parse("vtt", text)
    assert ([cue.start for cue in parsed.track.cues], parsed.notices) == ([1.0, 7201.0], ())


@pytest.mark.parametrize("anew", [at(0), at(900_000 + 20_000 * 90_000)])
def test_a_clock_that_begins_anew_is_told_and_the_parts_stay_in_order(anew: str) -> None:
    """Back by ten seconds, and hours ahead. What follows it goes by the new clock."""
    ticks = int(anew.split(":")[1].split(",")[0])
    parts = [(at(900_000), "00:01"), (anew, "00:07"), (at(ticks + 540_000), "00:07")]
    assert read(*parts) == ([(1.0, 1.9), (7.0, 7.9), (13.0, 13.9)], ["times_guessed"])


@pytest.mark.parametrize("second", ["", "MPEGTS:x,LOCAL:00:00:00.000", "LOCAL:00:00:00.000", "MPEGTS:5,LOCAL:none"])
def test_a_part_without_a_map_among_others_stands_by_the_one_before(second: str) -> None:
    parts = [(at(900_000), "00:01"), (at(1_440_000), "00:01"), (second, "00:03")]
    assert read(*parts) == ([(1.0, 1.9), (7.0, 7.9), (9.0, 9.9)], ["times_guessed"])


def test_both_clocks_that_go_on_by_different_times_are_told() -> None:
    assert read((at(0), "00:01"), (at(1_080_000, "00:00:06.000"), "00:07")) == ([(1.0, 1.9), (13.0, 13.9)], ["times_guessed"])


def test_a_part_of_another_clock_stands_where_the_stream_has_it() -> None:
    """The time of day that a broadcaster counts in, ten hours ahead of the part before."""
    assert read((at(0), "00:01"), (at(540_000, "10:00:00.000"), "10:00:01"))[0] == [(1.0, 1.9), (7.0, 7.9)]
    assert read((at(0, "10:00:00.000"), "10:00:01"), (at(540_000), "00:01")) == ([(36001.0, 36001.9), (36007.0, 36007.9)], [])


def test_one_map_moves_nothing_and_a_map_in_a_text_or_a_note_is_none() -> None:
    assert read((at(900_000), "00:01")) == ([(1.0, 1.9)], [])
    line = f"X-TIMESTAMP-MAP={at(540_000)}"
    text = f"WEBVTT\nX-TIMESTAMP-MAP={at(0)}\n\nNOTE\n{line}\n\n00:01.000 --> 00:02.000\n{line}\n\n00:03.000 --> 00:04.000\nB\n"
    parsed = formats.parse("vtt", text)
    assert ([(cue.start, cue.text) for cue in parsed.track.cues], parsed.notices) == ([(1.0, line), (3.0, "B")], ())
