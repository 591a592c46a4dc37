"""The plan decodes all that the wanted frames are built on, in any group structure, and nothing from before a clean start."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.video.children.messages import TableData
from pipeline.video.children.segments import Role, divide
from pipeline.video.cuts.sizes import sudden
from pipeline.video.decode.plan import Action, plan
from pipeline.video.listing import UNKNOWN, Listing
from pipeline.video.table import Table, build


def film(groups: list[tuple[int, int, bool]], base: float = 0.04) -> Table:
    """Groups of (mini groups, B frames in each, open) in decoding order: I [P B B] [P B B]...; open ones lead with Bs."""
    pts: list[int] = []
    key: list[bool] = []
    clock = 0
    for minis, between, is_open in groups:
        lead = between if is_open and clock else 0
        pts.append(clock + lead)
        key.append(True)
        pts += range(clock, clock + lead)
        key += [False] * lead
        clock += lead + 1
        for _ in range(minis):
            pts.append(clock + between)
            pts += range(clock, clock + between)
            key += [False] * (between + 1)
            clock += between + 1
    count = len(pts)
    marks = np.array(key), np.zeros(count, bool)
    listed = Listing(np.array(pts), *marks, np.ones(count, np.int32), base=base, start=0.0, fps=25.0, last_duration=base)
    return build(listed)


films = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 4), st.booleans()), min_size=1, max_size=8).map(film)


@given(films, st.data())
def test_plan_is_enough(table: Table, data: st.DataObject) -> None:
    targets = np.array(sorted(data.draw(st.sets(st.integers(0, len(table.times) - 1), min_size=1))))
    large = data.draw(st.none() | st.lists(st.booleans(), min_size=len(table.pts), max_size=len(table.pts)).map(np.array))
    made = plan(table, targets, large=large)
    wanted = set(made.ranks[(made.actions & Action.TARGET) > 0].tolist())
    assert wanted == set(targets.tolist())
    clean = False
    since: list[int] = []
    watchful = data.draw(st.booleans())
    for at, action in enumerate(made.actions.tolist()):
        packet = made.first + at
        action |= Action.FEED if watchful and action & (Action.SPARE | Action.BLURRED) else 0
        if action & Action.JUMP:
            assert table.key[packet]
            clean, since = True, [packet]
        if not action & Action.FEED:
            if since and clean and table.pts[packet] > table.pts[since[0]]:
                clean = False
            continue
        assert clean, "a packet is decoded whose references were left out"
        if action & Action.TARGET:
            assert all(table.pts[packet] >= table.pts[start] for start in since[:1])


@given(films)
def test_times(table: Table) -> None:
    assert np.all(np.diff(table.times) > 0)
    assert table.end > table.times[-1]
    looks = np.linspace(-1, table.end + 1, 50)
    for look, rank in zip(looks, table.on_screen(looks), strict=True):
        assert rank == 0 or table.times[rank] <= look + 1e-6
        assert rank == len(table.times) - 1 or table.times[rank + 1] > look
    again = TableData.of(1, table).table()
    assert all(np.array_equal(getattr(table, name), getattr(again, name)) for name in ("times", "packets", "pts", "key", "sizes"))
    headers = ((0, b"\1\0"), (3, bytes(range(256))))
    assert TableData.of(1, replace(table, headers=headers)).table().headers == headers


def test_what_is_shown_before_a_container_begins_is_in_no_window() -> None:
    """A broadcast that is cut begins with a picture that others are stored after and shown before."""
    table = film([(3, 2, False)])
    early = replace(table, times=table.times - 0.08)
    assert early.within(None) == (0.0, early.end)
    assert early.within((-1.0, 0.2)) == (0.0, 0.2)
    assert table.within(None) == (0.0, table.end)


@given(films, st.integers(1, 5), st.booleans())
def test_segments_cover_all(table: Table, step: int, cuts: bool) -> None:
    targets = np.arange(0, len(table.times), step)
    parts = divide(table, targets, most=1, cuts=cuts)
    assert sorted(rank for part in parts for rank in part.targets[(part.roles & Role.UNSENT) == 0].tolist()) == targets.tolist()
    for before, after in itertools.pairwise(parts):
        assert table.key[table.packets[after.lead]]
        if cuts:
            assert before.targets[-1] == after.lead - 1
            assert after.targets[0] == after.lead
            assert (after.roles[:2] & Role.EXACT).all()
            assert (before.roles[-2:] & Role.EXACT).all()


@given(st.lists(st.one_of(st.none(), st.integers(-1000, 1000)), min_size=1, max_size=80), st.data())
def test_any_clock_becomes_one_that_runs(stamps: list[int | None], data: st.DataObject) -> None:
    key = np.array([True, *data.draw(st.lists(st.booleans(), min_size=len(stamps) - 1, max_size=len(stamps) - 1))])
    known = np.array([stamp is not None for stamp in stamps])
    pts = np.array([UNKNOWN if stamp is None else stamp for stamp in stamps])
    sizes = np.ones(len(pts), np.int32)
    table = build(Listing(pts, key, np.zeros(len(pts), bool), sizes, base=0.04, start=0.0, fps=25.0))
    assert len(table.times) == len(stamps)
    assert np.all(np.diff(table.times) > 0)
    assert sorted(table.packets.tolist()) == list(range(len(stamps)))
    in_turn = all(pts[:entry].max() < pts[entry] for entry in np.flatnonzero(key)[1:])
    if known.all() and len(set(stamps)) == len(stamps) and in_turn:
        assert not table.repaired
        assert table.times == pytest.approx(np.sort(pts) * 0.04)


def test_a_new_shot_is_suspect_by_its_size() -> None:
    table = film([(8, 3, False)])
    sizes = np.where(table.key, 900, np.where(np.arange(len(table.pts)) % 4 == 1, 400, 200)).astype(np.int32)
    assert not sudden(replace(table, sizes=sizes)).any()
    sizes[17:21] += [300, 200, 20, 150]
    assert np.flatnonzero(sudden(replace(table, sizes=sizes))).tolist() == [17, 18, 19, 20]


def test_what_leads_in_a_shot_is_suspect_by_its_size() -> None:
    """x265's open groups: the B frames before a keyframe can't be predicted from it where a shot begins there."""
    table = film([(9, 3, True)] * 8)
    sizes = np.where(table.key, 900, 200).astype(np.int32)
    assert not sudden(replace(table, sizes=sizes)).any()
    led = np.flatnonzero(table.key)[4] + 1
    assert table.pts[led] < table.pts[led - 1]
    sizes[led : led + 3] = [420, 300, 200]
    assert np.flatnonzero(sudden(replace(table, sizes=sizes))).tolist() == [led, led + 1, led + 2]


def test_an_early_keyframe_is_suspect() -> None:
    lengths = [7, 7, 3, 7, 7, 7, 5, 7]
    table = film([(minis, 3, False) for minis in lengths])
    starts = np.flatnonzero(table.key)
    assert np.flatnonzero(sudden(table)).tolist() == [starts[3], starts[7]]
    table = film([(minis, 3, False) for minis in (2, 9, 5, 14, 3, 8, 4, 6, 7, 10)])
    assert sudden(table)[table.key].tolist() == [False] + [True] * 9, "no length is usual: the encoder chose all of them"


def test_the_end_of_a_group_is_left_out_unless_a_shot_may_begin_there() -> None:
    """Samples far ahead of keyframes; the end of the third group is suspect, the fifth one's too, by what is stored after it."""
    table = film([(9, 2, True)] * 6)
    starts = np.flatnonzero(table.key)
    ranks = np.concatenate([table.keyframes(), table.keyframes()[:-1] + 6])
    ranks.sort()
    large = np.zeros(len(table.pts), np.bool_)
    plain = plan(table, ranks, large=large).actions
    assert not (plain & Action.SPARE).any()
    assert ((plain & Action.JUMP) > 0).sum() == 6
    large[starts[3] - 2] = large[starts[5] + 1] = True
    made = plan(table, ranks, large=large).actions
    assert np.flatnonzero(made & Action.JUMP).tolist() == starts[[0, 1, 2, 4]].tolist()
    assert (made[starts[2] : starts[3]] & Action.FEED).all()
    assert (made[starts[4] :] & Action.FEED).all()


@given(films)
def test_any_film_has_suspects_or_none(table: Table) -> None:
    assert len(sudden(table)) == len(table.pts)
