"""``--decode-workers``: several children read one long film at once, and nothing but the time it takes is different."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import pipeline
from pipeline.bench.films import FilmSpec, write
from pipeline.video.children.pool import WorkerPool


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "film.mp4"
    write(path, FilmSpec(seconds=80, width=160, height=90, fps=10, gop=10))
    return path


@pytest.mark.parametrize("windows", ["fixed:seconds=2", "scenes:min=1,max=8"])
def test_captions_are_the_same(film: Path, tmp_path: Path, windows: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[bool] = Counter()
    spare = WorkerPool.acquire_spare

    def watched(pool: WorkerPool, table: int = 0) -> Any:
        child = spare(pool, table)
        asked[child is not None] += 1
        return child

    monkeypatch.setattr(WorkerPool, "acquire_spare", watched)
    found = []
    for workers in (1, 3):
        result = pipeline.caption(
            film, engine="echo", windows=windows, sampler="uniform:count=4", decode_workers=workers,
            output_dir=tmp_path / str(workers), overwrite=True,
        )  # fmt: skip
        found.append([(c.start, c.end, c.frames, c.text, c.outcome) for c in result.document.captions])
        assert bool(asked[True]) == (workers == 3)
    assert found[0] == found[1]
    assert len(found[0]) >= 19
