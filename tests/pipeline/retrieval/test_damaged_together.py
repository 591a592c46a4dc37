"""A damaged index that several meet at once, in threads of a service or in processes, is made anew once, by one that is alone with it."""

import fcntl
import os
from pathlib import Path

import pytest

from pipeline.errors import EnvironmentFault
from pipeline.retrieval import index as index_module
from pipeline.retrieval.index import Index, indexed_in
from pipeline.retrieval.schema import DATABASE


def damaged() -> EnvironmentFault:
    return EnvironmentFault("state_damaged", "it can't be read")


def note(folder: Path, *paths: bytes) -> None:
    with Index(folder) as index:
        index.note(paths)


def test_an_index_that_another_made_anew_meanwhile_is_kept(tmp_path: Path) -> None:
    """It was taken away from the other one, who was filling it."""
    note(tmp_path / "state", b"/old")
    note(tmp_path / "others", b"/new")
    calls = list[list[Path]]()

    def use(index: Index) -> tuple[int, int]:
        calls.append(index.known())
        if len(calls) == 1:
            os.replace(tmp_path / "others" / DATABASE, tmp_path / "state" / DATABASE)
            raise damaged()
        return index_module._number(index.database.path) or (0, 0)

    state = (tmp_path / "others" / DATABASE).stat()
    assert indexed_in(tmp_path / "state", use) == (state.st_dev, state.st_ino)
    assert calls == [[Path("/old")], [Path("/new")]]


def test_who_makes_an_index_anew_is_alone_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def free(how: int) -> bool:
        folder = os.open(tmp_path, os.O_RDONLY)
        try:
            fcntl.flock(folder, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(folder)
        return True

    def look() -> None:
        seen.append((free(fcntl.LOCK_SH), free(fcntl.LOCK_EX)))

    def salvaged(*_: object) -> list[bytes]:
        look()
        return []

    def use(_: Index) -> None:
        look()
        if len(seen) == 1:
            raise damaged()

    seen = list[tuple[bool, bool]]()
    monkeypatch.setattr(index_module, "salvaged", salvaged)
    note(tmp_path, b"/old")
    indexed_in(tmp_path, use)
    assert seen == [(True, False), (False, False), (True, False)]
    assert free(fcntl.LOCK_EX)
