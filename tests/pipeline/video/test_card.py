"""Decoding on a GPU, as far as a machine without one can show it.

A decoder of the processor stands in for the card's: it outlives its films and is given their headers in the same way. That the card's
own pictures are the same, bit for bit, ``scenescribe doctor`` shows where there is one.
"""

import os
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import EnvironmentFault
from pipeline.families import parse
from pipeline.video.children import cards
from pipeline.video.children.pool import WorkerPool
from pipeline.video.decode.card import Card
from pipeline.video.decode.decoding import Refused
from pipeline.video.decode.plan import plan
from pipeline.video.decode.pyav_reader import PyAVReader, list_packets
from pipeline.video.film import open_film
from pipeline.video.probe import probe
from pipeline.video.table import Table

SIZE = (160, 90)
KINDS = [
    "h264.mp4",
    "h264_long.mp4",
    "h264_pyramid.mp4",
    "h264.ts",
    "hevc.mp4",
    "vp8.webm",
    "vp9.webm",
    "late.mkv",
    "variable.mp4",
]


class StandIn(Card):
    """The card's part played by the processor."""

    def __init__(self, fails_at: int | None = None) -> None:
        self._kept: dict[tuple[str, int], Any] = {}
        self.born = 0
        self._fails_at = fails_at

    def _new(self, codec: str, depth: int) -> Any:
        self.born += 1
        context = av.codec.CodecContext.create(codec, "r")
        context.thread_count = 1
        return context if self._fails_at is None else Failing(context, self._fails_at)


class Failing:
    """A decoder that gives up after some packets."""

    def __init__(self, context: Any, after: int) -> None:
        self._context, self._left = context, after

    def decode(self, packet: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise av.error.InvalidDataError(1, "the card gave up")
        return self._context.decode(packet)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def table_of(path: Path) -> Table:
    fd = os.open(path, os.O_RDONLY)
    try:
        return next(found for found in list_packets(fd, start=0.0, fps=25.0, most=10**6) if found is not None)
    finally:
        os.close(fd)


def pictures(path: Path, card: Card | None, *, step: int = 5) -> list[tuple[int, bytes, bytes]]:
    """(rank, picture, small picture) of every fifth frame."""
    table = table_of(path)
    targets = np.arange(0, len(table.times), step)
    fd = os.open(path, os.O_RDONLY)
    try:
        reader = PyAVReader(fd, size=SIZE, turn=0, mirrored=False, deinterlace=False, threads=1, card=card)
        wanted = set(targets.tolist())
        shown = [one for one in reader.read(table, plan(table, targets)) if one is not None]
        return [(one.rank, one.image().tobytes(), one.small().tobytes()) for one in shown if one.rank in wanted]
    finally:
        os.close(fd)


def test_one_decoder_reads_film_after_film(films: Path) -> None:
    """The same frames and pictures as with a decoder for each film, in any order of films of one codec."""
    card = StandIn()
    alone = {name: pictures(films / name, None) for name in KINDS}
    assert all(alone.values())
    for name in [*KINDS, *reversed(KINDS)]:
        assert pictures(films / name, card) == alone[name], name
    told = [name for name in KINDS if name.endswith((".mp4", ".mkv"))]
    assert card.born < 2 * len(KINDS) - len(told), "films whose container holds the header share decoders"


def test_a_film_that_is_left_in_the_middle_leaves_nothing_in_the_decoder(films: Path) -> None:
    card = StandIn()
    table, path = table_of(films / "h264_long.mp4"), films / "h264_long.mp4"
    fd = os.open(path, os.O_RDONLY)
    reader = PyAVReader(fd, size=SIZE, turn=0, mirrored=False, deinterlace=False, threads=1, card=card)
    walk = reader.read(table, plan(table, np.arange(len(table.times))))
    for _ in range(7):
        next(walk)
    walk.close()
    os.close(fd)
    assert pictures(films / "h264.mp4", card) == pictures(films / "h264.mp4", None)


@pytest.mark.parametrize("after", [0, 3])
def test_what_the_card_gives_up_is_refused(films: Path, after: int) -> None:
    with pytest.raises(Refused):
        pictures(films / "h264.mp4", StandIn(fails_at=after), step=1)


def test_what_doctor_tries_is_shown_by_pictures() -> None:
    """The stand-in decodes all of it, but not on a card: that is what is told of it."""
    from pipeline.video.decode import card
    from pipeline.video.decode import pictures as taken

    assert set(card.tried(StandIn()).values()) == {False}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(taken, "on_card", lambda frame: True)
        patch.setattr(taken, "fetched", lambda frame: frame)
        assert set(card.tried(StandIn()).values()) == {True}


def test_without_a_card_the_processor_decodes(films: Path, pool: WorkerPool) -> None:
    """A process that should decode on a GPU and finds none does what the others do, and says why."""
    if cards.memory():
        pytest.skip("there is a GPU here")
    with WorkerPool(spare=0, cards=[0]) as wishful:
        assert wishful.has_cards
        one, other = (_read(films / "h264.mp4", children) for children in (wishful, pool))
        assert one == other
        assert not wishful.has_cards
        assert wishful.card_missing
        assert wishful.card_missing in wishful.decoding


def _read(path: Path, pool: WorkerPool) -> list[Any]:
    rule, sampler = parse("windows", "fixed:seconds=1"), parse("samplers", "uniform:count=3")
    with open_film(probe(path, pool=pool), rule=rule, sampler=sampler, size=SIZE, pool=pool) as film:
        windows = [(w.start, w.end, w.frames.times, w.frames.data.tobytes()) for w in film]
        assert film.reader == "pyav"
        return windows


def test_decode_gpu_without_one_is_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "memory", tuple)
    assert cards.chosen("auto") == cards.chosen("cpu") == []
    with pytest.raises(EnvironmentFault) as caught:
        cards.chosen("gpu")
    assert caught.value.code == "no_gpu_decoder"
    monkeypatch.setattr(cards, "memory", lambda: (141.0,))
    assert cards.chosen("cpu") == []
    assert cards.chosen("gpu") == cards.chosen("auto") != []


@given(st.lists(st.floats(4, 200), max_size=8), st.none() | st.floats(0.05, 1))
def test_decoding_leaves_the_engine_its_memory(sizes: list[float], utilization: float | None) -> None:
    processes = cards.assign(sizes, utilization=utilization)
    for card, size in enumerate(sizes):
        count = processes.count(card)
        assert count <= cards.MOST
        assert count * cards.CONTEXT <= size * (1 - (0.9 if utilization is None else utilization)) + 1e-9
    halved = cards.assign(sizes, utilization=None if utilization is None else utilization / 2, sharing=2)
    if utilization is not None:
        assert 2 * len(halved) <= len(processes)
    order = [processes[:at].count(card) for at, card in enumerate(processes)]
    assert order == sorted(order), "each card has its first process before one has two"
