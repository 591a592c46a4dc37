"""How long a host may say nothing: before its first word as long as a start may take, after that a few beats."""

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from patience import PATIENCE

from pipeline.fleet import messages, remote
from pipeline.fleet.codec import encode
from pipeline.fleet.placement import Placement

OPENED = messages.Opened(limit=1, reading=1)


class Quiet:
    """In place of a host's process: it says what ``says`` holds, a word at a time, and ends when it is killed."""

    pid: int | None = None

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.over = threading.Event()

    def says(self, message: Any) -> None:
        self.theirs.sendall(encode(message))

    def poll(self) -> int | None:
        return -9 if self.over.is_set() else None

    def wait(self) -> int:
        self.over.wait()
        return -9

    def kill(self) -> None:
        self.theirs.close()
        self.over.set()


class Led:
    """A host that is led; ``said`` and ``ended`` are set by what comes of it."""

    def __init__(self) -> None:
        self.process, self.said, self.ended = Quiet(), asyncio.Event(), asyncio.Event()
        self.host = remote.RemoteHost(
            Placement(number=0, cores=()), messages.Open(settings={}), None, launch=self.launch,
            on_message=lambda *_: self.said.set(), on_end=lambda _: self.ended.set(),
        )  # fmt: skip
        self.host.start()

    def launch(self, _: Placement, __: Path | None) -> tuple[Any, socket.socket]:
        return self.process, self.process.ours


async def test_a_host_that_is_slow_to_start_is_waited_for_and_one_that_falls_silent_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remote, "SILENCE", 0.1)
    monkeypatch.setattr(remote, "FIRST", PATIENCE)
    led = Led()
    await asyncio.sleep(0.5)
    assert not led.ended.is_set()
    led.process.says(OPENED)
    async with asyncio.timeout(PATIENCE):
        await led.said.wait()
        await led.ended.wait()
    assert led.process.poll() == -9


async def test_a_host_that_never_says_a_word_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "FIRST", 0.1)
    led = Led()
    async with asyncio.timeout(PATIENCE):
        await led.ended.wait()
    assert not led.said.is_set()
