"""A decoding process that cannot start is the machine's fault, never the film's."""

import sys
from pathlib import Path

import pytest

from pipeline.bench.films import FilmSpec, write
from pipeline.errors import EnvironmentFault
from pipeline.families import parse
from pipeline.video.children.child import NO_CARD
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import open_film
from pipeline.video.limits import Limits
from pipeline.video.probe import probe

SAMPLE = Path(__file__).resolve().parents[3] / "samples" / "first.mp4"


def test_a_child_that_does_not_start_is_an_environment_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.video.children.child.sys.executable", "/bin/false")
    pool = WorkerPool()
    with pytest.raises(EnvironmentFault) as caught:
        probe(SAMPLE, pool=pool)
    pool.close()
    assert caught.value.code == "reader_broken"


@pytest.mark.parametrize("deaths", [1, 2, 3])
def test_a_child_that_is_killed_before_it_is_ready_is_started_anew(
    deaths: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by the kernel that is short of memory: it ends no run, unless it goes on."""
    python = tmp_path / "python"
    python.write_text(f"""#!/bin/sh
echo >> {tmp_path}/starts
[ "$(wc -l < {tmp_path}/starts)" -gt {deaths} ] || kill -9 $$
exec {sys.executable} "$@"
""")
    python.chmod(0o755)
    monkeypatch.setattr("pipeline.video.children.child.sys.executable", str(python))
    with WorkerPool() as pool:
        if deaths <= 2:
            assert probe(SAMPLE, pool=pool).width == 640
        else:
            with pytest.raises(EnvironmentFault, match="does not start"):
                probe(SAMPLE, pool=pool)
    assert len((tmp_path / "starts").read_text().splitlines()) == min(deaths, 2) + 1


def test_films_share_the_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each film gets one; a second one only while there are some over."""
    monkeypatch.setattr("pipeline.video.children.pool.Child", FakeChild)
    pool = WorkerPool(spare=0, most=2)
    first = pool.acquire()
    helper = pool.acquire_spare()
    assert helper is not None
    assert pool.acquire_spare() is None
    assert not pool.crowded
    other = pool.acquire()
    assert pool.crowded
    pool.release(helper)
    assert not pool.crowded
    assert pool.acquire_spare() is None
    pool.release(other)
    assert pool.acquire_spare() is not None
    pool.release(first)
    assert pool.working == 1


def test_children_with_a_card_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.video.children.pool.Child", FakeChild)
    pool = WorkerPool(spare=0, most=3, cards=[0, 1])
    children = [pool.acquire() for _ in range(3)]
    assert [child.card for child in children] == [0, 1, NO_CARD]
    children[1].dead = True
    for child in children:
        pool.release(child)
    assert [pool.acquire().card for _ in range(3)] == [0, 1, NO_CARD], "the card of one that died goes to the next"


class FakeChild:
    def __init__(self, limits: Limits, card: int = NO_CARD) -> None:
        self.card, self.card_missing, self.dead, self.table = card, "", False, 0

    def kill(self) -> None:
        pass


def test_a_film_that_is_left_in_the_middle_gives_its_child_back(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write(path, FilmSpec(seconds=8, width=320, height=180, fps=25, gop=25))
    with WorkerPool(spare=0) as pool:
        rule, sampler = parse("windows", "fixed:seconds=2"), parse("samplers", "uniform:count=4")
        film = open_film(probe(path, pool=pool), rule=rule, sampler=sampler, size=(96, 54), pool=pool)
        windows = iter(film)
        next(windows)
        assert pool.working == 1
        film.close()
        assert pool.working == 0
        assert list(windows) == []
