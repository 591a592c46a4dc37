"""A door that waits for one sender: whoever knocks and says nothing holds it for seconds, and it is open again at once."""

import asyncio
import contextlib
import socket

import pytest
from live_runs import Run
from patience import PATIENCE
from ports import free_port

from pipeline.live import connect
from pipeline.live.backoff import LISTEN, Backoff


def test_it_is_open_again_at_once_whatever_came() -> None:
    """A stranger's garbage, again and again, kept it shut for half a minute each time, and a film without pictures for minutes."""
    waits, asks = Backoff(listens=True, dice=lambda: 1.0), Backoff(dice=lambda: 1.0)
    for _ in range(20):
        for reason in ("source_lost", "no_video_stream", "not_found"):
            assert 0 < waits.failed(reason, 10_000.0) <= LISTEN
            asks.failed(reason, 10_000.0)
    assert asks.failed("source_lost", 10_000.0) > 10 * LISTEN


async def test_where_there_is_no_door_it_is_told_and_not_tried_every_second() -> None:
    """A process a second, and two lines in the journal for each, as long as another program had the port."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        run = Run(f"rtmp://127.0.0.1:{other.getsockname()[1]}/live/x", accept=True)
        await run.until(lambda told: told.of("source", state="offline"), within=PATIENCE)
    told = run.told.of("source", state="offline")[0]
    assert told["reason"] == "port_taken"
    assert "another program has this port" in told["message"]
    waits = Backoff(listens=True, dice=lambda: 1.0)
    assert [waits.failed("port_taken", 10.0) for _ in range(6)] == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


async def test_a_sender_that_says_nothing_leaves_the_door_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without a word, as of somebody who looks for open ports, held the door for a day."""
    monkeypatch.setattr(connect, "SENDER_SILENT", 1.0)
    port = free_port()
    run = Run(f"rtmp://127.0.0.1:{port}/live/x", accept=True)

    async def knock() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while True:
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.05)

    knocking = asyncio.create_task(knock())
    await run.until(lambda told: told.of("source", state="offline"), within=PATIENCE)
    reader, writer = await knocking
    assert await reader.read() == b"", "it was shown the door"
    writer.close()
