"""Small films made by ffmpeg, and their frames."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from patience import PATIENCE

from pipeline.media import Ffmpeg, burning, find_ffmpeg
from pipeline.types import Cue, Track

Make = Callable[..., Path]
Frames = Callable[[Path], list[tuple[float, NDArray[np.uint8]]]]


@pytest.fixture(autouse=True)
def small_letters_untold(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most films of these tests are of 160x90 pixels, where letters are small; it is told (``text_small``) where a test is about letters."""
    if request.node.get_closest_marker("letters") is None:
        monkeypatch.setattr(burning, "SMALL", 0)


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    return find_ffmpeg()


@pytest.fixture(scope="session")
def make(ffmpeg: Ffmpeg) -> Make:
    """``make(path, *options)`` runs ffmpeg to write ``path``."""

    def make(path: Path, *options: object) -> Path:
        done = subprocess.run(
            [ffmpeg.path, "-v", "error", "-y", *map(str, options), path], capture_output=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return path

    return make


@pytest.fixture(scope="session")
def film(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """4 s of a grey 640x360 picture with a white corner on the upper left, 25 frames a second, and a tone."""
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    picture = "color=0x606060:s=640x360:r=25:d=4,drawbox=x=0:y=0:w=80:h=60:color=white:t=fill"
    return make(
        path, "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=d=4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "10",
        "-preset", "ultrafast", "-c:a", "aac",
    )  # fmt: skip


@pytest.fixture(scope="session")
def frames() -> Frames:
    """(time, grey picture) of each frame; rotation is not applied."""

    def frames(path: Path) -> list[tuple[float, NDArray[np.uint8]]]:
        def decode() -> Iterator[tuple[float, NDArray[np.uint8]]]:
            with av.open(str(path)) as container:
                start = float(container.streams.video[0].start_time or 0) * float(container.streams.video[0].time_base)
                for frame in container.decode(video=0):
                    yield frame.time - start, frame.to_ndarray(format="gray")

        return list(decode())

    return frames


@pytest.fixture
def track() -> Track:
    """One cue from 1 to 2.5 s."""
    return Track(cues=(Cue(start=1.0, end=2.5, lines=("A man in a red coat walks", "across the busy street.")),), language="en")
