"""What is read ahead has bounds: so many results, so many bytes; what is large waits for its turn."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

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
    monkeypatch.setattr(ahead, "WAITING", 100)
    begun: list[int] = []

    def do(item: int, turn: bool) -> bytes:
        begun.append(item)
        return b"x" * 60

    with ThreadPoolExecutor(1) as threads:
        results = ahead.in_order(threads, do, range(1000), 1000)
        assert next(results) == b"x" * 60
        for _ in range(
            20
        ):  # what was begun is done, each time before the next is taken: then no more than two may be begun ahead
            threads.submit(int).result()
            before = len(begun)
            next(results)
            threads.submit(int).result()
            assert len(begun) <= before + 1
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
