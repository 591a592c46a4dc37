"""ffmpeg is ended in the middle, or finds no room for the last bytes (exit status 0): a Matroska that breaks off is taken for none that is whole."""

import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from patience import PATIENCE

from pipeline.environment import child_environment
from pipeline.errors import OutputError
from pipeline.media import Encoding, burn, burning, mux, muxing
from pipeline.media.run import Ended
from pipeline.types import Cue, Track

Make = Callable[..., Path]
TRACK = Track(cues=(Cue(start=0.5, end=1.0, lines=("One",)),))
NOISE = (
    "-f",
    "lavfi",
    "-i",
    "nullsrc=s=160x120:r=10:d=3,geq=random(1)*255:128:128",
    "-c:v",
    "libx264",
    "-pix_fmt",
    "yuv420p",
    "-crf",
    10,
)
LIMIT = 100_000
"""bytes; the film has several times as many"""
MUX = "import sys; from pathlib import Path; from pipeline.media import mux; from pipeline.types import Cue, Track; "
MUX += "mux(Path(sys.argv[1]), [Track(cues=(Cue(start=0.5, end=1.0, lines=('One',)),))], Path(sys.argv[2]))"


@pytest.fixture
def noise(make: Make, tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    film = make(tmp_path / "in" / "film.mp4", *NOISE)
    assert film.stat().st_size > 2 * LIMIT
    return film


def test_a_film_that_became_too_large_for_its_place_is_not_taken(noise: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", MUX, noise, tmp_path / "out" / "soft.mkv"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, LIMIT)),
        capture_output=True, text=True, timeout=PATIENCE, check=False, env=child_environment(PYTHONPATH=":".join(sys.path)),
    )  # fmt: skip
    assert "became larger than a file may be here" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("status", "said", "code", "told"),
    [
        (0, "[error] Error writing trailer of file:written.mkv: No space left on device", "no_space", "is full"),
        (0, "[out#0/matroska @ 0x1] [error] Error closing file: Input/output error", "output_damaged", "to its end"),
        (-signal.SIGKILL, "[info] Press [q] to stop", "ffmpeg_failed", "signal 9"),
        (-signal.SIGXFSZ, "", "no_space", "ulimit -f"),
    ],
)
@pytest.mark.parametrize("work", ["mux", "burn"])
def test_what_ffmpeg_says_of_it_counts_though_the_film_opens(
    work: str, status: int, said: str, code: str, told: str, noise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = muxing if work == "mux" else burning
    really = where.run

    def run(*arguments: Any, **options: Any) -> Ended:
        ended = really(*arguments, **options)
        return Ended(status=status, frames=ended.frames, seconds=ended.seconds, messages=[*ended.messages, said])

    monkeypatch.setattr(where, "run", run)
    out = tmp_path / "out.mkv"
    with pytest.raises(OutputError, match=told) as wrong:
        mux(noise, [TRACK], out) if work == "mux" else burn(noise, TRACK, out, encoding=Encoding(preset="ultrafast"))
    assert wrong.value.code == code
    assert not out.exists()


def test_a_copy_that_tells_no_length_is_measured(noise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As ffmpeg leaves it when it is killed: no length in its head, and no index."""
    really = muxing.run

    def run(ffmpeg: Any, work: Any, place: Any, **options: Any) -> Ended:
        live = [*options.pop("more"), "-live", "1"]
        ended = really(ffmpeg, work, place, more=live, **options)
        written = (place.folder / place.written).resolve()
        written.write_bytes(written.read_bytes()[: written.stat().st_size // 2])
        return ended

    monkeypatch.setattr(muxing, "run", run)
    with pytest.raises(OutputError, match=r"the film lasts [01]\.\d\d s, its source 3\.00 s") as wrong:
        mux(noise, [TRACK], tmp_path / "out.mkv")
    assert wrong.value.code == "output_damaged"
