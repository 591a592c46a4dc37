"""One contract for all samplers: pure, in order, inside the window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.families import members, parse
from pipeline.samplers.base import Sampler

SPECS = ["uniform", "uniform:count=1", "rate:fps=0.5", "rate:fps=30", "keyframes", "keyframes:count=3,fill=no"]
seconds = st.floats(0, 36000, allow_nan=False)


def test_every_member_is_tested() -> None:
    assert {spec.partition(":")[0] for spec in SPECS} == set(members("samplers"))


@pytest.mark.parametrize("spec", SPECS)
@given(start=seconds, length=st.floats(0.01, 60), marks=st.lists(st.floats(0, 0.999), max_size=20, unique=True))
def test_contract(spec: str, start: float, length: float, marks: list[float]) -> None:
    sampler = parse("samplers", spec)
    assert isinstance(sampler, Sampler)
    end = start + length
    keyframes = sorted({start + mark * length for mark in marks})
    times = sampler.times(start, end, keyframes)
    assert times == sampler.times(start, end, keyframes)
    assert times == sorted(times)
    assert all(start <= time < end or time == pytest.approx(end) for time in times)
    assert times or spec.endswith("fill=no")
    assert 0 < sampler.spacing(2.0) <= 2.0


def test_uniform_looks_into_the_middle_of_its_shares() -> None:
    assert parse("samplers", "uniform:count=4").times(10, 18) == [11, 13, 15, 17]


def test_rate_begins_with_the_window() -> None:
    assert parse("samplers", "rate:fps=1").times(10, 13.6) == [10, 11, 12, 13]
    assert parse("samplers", "rate:fps=1").times(10, 13) == [10, 11, 12]


def test_keyframes_are_taken_once_and_the_rest_is_filled() -> None:
    assert parse("samplers", "keyframes:count=4").times(0, 8, [0.9, 5.2]) == [0.9, 3, 5.2, 7]
    assert parse("samplers", "keyframes:count=4,fill=no").times(0, 8, [0.9, 5.2]) == [0.9, 5.2]
    assert parse("samplers", "keyframes:count=2,fill=no").times(0, 8, [0, 1, 2, 3, 4, 5, 6, 7]) == [2, 6]


@pytest.mark.parametrize(
    "spec", ["uniform:count=0", "rate:fps=-1", "rate:fps=nan", "uniform:cuont=3", "unifrom", "keyframes:fill=maybe"]
)
def test_refused(spec: str) -> None:
    with pytest.raises(UsageError):
        parse("samplers", spec)
