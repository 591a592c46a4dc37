"""Pictures of windows that are known ahead are copied once: out of the ring into the window's batch."""

import numpy as np
import pytest

from pipeline.families import parse
from pipeline.frames import FrameBatch
from pipeline.types import Span
from pipeline.video.listing import Listing
from pipeline.video.selection import Chosen, Planned, Streaming, selection
from pipeline.video.table import Table, build

SIZE = (6, 4)


def table(frames: int = 40, every: int = 250) -> Table:
    """``frames`` frames, a quarter of a second apart, each a keyframe."""
    yes, no = np.ones(frames, np.bool_), np.zeros(frames, np.bool_)
    pts = np.arange(frames, dtype=np.int64) * every
    return build(Listing(pts, yes, no, np.full(frames, 9, np.int32), base=0.001, start=0.0, fps=4.0))


def run(
    rule: str,
    sampler: str,
    *,
    lost: set[int] = frozenset(),
    known: set[Span] = frozenset(),  # type: ignore[assignment]
) -> tuple[list[Chosen], Planned | Streaming]:
    """A film whose every picture is filled with its rank."""
    chosen = selection(film := table(), parse("windows", rule), parse("samplers", sampler), SIZE, known, film.within(None))
    found = list(chosen.begin())
    for rank in chosen.targets.tolist():
        if rank in lost:
            found += chosen.lost(rank)
            continue
        place = chosen.place(rank)
        place[:] = rank
        found += chosen.frame(rank, place)
    found += chosen.finish()
    assert isinstance(chosen, Planned | Streaming)
    return found, chosen


@pytest.mark.parametrize("rule", ["fixed:seconds=2", "fixed:seconds=2,overlap=1", "fixed:seconds=2,overlap=1.8", "scenes"])
@pytest.mark.parametrize("sampler", ["uniform:count=4", "rate:fps=8", "keyframes:count=3"])
@pytest.mark.parametrize("lost", [set(), {4}, set(range(8, 16)), {0, 39}])
def test_every_window_gets_its_own_pictures(rule: str, sampler: str, lost: set[int]) -> None:
    found, _ = run(rule, sampler, lost=lost)
    spans = [span for span, _ in found]
    assert spans == sorted(spans)
    assert (spans[0][0], spans[-1][1]) == (0.0, 10.0)
    for (start, end), frames in found:
        assert frames is not None
        assert frames.data.shape[1:] == (4, 6, 3)
        assert [int(image.mean()) for image in frames.data] == list(frames.indices)
        assert list(frames.times) == [rank / 4 for rank in frames.indices]
        assert all(start - 0.25 < time < end for time in frames.times), "each is on screen in the window"
        assert not set(frames.indices) & lost
        assert frames.data.flags.c_contiguous


def test_one_copy_where_windows_do_not_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> FrameBatch:
        raise AssertionError("copied a second time")

    monkeypatch.setattr(FrameBatch, "of", never)
    found, _ = run("fixed:seconds=2", "uniform:count=4", lost={1, 2})
    assert [len(frames) for _, frames in found if frames is not None] == [3, 4, 4, 4, 4]


def test_windows_that_are_known_are_given_at_once_and_nothing_is_read_for_them() -> None:
    known = {(0.0, 2.0), (4.0, 6.0)}
    found, chosen = run("fixed:seconds=2", "uniform:count=4", known=known)
    assert [span for span, frames in found if frames is None] == sorted(known)
    assert not [rank for rank in chosen.targets.tolist() if rank < 8 or 16 <= rank < 24]
    rule, sampler, film = parse("windows", "fixed:seconds=2"), parse("samplers", "uniform"), table()
    assert next(selection(film, rule, sampler, SIZE, known, film.within(None)).begin()) == ((0.0, 2.0), None)
