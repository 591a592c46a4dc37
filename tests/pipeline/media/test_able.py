"""A film that the system's ffmpeg is too old for is burned and copied by the one that is brought along."""

import subprocess
from pathlib import Path

import av
import pytest

from pipeline.errors import InputError
from pipeline.media import Encoding, burn, mux
from pipeline.media.binary import find_ffmpeg, newest_ffmpeg
from pipeline.types import Cue, Track

ONE = Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)),))


@pytest.fixture(scope="module")
def hevc_in_flv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    newest = newest_ffmpeg()
    if newest.major < (6, 1):
        pytest.skip("no ffmpeg here writes HEVC into FLV")
    film = tmp_path_factory.mktemp("flv") / "film.flv"
    source = ("-f", "lavfi", "-i", "testsrc=s=160x120:r=25:d=2,format=yuv420p", "-c:v", "libx265", "-preset", "ultrafast")
    subprocess.run([newest.path, "-v", "error", *source, "-x265-params", "log-level=error", film], check=True)
    return film


def test_hevc_in_flv(hevc_in_flv: Path, tmp_path: Path) -> None:
    burn(hevc_in_flv, ONE, tmp_path / "burned.mkv", encoding=Encoding(preset="ultrafast"))
    mux(hevc_in_flv, [ONE], tmp_path / "soft.mkv")
    for name in ("burned.mkv", "soft.mkv"):
        with av.open(str(tmp_path / name)) as container:
            assert len(list(container.decode(video=0))) == 50


def test_what_none_knows_is_refused_in_words(hevc_in_flv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = find_ffmpeg()
    if old.major >= (6, 1):
        pytest.skip("the system's ffmpeg knows it")
    monkeypatch.setattr("pipeline.media.able.newest_ffmpeg", lambda: old)
    with pytest.raises(InputError, match="SCENESCRIBE_FFMPEG") as caught:
        burn(hevc_in_flv, ONE, tmp_path / "burned.mkv")
    assert caught.value.code == "unsupported_or_corrupt"
