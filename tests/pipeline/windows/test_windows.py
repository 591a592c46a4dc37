"""Windows cover the film, in order, within their bounds, wherever the cuts are."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.families import members, parse
from pipeline.types import Span
from pipeline.windows.base import Rule, Splitter
from pipeline.windows.fixed import Rule as Fixed
from pipeline.windows.scenes import Rule as Scenes

SPECS = ["fixed", "fixed:seconds=3,overlap=1", "fixed:seconds=0.5", "scenes", "scenes:min=0.5,max=3"]


@given(first=st.floats(0, 100), length=st.floats(0.05, 500), seconds=st.floats(0.5, 60), share=st.floats(0, 0.9))
def test_fixed(first: float, length: float, seconds: float, share: float) -> None:
    rule = Fixed(seconds=seconds, overlap=share * seconds)
    spans = rule.splitter(first).finish(first + length)
    assert spans[0][0] == pytest.approx(first, abs=1e-5)
    assert spans[-1][1] == pytest.approx(first + length, abs=1e-5)
    for (a, b), (c, d) in itertools.pairwise(spans):
        assert a < c <= b + 1e-5
        assert b < d
    assert all(0 < b - a <= 1.1 * seconds + 1e-5 for a, b in spans)
    assert len(spans) == 1 or all(b - a >= rule.shortest - 1e-5 for a, b in spans)


def test_fixed_by_example() -> None:
    assert Fixed(seconds=8).splitter(0).finish(20) == [(0, 8), (8, 16), (16, 20)]
    assert Fixed(seconds=8).splitter(2).finish(18.2) == [(2, 10), (10, 18.2)]
    assert Fixed(seconds=8, overlap=2).splitter(0).finish(20) == [(0, 8), (6, 14), (12, 20)]


def split(rule: Scenes, end: float, cuts: list[float], step: float = 0.25) -> list[tuple[float, float]]:
    """Feed a film of even samples and these cuts."""
    splitter, found, time = rule.splitter(0.0), [], 0.0
    rest = sorted(cuts)
    while time < end:
        while rest and rest[0] <= time:
            found += splitter.cut(rest.pop(0))
        found += splitter.sample(time)
        time += step
    return found + splitter.finish(end)


@given(st.floats(0.1, 200), st.lists(st.floats(0.1, 200), max_size=40), st.floats(0.3, 5), st.floats(2, 6))
def test_scenes(end: float, cuts: list[float], least: float, factor: float) -> None:
    rule = Scenes(min=least, max=least * factor)
    spans = split(rule, end, [cut for cut in cuts if cut < end - 0.3])
    assert spans[0][0] == 0
    assert spans[-1][1] == pytest.approx(end, abs=1e-5)
    for (_, b), (c, _) in itertools.pairwise(spans):
        assert b == pytest.approx(c, abs=1e-5)
    assert all(b - a <= rule.max + 1e-4 for a, b in spans)
    if end >= rule.min:
        assert all(b - a >= rule.min - 1e-4 for a, b in spans)


def test_scenes_by_example() -> None:
    rule = Scenes(min=2, max=10)
    assert split(rule, 12, [5]) == [(0, 5), (5, 12)]
    assert split(rule, 12, [5, 6]) == [(0, 5), (5, 12)], "a short shot joins what follows"
    assert split(rule, 12, [5, 11]) == [(0, 5), (5, 12)], "a short end joins what went before"
    assert split(rule, 14, []) == [(0, 7), (7, 14)]
    assert split(rule, 35, []) == [(0, 10), (10, 20), (20, 27.5), (27.5, 35)]


def test_a_picture_that_stands_is_one_window_however_long() -> None:
    rule = Scenes(min=2, max=10)
    assert split(rule, 100, [], step=60) == [(0, 60), (60, 100)]
    assert split(rule, 100, [60], step=60) == [(0, 60), (60, 100)], "a slide that changes is a cut too"


def told(splitter: Splitter, times: list[float], end: float) -> list[Span]:
    return [span for time in times for span in splitter.sample(time)] + list(splitter.finish(end))


@pytest.mark.parametrize("spec", SPECS)
@given(
    first=st.floats(0, 1000),
    length=st.floats(0.05, 300),
    looks=st.lists(st.floats(0, 0.999), max_size=60),
    marks=st.lists(st.floats(0.001, 0.999), max_size=20, unique=True),
)
def test_contract(spec: str, first: float, length: float, looks: list[float], marks: list[float]) -> None:
    rule, end = parse("windows", spec), first + length
    assert isinstance(rule, Rule)
    splitter = rule.splitter(first)
    assert isinstance(splitter, Splitter)
    assert rule.shortest > 0
    times = [first, *sorted({first + look * length for look in looks} - {first})]
    if rule.needs_cuts:
        cuts = {round(first + mark * length, 6) for mark in marks}
        spans: list[Span] = []
        for time in sorted({*times, *cuts}):
            spans += splitter.cut(time) if time in cuts and time > first else ()
            spans += splitter.sample(time)
        spans += splitter.finish(end)
    else:
        spans = told(splitter, times, end)
        assert spans == told(rule.splitter(first), [], end), "they depend on the film's length alone"
    assert spans[0][0] == pytest.approx(first, abs=1e-5)
    assert spans[-1][1] == pytest.approx(end, abs=1e-5)
    assert all(start < stop for start, stop in spans)
    assert all(after[0] > before[0] and after[0] <= before[1] + 1e-5 for before, after in itertools.pairwise(spans)), "a gap"


def test_every_member_is_tested() -> None:
    assert {spec.partition(":")[0] for spec in SPECS} == set(members("windows"))


@pytest.mark.parametrize("spec", ["fixed:seconds=0", "fixed:seconds=4,overlap=4", "scenes:min=4,max=6", "scenes:min=0", "scene"])
def test_refused(spec: str) -> None:
    with pytest.raises(UsageError):
        parse("windows", spec)


def test_a_rule_about_several_options_names_none_of_them() -> None:
    with pytest.raises(UsageError) as wrong:
        parse("windows", "scenes:min=5,max=2")
    assert wrong.value.message == "'scenes:min=5,max=2': max must be at least twice min"
    with pytest.raises(UsageError, match="'fixed:seconds=many': seconds: "):
        parse("windows", "fixed:seconds=many")
