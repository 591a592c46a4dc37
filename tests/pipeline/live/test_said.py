"""What a reading process says is looked at: one that was taken over by its film can't end or stall the streams beside it."""

import asyncio
import json
import os
import socket
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import PATIENCE

from pipeline.video.children import codec, wire
from pipeline.video.live.feed import Feed
from pipeline.video.live.messages import FAR, Copied, Ended, Frame, Open, Opened, Opening, Said, Started, Tick, Told, UseRing
from pipeline.video.live.process import Process
from pipeline.video.live.said import AHEAD, Listener

OPENING = Opening(
    url="pipe:", format="", formats="mpegts", protocols="pipe", options={}, open_seconds=30.0, read_seconds=5.0, pipe=True
)
OPEN = Open(opening=OPENING, fps=1.0, phase=0.0, pixels=1 << 20, behind=1.0, copy=0.0)
FRAME = Frame(serial=1, time=5.0, seen=5.0, arrival=100.0, epoch=0, begin=(5.0, 100.0), raw=5.0, utc=None, report=None)
PIECE = Copied(epoch=0, start=1.0, end=3.0, arrival=100.0, keyed=True)
OPENED = Opened(size=(320, 180), fps=25.0, codec="h264", copied=False)
GOOD: list[Said] = [
    Started(),
    OPENED,
    PIECE,
    Tick(packets=1, lag=0.1, skipping="NONKEY"),
    FRAME,
    replace(FRAME, serial=2, time=4.9, utc=1.7e9, report=-(1 << 62)),
    replace(FRAME, serial=3, epoch=1, begin=(9e4, 101.0), time=9e4, seen=9e4),
    Ended(code="source_lost", message="gone"),
]


def heard(message: Said, listener: Listener | None = None, /, **other: Any) -> Said:
    """What a listener makes of the message as it travels, some of its fields changed."""
    header, payload = codec.encode(message)
    return (listener or Listener()).heard(json.dumps(json.loads(header) | other).encode(), payload)


def test_what_a_reading_process_says_is_taken() -> None:
    listener = Listener()
    assert [heard(message, listener) for message in GOOD] == GOOD
    assert {type(message) for message in GOOD} == set(get_args(Said))


WORDS = st.text(max_size=20)


@settings(max_examples=40)
@given(
    st.builds(
        Open,
        opening=st.builds(
            Opening, url=WORDS, format=WORDS, formats=WORDS, protocols=WORDS,
            options=st.dictionaries(WORDS, WORDS, max_size=3), open_seconds=st.floats(0, 1e5), read_seconds=st.floats(0, 1e5)),
        fps=st.floats(0.01, 100), phase=st.floats(0, 1e9), pixels=st.integers(1, 1 << 40), behind=st.floats(0, 9), copy=st.floats(0, 9),
    )
    | st.builds(UseRing, slots=st.integers(1, 99), size=st.tuples(st.integers(1, 9999), st.integers(1, 9999)))
)  # fmt: skip
def test_what_it_is_told_arrives_as_it_was_sent(message: Told) -> None:
    assert codec.decode(*codec.encode(message), Told) == message


NONSENSE: list[tuple[Said, dict[str, Any]]] = [
    (OPENED, {"size": [1 << 20, 9]}), (OPENED, {"size": [0, 9]}), (OPENED, {"size": [8]}), (OPENED, {"copied": 1}), (OPENED, {"more": 1}),
    (Tick(), {"packets": -1}), (Tick(), {"lag": [1]}), (Tick(), {"lag": float("inf")}), (Tick(), {"skipping": 1}), (Tick(), {"bytes": True}),
    (Ended(code="x"), {"code": 5}), (Ended(code="x"), {"message": None}), (Ended(code="x"), {"is": "Nobody"}), (Ended(code="x"), {"is": "Open"}),
    (FRAME, {"serial": True}), (FRAME, {"time": float("nan")}), (FRAME, {"time": 10**400}), (FRAME, {"seen": 5.0 + 2 * AHEAD}),
    (FRAME, {"time": 1e10}), (FRAME, {"begin": [1.0]}), (FRAME, {"begin": None}), (FRAME, {"epoch": -1}), (FRAME, {"report": [1]}),
    (FRAME, {"report": 1 << 64}), (FRAME, {"utc": "now"}), (FRAME, {"utc": 2 * FAR}), (FRAME, {"raw": -2 * FAR}), (FRAME, {"serial": 0}),
    (PIECE, {"end": 1.0}), (PIECE, {"end": 9e9}), (PIECE, {"keyed": 1}), (PIECE, {"start": "1"}), (PIECE, {"epoch": None}),
]  # fmt: skip


@pytest.mark.parametrize(("message", "other"), NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_none_of_its_messages(message: Said, other: dict[str, Any]) -> None:
    assert heard(message) == message
    with pytest.raises(ValueError):
        heard(message, **other)


def test_words_are_fit_for_a_line_on_the_screen() -> None:
    said = heard(Ended(code="c" * 99, message="\x1b[31mred\n" + "x" * 2000, detail="\x00"))
    assert said == Ended(code="c" * 40, message=" [31mred " + "x" * 991, detail=" ")


def test_pictures_go_on_in_order() -> None:
    listener = Listener()
    heard(FRAME, listener)
    for wrong in (FRAME, replace(FRAME, serial=2, seen=6.0 + AHEAD), replace(FRAME, serial=2, epoch=-0, time=6.0 + AHEAD)):
        with pytest.raises(ValueError):
            heard(wrong, listener)


@pytest.mark.parametrize("said", [b"[" * 100_000, b"{}", b"\xff", b'{"is": "Tick"}'])
async def test_a_process_that_speaks_nonsense_is_ended(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that listens lives through it, and the stream learns that its reader is gone."""
    ends: list[socket.socket] = []
    real = socket.socketpair

    def pair() -> tuple[socket.socket, socket.socket]:
        ours, theirs = real()
        ends.append(theirs.dup())
        return ours, theirs

    monkeypatch.setattr("pipeline.video.live.process.socket.socketpair", pair)
    told: asyncio.Queue[Said] = asyncio.Queue()
    process = Process("pipe")
    feed = Feed(OPEN, process, fd=os.open("/dev/null", os.O_RDONLY), on_message=told.put_nowait)
    try:
        wire.send(ends[0], said)
        while isinstance(heard := await asyncio.wait_for(told.get(), PATIENCE), Started):
            pass  # the process itself, which was quicker
        assert isinstance(heard, Ended)
        assert (heard.code, "nonsense" in heard.message) == ("reader_died", True)
    finally:
        ends[0].close()
        feed.close()
    assert process.popen.poll() is not None
