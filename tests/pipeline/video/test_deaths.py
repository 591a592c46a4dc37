"""A decoding process that dies at a message, not at a moment: who takes its place finds the same windows, frames, pictures and cuts."""

from pathlib import Path
from types import ModuleType
from zlib import crc32

import numpy as np
import pytest
from thorough import examples

from pipeline.families import parse
from pipeline.video.children.pool import WorkerPool
from pipeline.video.children.readahead import SegmentReader
from pipeline.video.children.reading import Reading
from pipeline.video.film import open_film
from pipeline.video.probe import probe

DEATHS = examples(24)
"""messages at which the process dies, one a reading, spread over all of them"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, tools: ModuleType) -> Path:
    """Sixteen seconds of numbered pictures: something moves all the time, so that what is a cut depends on what was seen before."""
    path = tmp_path_factory.mktemp("deaths") / "film.mp4"
    raw = path.with_suffix(".raw")
    raw.write_bytes(b"".join(tools.picture(i).tobytes() for i in range(400)))
    tools.Kitchen(path.parent, raw, raw).encode(path, *tools.GOP)
    raw.unlink()
    return path


@pytest.mark.parametrize("sampler", ["uniform:count=8", "keyframes:count=8"])
@pytest.mark.parametrize("rule", ["scenes:min=1,max=2", "fixed:seconds=1"])
def test_whenever_a_child_dies_the_film_is_the_same(film: Path, rule: str, sampler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    following, heard, deadly = Reading._next, 0, 0

    def dies(self: Reading, reader: SegmentReader, reached: int) -> object:
        nonlocal heard
        heard += 1
        if heard == deadly:
            raise reader.child.distrust("it dies here")
        return following(self, reader, reached)

    def found(pool: WorkerPool) -> object:
        nonlocal heard
        heard = 0
        how = {"rule": parse("windows", rule), "sampler": parse("samplers", sampler), "size": (96, 54), "pool": pool}
        with open_film(probe(film, pool=pool), **how) as reading:  # type: ignore[arg-type]
            windows = [
                (one.start, one.end, [(f.time, crc32(np.asarray(f.image).tobytes())) for f in one.frames]) for one in reading
            ]
            return windows, list(reading.shots), reading.notices

    monkeypatch.setattr(Reading, "_next", dies)
    with WorkerPool() as pool:
        whole, messages = found(pool), heard
        for deadly in {round(one) for one in np.linspace(1, messages, DEATHS)}:
            assert found(pool) == whole, f"it died at message {deadly} of {messages}"
