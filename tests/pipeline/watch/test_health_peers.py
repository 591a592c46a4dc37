"""Whoever reaches the address of ``watch --listen`` holds no more of the daemon than a few threads, and those not for ever."""

import socket
import threading

import pytest
from patience import PATIENCE, comes

from pipeline.watch.health import Health, _Server

ASKED = b"GET /readyz HTTP/1.0\r\n\r\n"


def answer(client: socket.socket) -> bytes:
    try:
        with client.makefile("rb") as file:
            return file.read()
    except ConnectionError:
        return b""


def is_closed(client: socket.socket) -> bool:
    try:
        client.sendall(b"G")
    except ConnectionError:
        return True
    return False


def test_there_is_room_for_so_many_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Server, "most", 2)
    go_on, asked = threading.Event(), threading.Semaphore(0)

    def ready() -> dict[str, bool]:
        asked.release()
        go_on.wait(PATIENCE)
        return {"ready": True}

    made = Health("127.0.0.1:0", ready=ready, metrics=bytes)
    try:
        held = [socket.create_connection(("127.0.0.1", made.port), PATIENCE) for _ in range(2)]
        for one in held:
            one.sendall(ASKED)
            assert asked.acquire(timeout=PATIENCE)
        with socket.create_connection(("127.0.0.1", made.port), PATIENCE) as third:
            assert answer(third) == b""
        go_on.set()
        for one in held:
            assert b" 200 " in answer(one)
            one.close()
        comes(lambda: not made._server._open)
        with socket.create_connection(("127.0.0.1", made.port), PATIENCE) as fourth:
            fourth.sendall(ASKED)
            assert b" 200 " in answer(fourth)
    finally:
        go_on.set()
        made.close()


def test_a_connection_ends_though_a_byte_comes_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Server, "whole", 0.2)
    made = Health("127.0.0.1:0", ready=dict, metrics=bytes)
    try:
        with socket.create_connection(("127.0.0.1", made.port), PATIENCE) as slow:
            assert comes(lambda: is_closed(slow))
    finally:
        made.close()
