"""What is read ahead has bounds: so many results, so many bytes; what is large waits for its turn."""

import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest
from patience import PATIENCE

from pipeline.imagesources import ahead, folder
from pipeline.imagesources.base import Place, Wishes
from pipeline.storage import open_storage


def test_large_ones_are_got_one_at_a_time_by_who_takes_them() -> None:
    got: list[tuple[int, bool, str]] = []

    def do(item: int, turn: bool) -> bytes | None:
        got.append((item, turn, threading.current_thread().name))
        return bytes([item]) * 10 if turn or item % 2 else None

    with ThreadPoolExecutor(4, thread_name_prefix="reader") as threads:
        found = list(ahead.in_order(threads, do, range(20), 8))
    assert found == [bytes([item]) * 10 for item in range(20)]
    turns = [(item, name) for item, turn, name in got if turn]
    assert [item for item, _ in turns] == list(range(0, 20, 2))
    assert not any(name.startswith("reader") for _, name in turns)


def test_no_more_is_begun_while_too_many_bytes_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor while they come: the one thread does nothing between two steps, as on a machine that is busy."""
    monkeypatch.setattr(ahead, "WAITING", 100)
    begun: list[int] = []
    go, done = threading.Semaphore(0), threading.Semaphore(0)

    def items() -> Iterator[int]:
        for item in range(1000):
            begun.append(item)
            yield item

    def do(item: int, turn: bool) -> bytes:
        assert go.acquire(timeout=PATIENCE)
        done.release()
        return b"x" * 60

    def run(count: int, threads: Executor) -> None:
        for _ in range(count):
            go.release()
        assert all(done.acquire(timeout=PATIENCE) for _ in range(count))
        threads.submit(int).result(PATIENCE)

    with ThreadPoolExecutor(1) as threads:
        results = ahead.in_order(threads, do, items(), 8)
        try:
            go.release()
            assert next(results) == b"x" * 60
            assert len(begun) == 8, "nothing is known of their sizes yet"
            assert done.acquire(timeout=PATIENCE)
            run(7, threads)
            for _ in range(20):
                before = len(begun)
                assert next(results) == b"x" * 60
                assert len(begun) <= before + 1
                run(len(begun) - before, threads)
        finally:
            go.release(1000)
            results.close()  # type: ignore[attr-defined]


def test_files_with_holes_take_no_memory_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty files of 250 MB, made of nothing, took sixteen gigabytes."""
    monkeypatch.setattr(folder, "SMALL", 1000)
    for number in range(40):
        with (tmp_path / f"{number:02}.jpg").open("wb") as file:
            file.truncate(2000 if number % 4 else 500)
    read: list[tuple[str, int]] = []
    storage = open_storage(str(tmp_path), {})
    ranged = type(storage).get_range

    def seen(self: object, name: str, start: int, size: int) -> bytes:
        read.append((threading.current_thread().name, size))
        return ranged(storage, name, start, size)

    monkeypatch.setattr(type(storage), "get_range", seen)
    place, source = Place(storage=storage, name="", url=str(tmp_path)), folder.Source()
    found = list(source.read(list(source.list(place, Wishes())), Wishes()))
    assert [len(one) for one in found if isinstance(one, bytes)] == [2000 if number % 4 else 500 for number in range(40)]
    assert {size for name, size in read if name.startswith("pictures")} == {1001}
