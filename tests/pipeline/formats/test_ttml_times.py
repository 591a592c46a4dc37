"""Time codes of TTML: hours that last longer than hours, numbers that are left out, and programmes that start at ten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import formats
from pipeline.formats._others.ttml_times import Rates, rates

ITUNES = 'ttp:timeBase="smpte" ttp:frameRate="24" ttp:frameRateMultiplier="1000 1001" ttp:dropMode="nonDrop"'


def document(attributes: str, begin: str, end: str, head: str = "") -> str:
    return f"""<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" {attributes}>
<head><metadata xmlns:ebuttm="urn:ebu:tt:metadata">{head}</metadata></head>
<body><div><p begin="{begin}" end="{end}">A dog</p></div></body></tt>"""


def read(text: str) -> tuple[list[tuple[float, float]], list[str]]:
    parsed = formats.parse("ttml", text)
    return [(round(cue.start, 3), round(cue.end, 3)) for cue in parsed.track.cues], [notice.code for notice in parsed.notices]


@pytest.mark.parametrize(
    ("attributes", "begin", "end", "wanted"),
    [
        (ITUNES, "01:00:00:00", "01:00:01:00", (3603.6, 3604.601)),
        (ITUNES.replace("smpte", "media"), "01:00:00:00", "01:00:01:00", (3600.0, 3601.0)),
        (ITUNES, "1h", "3600.5s", (3600.0, 3600.5)),
        ('ttp:timeBase="smpte" ttp:frameRate="25"', "01:00:00:00", "01:00:00:05", (3600.0, 3600.2)),
        (
            'ttp:timeBase="smpte" ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001" ttp:dropMode="dropNTSC"',
            "01:00:00;00", "01:01:00:02", (3599.996, 3660.056),
        ),
    ],
)  # fmt: skip
def test_hours_of_a_time_code(attributes: str, begin: str, end: str, wanted: tuple[float, float]) -> None:
    assert read(document(attributes, begin, end)) == ([wanted], [])


def numbers(drop: str, counted: int, minutes: int) -> dict[str, int]:
    """Each time code of so many minutes, and which frame of the film it is, by counting them one after another."""
    found: dict[str, int] = {}
    for minute in range(minutes):
        left_out = 0
        if drop == "dropNTSC" and minute % 10:
            left_out = 2
        if drop == "dropPAL" and minute % 2 == 0 and minute % 20:
            left_out = 4
        for number in range(left_out, 60 * counted):
            code = f"{minute // 60:02}:{minute % 60:02}:{number // counted:02}:{number % counted:02}"
            found[code] = len(found)
    return found


COUNTED = {drop: list(numbers(drop, 30, 130).items()) for drop in ("nonDrop", "dropNTSC", "dropPAL")}


@given(st.sampled_from(sorted(COUNTED)), st.data())
def test_a_time_code_names_the_frame_that_it_counts(drop: str, data: st.DataObject) -> None:
    code, frame = data.draw(st.sampled_from(COUNTED[drop]))
    told = rates({"frameRate": "30", "frameRateMultiplier": "1000 1001", "timeBase": "smpte", "dropMode": drop})
    assert told.seconds(code) == pytest.approx(frame * 1001 / 30000, abs=1e-9)


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 24))
def test_of_times_of_the_film_nothing_is_counted(hours: int, minutes: int, seconds: int, frames: int) -> None:
    value = f"{hours:02}:{minutes:02}:{seconds:02}:{frames:02}"
    assert Rates(25.0, 25.0).seconds(value) == pytest.approx(hours * 3600 + minutes * 60 + seconds + frames / 25)


TEN = "<ebuttm:documentStartOfProgramme>10:00:00:00</ebuttm:documentStartOfProgramme>"


@pytest.mark.parametrize(
    ("begin", "end", "head", "wanted"),
    [
        ("10:00:01:00", "10:00:02:00", TEN, [(1.0, 2.0)]),
        ("10:00:01:00", "10:00:02:00", "", [(36001.0, 36002.0)]),
        ("00:00:01:00", "00:00:02:00", TEN, [(1.0, 2.0)]),
        ("10:00:01:00", "10:00:02:00", TEN.replace("10:00:00:00", "soon"), [(36001.0, 36002.0)]),
    ],
)
def test_a_programme_that_starts_at_ten(begin: str, end: str, head: str, wanted: list[tuple[float, float]]) -> None:
    assert read(document('ttp:timeBase="smpte" ttp:frameRate="25"', begin, end, head)) == (wanted, [])


def test_what_lies_before_the_programme_is_dropped_with_a_word() -> None:
    text = document('ttp:timeBase="smpte" ttp:frameRate="25"', "10:00:01:00", "10:00:02:00", TEN)
    before = '<p begin="09:59:50:00" end="09:59:52:00">A clock</p><p begin="09:59:59:00" end="10:00:01:00">A horn</p>'
    after = '<p begin="10:00:03:00" end="10:00:04:00">A cat</p>'
    told = read(text.replace("<div>", f"<div>{before}").replace("</div>", f"{after}</div>"))
    assert told == ([(0.0, 1.0), (1.0, 2.0), (3.0, 4.0)], ["cue_dropped"])
