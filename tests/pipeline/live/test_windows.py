"""Windows, the mailbox and the ledger together: every second is told of once, whatever the engine and the source do."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.live.ledger import Ledger
from pipeline.live.mailbox import Mailbox, together
from pipeline.live.windows import Windows


def test_windows_of_streams_close_one_after_the_other() -> None:
    ends = []
    for number in range(4):
        windows = Windows(4.0, phase=number * 1.0)
        windows.begin(0.0, arrival=1000.3)
        windows.reach(20.0)
        ends.append((1000.3 + windows.end) % 4.0)
    assert ends == pytest.approx([0.0, 1.0, 2.0, 3.0])


@given(st.floats(0.5, 30), st.floats(0, 30), st.floats(0, 1e4))
def test_the_first_window_is_short_but_no_splinter(seconds: float, phase: float, arrival: float) -> None:
    windows = Windows(seconds, phase)
    windows.begin(0.0, arrival)
    shortest = min(1.0, seconds / 2)
    assert shortest - 1e-9 <= windows.end <= min(seconds, 2.0) + 1e-9
    (_, (begin, second)) = windows.reach(2 * seconds + 2)[:2]
    assert shortest - 1e-9 <= second - begin <= seconds + 1e-9
    # and from there on they close at their stream's own moments
    late = (arrival + second - phase) % seconds
    assert min(late, seconds - late) == pytest.approx(0.0, abs=1e-6)


@given(st.floats(0.5, 30), st.floats(0, 30), st.floats(0, 1e4), st.lists(st.floats(0, 50), max_size=30))
def test_windows_leave_no_hole(seconds: float, phase: float, arrival: float, steps: list[float]) -> None:
    windows, now, spans = Windows(seconds, phase), 5.0, []
    windows.begin(now, arrival)
    for step in steps:
        now += step
        spans += windows.reach(now)
        assert windows.edge is not None
        assert windows.edge <= now < windows.end + 1e-9
    spans += windows.finish(now)
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert all(end > start for start, end in spans)
    if spans:
        assert spans[0][0] == 5.0
        assert spans[-1][1] == pytest.approx(now)


def test_a_second_window_is_merged_and_the_oldest_is_given_up() -> None:
    mailbox = Mailbox(10.0)
    assert mailbox.put((0.0, 4.0)) == []
    assert mailbox.put((4.0, 8.0)) == []
    assert mailbox.put((8.0, 12.0)) == [(0.0, 2.0)]
    waiting = mailbox.take()
    assert waiting is not None
    assert (waiting.start, waiting.end, waiting.merged) == (2.0, 12.0, 3)
    assert mailbox.take() is None


def test_what_came_at_once_is_taken_one_by_one_where_there_is_time() -> None:
    mailbox = Mailbox(30.0)
    for start in (0.0, 4.0, 8.0, 12.0):
        assert mailbox.put((start, start + 4.0)) == []
    one, two, rest = mailbox.take(1), mailbox.take(2), mailbox.take(7)
    assert [(each.start, each.end, each.merged) for each in (one, two, rest) if each] == [(0, 4, 1), (4, 12, 2), (12, 16, 1)]
    assert (mailbox.seconds, len(mailbox)) == (0.0, 0)


@pytest.mark.parametrize(
    ("count", "engine", "wanted"),
    [
        (1, 100.0, 1),
        (6, None, 1),
        (6, 0.5, 1),
        (6, 1.0, 2),
        (6, 3.0, 6),
        (6, 40.0, 6),
        (2, 2.0, 1),
        (2, 2.1, 2),
        (7, 1.9, 4),
        (3, 0.0, 1),
    ],
)
def test_all_that_waits_is_answered_within_a_window(count: int, engine: float | None, wanted: int) -> None:
    assert together(count, engine, 4.0) == wanted


def test_what_is_not_next_to_it_is_not_merged() -> None:
    mailbox = Mailbox(30.0)
    mailbox.put((0.0, 4.0))
    assert mailbox.put((8.0, 12.0)) == [(0.0, 4.0)]
    assert mailbox.seconds == 4.0


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.floats(1, 8), st.floats(8, 40), st.floats(0.1, 80))
def test_described_gap_and_offline_are_the_time_that_went_by(seed: int, window: float, most: float, engine: float) -> None:
    """A stream of 300 s with pauses and losses, on an engine of any speed, at most one window in flight."""
    dice = random.Random(seed)
    windows, mailbox, ledger = Windows(window, phase=dice.random() * window), Mailbox(most), Ledger()
    told: list[dict[str, float]] = []
    now, settled, in_flight, done = 0.0, 0.0, None, 0.0

    def tell(kind: str, start: float, end: float) -> None:
        told.extend(ledger.tell({"event": kind, "start": start, "end": end}))

    def closed(spans: list[tuple[float, float]]) -> None:
        nonlocal settled
        for span in spans:
            settled = span[1]
            if dice.random() < 0.1:
                tell("gap", *span)
                continue
            for lost in mailbox.put(span):
                tell("gap", *lost)

    while now < 300:
        now += dice.choice((0.04, 0.1, 0.5))
        if windows.edge is None:
            if dice.random() < 0.2:
                tell("offline", settled, now)
                settled = now
                windows.begin(now, now)
        elif dice.random() < 0.01:
            closed(windows.finish(now))
        else:
            closed(windows.reach(now))
        if in_flight is not None and now >= done:
            tell("caption", in_flight.start, in_flight.end)
            in_flight = None
        if in_flight is None and mailbox.seconds:
            in_flight, done = mailbox.take(dice.choice((None, 1, 2))), now + engine * dice.random()
            assert in_flight is not None
            assert in_flight.end - in_flight.start <= max(most, window * 2) + 1e-6
    closed(windows.finish(now))
    assert mailbox.seconds <= max(most, window * 2) + 1e-6
    for rest in (in_flight, mailbox.take()):
        if rest is not None:
            tell("caption", rest.start, rest.end)
    assert ledger.waiting == 0
    assert ledger.edge == pytest.approx(settled)
    assert sum(ledger.seconds.values()) == pytest.approx(settled)
    assert all(a["end"] == pytest.approx(b["start"]) for a, b in pairwise(told))


def test_a_second_that_is_told_twice_is_a_mistake() -> None:
    ledger = Ledger()
    ledger.tell({"event": "gap", "start": 0.0, "end": 4.0})
    with pytest.raises(ValueError, match="was told up to"):
        ledger.tell({"event": "gap", "start": 3.0, "end": 5.0})
