"""What a reading process says is looked at: one that was taken over by its film can't end or stall the streams beside it."""

import os
import socket
from typing import Any

import pytest

from pipeline.video.children import wire
from pipeline.video.live.feed import Feed
from pipeline.video.live.messages import Copied, Ended, Frame, Opened, Said, Tick
from pipeline.video.live.said import AHEAD, Listener

FRAME: dict[str, Any] = {
    "frame": 1, "time": 5.0, "raw": 5.0, "arrival": 100.0, "utc": None, "report": None, "epoch": 0, "begin": [5.0, 100.0], "seen": 5.0,
}  # fmt: skip
PIECE: dict[str, Any] = {"epoch": 0, "start": 1.0, "end": 3.0, "arrival": 100.0, "keyed": True}
GOOD: list[dict[str, Any]] = [
    {"opened": {"size": [320, 180], "fps": 25.0, "codec": "h264"}},
    {"copied": PIECE},
    {"tick": {"packets": 1, "lag": 0.1, "skipping": ""}},
    FRAME,
    {**FRAME, "frame": 2, "time": 4.9, "utc": 1.7e9, "report": 0xEE9B_5A3C_8000_0000},
    {**FRAME, "frame": 3, "epoch": 1, "begin": [9e4, 101.0], "time": 9e4, "seen": 9e4},
    {"ended": "source_lost", "message": "gone", "detail": ""},
]


def test_what_a_reading_process_says_is_taken() -> None:
    listener = Listener()
    told = [listener.checked(message) for message in GOOD]
    assert told[0] == Opened(size=(320, 180), fps=25.0, codec="h264", copied=False)
    assert told[1] == Copied(**PIECE)
    assert told[2] == Tick(facts={"packets": 1, "lag": 0.1, "skipping": ""})
    assert [one.utc for one in told if isinstance(one, Frame)] == [None, 1.7e9, None]
    assert told[6] == Ended(code="source_lost", message="gone")


NONSENSE = [
    None, [], "x", {}, {"frame": 1}, {"opened": {}}, {"opened": {"size": [1 << 20, 9], "fps": 1, "codec": ""}},
    {"opened": {"size": [0, 9], "fps": 1, "codec": ""}},
    {"tick": {str(n): n for n in range(100)}}, {"tick": {"a": [1]}}, {"tick": {"a": float("inf")}}, {"ended": 5, "message": "", "detail": ""},
    {"ended": "x"}, {**FRAME, "frame": True}, {**FRAME, "time": float("nan")}, {**FRAME, "time": 10**400}, {**FRAME, "seen": 5.0 + 2 * AHEAD},
    {**FRAME, "time": 1e10}, {**FRAME, "begin": [1.0]}, {**FRAME, "begin": None}, {**FRAME, "epoch": -1}, {**FRAME, "report": [1]},
    {**FRAME, "report": 1 << 64},
    {"copied": {**PIECE, "end": 1.0}}, {"copied": {**PIECE, "end": 9e9}}, {"copied": {**PIECE, "keyed": 1}}, {"copied": None},
    {"copied": {**PIECE, "start": "1"}}, {"opened": {"size": [8, 8], "fps": 1, "codec": "", "copied": 1}},
    {**FRAME, "utc": "now"}, {**FRAME, "frame": 0},
]  # fmt: skip


@pytest.mark.parametrize("message", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_none_of_its_messages(message: Any) -> None:
    with pytest.raises(ValueError):
        Listener().checked(message)


def test_pictures_go_on_in_order() -> None:
    listener = Listener()
    listener.checked(FRAME)
    for wrong in (FRAME, {**FRAME, "frame": 2, "seen": 6.0 + AHEAD}):
        with pytest.raises(ValueError):
            listener.checked(wrong)


@pytest.mark.parametrize("said", [b"[" * 100_000, b"{}", b"\xff", b'{"frame": 1e999}'])
async def test_a_process_that_speaks_nonsense_is_ended(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that listens lives through it, and the stream learns that its reader is gone."""
    import asyncio

    ends: list[socket.socket] = []
    real = socket.socketpair

    def pair() -> tuple[socket.socket, socket.socket]:
        ours, theirs = real()
        ends.append(theirs.dup())
        return ours, theirs

    monkeypatch.setattr("pipeline.video.live.feed.socket.socketpair", pair)
    told: asyncio.Queue[Said] = asyncio.Queue()
    feed = Feed(
        {"opening": {"open_seconds": 30.0}}, kind="pipe", fd=os.open("/dev/null", os.O_RDONLY), on_message=told.put_nowait
    )
    try:
        wire.send(ends[0], said)
        heard = await asyncio.wait_for(told.get(), 20)
        assert isinstance(heard, Ended)
        assert (heard.code, "nonsense" in heard.message) == ("reader_died", True)
    finally:
        ends[0].close()
        feed.close()
    assert feed._process.poll() is not None
