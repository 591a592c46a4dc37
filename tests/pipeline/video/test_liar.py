"""A child that a film has taken over may say anything: that costs its film, with a reason, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.bench.films import FilmSpec, write
from pipeline.errors import InputError
from pipeline.families import parse
from pipeline.video.children import codec
from pipeline.video.children.messages import Cut, Done, Frame, Lost, Probed, Reply, TableData, Unclean
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import open_film
from pipeline.video.probe import probe


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("liar") / "film.mp4"
    write(path, FilmSpec(seconds=4, width=160, height=90, fps=25, gop=25))
    return path


LIES: dict[str, tuple[type, Callable[[Any], Reply]]] = {
    "a slot outside the ring": (Frame, lambda told: replace(told, slot=1 << 40)),
    "a frame outside the film": (Frame, lambda told: replace(told, rank=1 << 40)),
    "the same frame for ever": (Frame, lambda told: replace(told, rank=-1)),
    "a loss outside the film": (Frame, lambda told: Lost(ranks=(1 << 40,))),
    "a loss of nothing": (Frame, lambda told: Lost(ranks=())),
    "a cut outside the film": (Frame, lambda told: Cut(rank=-1)),
    "damage outside the film": (Done, lambda told: replace(told, damaged=(1 << 40,))),
    "an answer to another question": (Frame, lambda told: told if isinstance(told, Probed) else PROBED),
    "no entry for ever": (Frame, lambda told: Unclean()),
    "a table of nonsense": (TableData, lambda told: replace(told, frames=told.frames + 1)),
    "a frame in place of a table": (TableData, lambda told: Frame(rank=0, slot=0, corrupt=False)),
}
PROBED = Probed(
    stream=0,
    container="mov",
    codec="h264",
    duration=1,
    ends=1,
    start=0,
    fps=25,
    width=8,
    height=8,
    rotation=0,
    mirrored=False,
    interlaced=False,
    hdr=False,
    alpha=False,
    has_audio=False,
    decoded=True,
    films=1,
    cropped=False,
    reordered=False,
)


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_costs_its_film(lie: str, film: Path, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, lying = LIES[lie]
    info, honest = probe(film, pool=pool), codec.reply
    rule, sampler = parse("windows", "scenes"), parse("samplers", "uniform:count=4")
    with monkeypatch.context() as patched:
        patched.setattr(codec, "reply", lambda *said: lying(told) if isinstance(told := honest(*said), kind) else told)
        with open_film(info, rule=rule, sampler=sampler, size=(64, 36), pool=pool) as opened, pytest.raises(InputError) as caught:
            list(opened)
    assert caught.value.code == "crashed_worker"
    assert pool.working == 0
    with open_film(info, rule=rule, sampler=sampler, size=(64, 36), pool=pool) as opened:
        assert [len(window.frames) for window in opened]


def test_what_is_no_message_costs_its_film(film: Path, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.video.children import wire

    receive = wire.receive
    monkeypatch.setattr(wire, "receive", lambda *sock, **more: (b"{" + receive(*sock, **more)[0], b""))
    with pytest.raises(InputError) as caught:
        probe(film, pool=pool)
    assert caught.value.code == "crashed_worker"
