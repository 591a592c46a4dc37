"""Films for measuring: H.264 of any size and length whose every second looks different, made in a process of its own.

    python -m pipeline.bench.films OUT SECONDS WIDTH HEIGHT FPS GOP SEED STILL

The picture is a coarse random texture that drifts under grain, with a hard cut every few seconds: the grain keeps the bit rate
at that of filmed material, and with it the work of decoding; no two windows are the same to the engine.
"""

import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.media.run import die_with_parent

SHOT = 4.0
"""seconds between cuts"""
GRAIN = 14
"""levels of brightness that the grain spans: 1080p at 30 frames a second comes to some 4 Mbit/s"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmSpec:
    """One film to make."""

    seconds: float
    width: int
    height: int
    fps: int = 30
    gop: int = 30
    seed: int = 0
    still: float = 0.0
    """seconds: the film moves for so long, then stands still for so long but for faint noise, and so on; 0: it always moves"""


def make_films(folder: Path, specs: Sequence[FilmSpec], *, at_once: int, stop: threading.Event | None = None) -> list[Path]:
    """Write one film for each spec, ``at_once`` processes at a time; their paths. Raises CalledProcessError, also where ``stop`` is set."""
    paths = [folder / f"film{i:04}.mp4" for i in range(len(specs))]
    running: list[subprocess.Popen[bytes]] = []
    try:
        for path, spec in zip(paths, specs, strict=True):
            if len(running) >= at_once:
                _finish(running, stop)
            words = [str(value) for value in (spec.seconds, spec.width, spec.height, spec.fps, spec.gop, spec.seed, spec.still)]
            command = [sys.executable, "-m", "pipeline.bench.films", str(path), *words]
            running.append(subprocess.Popen(command, preexec_fn=_ends_with_us))
        while running:
            _finish(running, stop)
    finally:
        for one in running:
            one.kill()
            one.wait()
    return paths


def _ends_with_us() -> None:
    """A terminal's Ctrl-C is for all of its group: the child has nothing to say to it, and ends when we do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent()


def _finish(running: list[subprocess.Popen[bytes]], stop: threading.Event | None) -> None:
    """Wait for the first of them, and take it off."""
    while stop is not None and running[0].poll() is None:
        if stop.wait(0.05):
            running[0].kill()
    if running[0].wait():
        raise subprocess.CalledProcessError(running[0].returncode, running[0].args)
    del running[0]


def write(path: Path, spec: FilmSpec) -> None:
    """Encode one film with libx264, two threads, no B-frames reordered beyond the codec's defaults."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=spec.fps)
        stream.width, stream.height, stream.pix_fmt = spec.width, spec.height, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "23", "g": str(spec.gop), "keyint_min": str(spec.gop), "sc_threshold": "0"}
        stream.thread_count = 2
        for image in _pictures(spec):
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def _pictures(spec: FilmSpec):  # type: ignore[no-untyped-def]
    random = np.random.default_rng(spec.seed)
    per_shot = int(SHOT * spec.fps)
    texture: NDArray[np.uint8] = np.zeros(0, np.uint8)
    last = grain = texture
    for i in range(round(spec.seconds * spec.fps)):
        if spec.still and int(i / spec.fps / spec.still) % 2:
            yield last + (grain[i % 8] // 4)
            continue
        if i % per_shot == 0:
            cells = random.integers(0, 256, (spec.height // 24 + 2, spec.width // 24 + 2, 3), dtype=np.uint8)
            large = np.repeat(np.repeat(cells, 24, axis=0), 24, axis=1)
            texture = np.concatenate([large, large], axis=1)
            step = random.integers(1, 5)
            grain = random.integers(0, GRAIN, (8, spec.height, spec.width, 1), dtype=np.uint8)
        x = int((i % per_shot) * step) % (texture.shape[1] // 2)
        last = texture[: spec.height, x : x + spec.width] // 2 + 64
        yield last + grain[i % 8]


if __name__ == "__main__":
    numbers = sys.argv[2:]
    write(
        Path(sys.argv[1]),
        FilmSpec(
            seconds=float(numbers[0]),
            width=int(numbers[1]),
            height=int(numbers[2]),
            fps=int(numbers[3]),
            gop=int(numbers[4]),
            seed=int(numbers[5]),
            still=float(numbers[6]),
        ),
    )
