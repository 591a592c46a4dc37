"""Stretches for a profiler's timeline: begun and ended with the same handle, whatever happens in them."""

from collections.abc import Iterator

import pytest

from models import nvtx
from models.nvtx import marked


@pytest.fixture
def marks() -> Iterator[list[str]]:
    made: list[str] = []

    def start(name: str) -> str:
        made.append(f"+{name}")
        return name

    nvtx.use(start, lambda handle: made.append(f"-{handle}"))
    yield made
    nvtx.use(None, None)


def test_ranges_may_overlap(marks: list[str]) -> None:
    first, second = marked("read"), marked("engine")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert marks == ["+read", "+engine", "-read", "-engine"]


def test_a_range_ends_where_its_stretch_fails(marks: list[str]) -> None:
    with pytest.raises(ValueError, match="no"), marked("write"):
        raise ValueError("no")
    assert marks == ["+write", "-write"]


def test_without_a_profiler_nothing_is_called(marks: list[str]) -> None:
    nvtx.use(None, None)
    with marked("read"):
        done = True
    assert done
    assert marks == []


def test_one_that_is_taken_away_in_between_is_still_told_the_end(marks: list[str]) -> None:
    with marked("read"):
        nvtx.use(None, None)
    assert marks == ["+read", "-read"]


async def test_a_run_marks_its_stages(marks: list[str], tmp_path) -> None:  # type: ignore[no-untyped-def]
    from pipeline import caption_async
    from pipeline.bench.films import FilmSpec, write

    write(tmp_path / "film.mp4", FilmSpec(seconds=4, width=160, height=90, fps=10, gop=10))
    await caption_async(tmp_path / "film.mp4", engine="echo", windows="fixed:seconds=2", output_dir=tmp_path)
    assert sorted(set(marks)) == [
        "+read", "+wait for the engine", "+write", "-read", "-wait for the engine", "-write",
    ]  # fmt: skip
    assert marks.count("+read") == 3, "two windows, and the look that finds no third"
