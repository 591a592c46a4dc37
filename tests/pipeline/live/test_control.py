"""What gives way, in which order, and how soon it is back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_runs import Run

from pipeline.live.control import Controller


def make() -> Controller:
    return Controller(seconds=4.0, frames=8, longest=30.0)


def test_the_order_of_giving_way() -> None:
    control, seen = make(), []
    for _ in range(8):
        seen.append(control.allowance())
        control.gave_way()
    assert [one.level for one in seen] == [0, 1, 2, 3, 4, 5, 5, 5]
    assert [one.words for one in seen[:3]] == [1.0, 0.5, 0.5]
    assert [one.frames for one in seen[:4]] == [8, 8, 4, 4]
    assert [one.seconds for one in seen[:6]] == [4.0, 4.0, 4.0, 8.0, 16.0, 30.0]


def test_an_engine_that_keeps_up_is_left_alone() -> None:
    control = make()
    for _ in range(100):
        control.answered(2.0)
    assert control.level == 0


def test_a_slow_engine_is_given_way_to_one_level_a_window() -> None:
    control = make()
    levels = [control.answered(40.0) for _ in range(7)]
    assert levels == [1, 2, 3, 4, 5, 5, 5]


def test_a_missed_deadline_saves_all_of_a_question_at_once_and_then_widens_by_four() -> None:
    control = make()
    assert [control.missed() for _ in range(4)] == [2, 4, 5, 5]
    assert [one.seconds for one in [control.allowance()]] == [30.0]


def test_level_0_again_within_a_minute() -> None:
    """From the widest windows: the one that waits, then each as soon as its level lets it."""
    control, seconds = make(), 0.0
    for _ in range(8):
        control.missed()
    while control.level:
        seconds += control.allowance().seconds
        control.answered(0.5)
    assert seconds <= 60.0


@given(st.lists(st.floats(0, 200), max_size=200), st.floats(1, 10), st.integers(1, 32), st.floats(1, 60))
def test_the_level_stays_within_its_bounds(engine: list[float], seconds: float, frames: int, longest: float) -> None:
    control = Controller(seconds=seconds, frames=frames, longest=longest)
    for one in engine:
        before = control.level
        after = control.answered(one)
        assert 0 <= after <= control.highest
        assert after <= before + 1
        allowance = control.allowance()
        assert 1 <= allowance.frames <= frames
        assert allowance.seconds <= max(seconds, longest)


@pytest.mark.parametrize("engine", [0.5, 1.5, 3.0, 3.5, 5.0, 9.0, 13.0])
def test_a_steady_engine_ends_at_one_level(engine: float) -> None:
    """Words and frames cost what they cost: with an engine whose time does not depend on them, no level is left and entered for ever."""
    control = make()
    levels = [control.answered(engine) for _ in range(60)]
    assert len(set(levels[-20:])) <= 2


async def test_a_stream_of_a_lower_priority_gives_way_first() -> None:
    """``gate`` is answered too late: of those below it ``yard`` gives way, as far as it can; then ``gate`` itself."""
    rules = {"gate": 2, "yard": 0, "shed": 1, "away": 0}
    run = Run({name: ("udp://127.0.0.1:1", {"priority": priority, "max_window": 2.0}) for name, priority in rules.items()})
    streams = {stream.plan.name: stream for stream in run.station.streams}
    for name in ("gate", "yard", "shed"):
        streams[name].state = "live"
    seen = []
    for _ in range(8):
        streams["gate"].describing._answered(5.0)
        seen.append([streams[name].describing.controller.level for name in rules])
    highest = streams["gate"].describing.controller.highest
    assert highest == 3
    assert seen[:6] == [[0, 1, 0, 0], [0, 2, 0, 0], [0, 3, 0, 0], [0, 3, 1, 0], [0, 3, 2, 0], [0, 3, 3, 0]]
    assert seen[6:] == [[1, 3, 3, 0], [2, 3, 3, 0]]
    await run.engine.close()
