"""A decoding process that cannot start is the machine's fault, never the film's."""

from pathlib import Path

import pytest

from pipeline.errors import EnvironmentFault
from pipeline.video import WorkerPool, probe

SAMPLE = Path(__file__).resolve().parents[3] / "samples" / "first.mp4"


def test_a_child_that_does_not_start_is_an_environment_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.video.pool.sys.executable", "/bin/false")
    pool = WorkerPool()
    with pytest.raises(EnvironmentFault) as caught:
        probe(SAMPLE, pool=pool)
    pool.close()
    assert caught.value.code == "reader_broken"
