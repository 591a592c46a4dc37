"""The same work in five ways: RGB pictures of 384x384 of the frames on screen at given times, in order, eight held at a time."""

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from pipeline.families import parse
from pipeline.video.children.pool import WorkerPool
from pipeline.video.film import open_film
from pipeline.video.limits import cores
from pipeline.video.probe import probe

from .films import FFMPEG

SIDE = 384
THREADS = cores()


def looks(seconds: float, every: float) -> list[float]:
    return [every * (i + 0.5) for i in range(int(seconds / every))]


def by_cv2(path: Path, times: list[float]) -> int:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, THREADS])
    fps, number, count = capture.get(cv2.CAP_PROP_FPS), 0, 0
    wanted = [int(time * fps + 1e-6) for time in times]
    while count < len(wanted) and capture.grab():
        if number == wanted[count]:
            picture = capture.retrieve()[1]
            cv2.cvtColor(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
            count += 1
        number += 1
    capture.release()
    return count


def by_pyav(path: Path, times: list[float]) -> int:
    count = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "AUTO", THREADS
        step = 1 / float(stream.average_rate)
        for frame in container.decode(stream):
            if frame.time + step > times[count] + 1e-6:
                frame.reformat(width=SIDE, height=SIDE, format="rgb24", interpolation="AREA").to_ndarray()
                count += 1
                if count == len(times):
                    break
    return count


def by_decord(path: Path, times: list[float]) -> int:
    import decord

    reader = decord.VideoReader(str(path), width=SIDE, height=SIDE, num_threads=THREADS)
    fps = reader.get_avg_fps()
    numbers = [number for time in times if (number := int(time * fps + 1e-6)) < len(reader)]
    return sum(len(reader.get_batch(numbers[i : i + 8]).asnumpy()) for i in range(0, len(numbers), 8))


def by_ffmpeg(path: Path, times: list[float]) -> int:
    every = times[1] - times[0] if len(times) > 1 else times[0] * 2
    command = [FFMPEG, "-v", "error", "-nostdin", "-threads", str(THREADS), "-i", str(path), "-vf"]
    command += [f"fps=1/{every}:round=near,scale={SIDE}:{SIDE}:flags=area", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    count = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        while len(data := process.stdout.read(SIDE * SIDE * 3)) == SIDE * SIDE * 3:
            np.frombuffer(data, np.uint8)
            count += 1
    return count


OTHERS: dict[str, Callable[[Path, list[float]], int]] = {"cv2": by_cv2, "pyav": by_pyav, "decord": by_decord, "ffmpeg": by_ffmpeg}


class Given:
    """A window rule for windows that are known in advance."""

    needs_cuts = False

    def __init__(self, spans: Sequence[tuple[float, float]]) -> None:
        self._spans = list(spans)

    @property
    def shortest(self) -> float:
        return min(end - start for start, end in self._spans)

    def splitter(self, first: float) -> "Given":
        return self

    def sample(self, time: float) -> list[tuple[float, float]]:
        return []

    def cut(self, time: float) -> list[tuple[float, float]]:
        return []

    def finish(self, end: float) -> list[tuple[float, float]]:
        return self._spans


@contextmanager
def reading(
    path: Path,
    *,
    pool: WorkerPool | None = None,
    rule: Any = "fixed",
    sampler: str = "uniform",
    reader: str = "",
    workers: int = 1,
) -> Iterator[Any]:
    """Our reader, from the gate on; its own child where no pool is given."""
    info = probe(path, pool=pool)
    info = replace(info, reader=reader) if reader else info
    chosen, looking = parse("windows", rule) if isinstance(rule, str) else rule, parse("samplers", sampler)
    with open_film(info, rule=chosen, sampler=looking, size=(SIDE, SIDE), pool=pool, workers=workers) as film:
        yield film


def by_ours(path: Path, times: list[float], **options: Any) -> int:
    """The work of the others: one frame a window."""
    every = times[1] - times[0] if len(times) > 1 else times[0] * 2
    return ours(path, rule=f"fixed:seconds={every}", sampler="uniform:count=1", **options)


def ours(path: Path, **options: Any) -> int:
    """Frames read."""
    with reading(path, **options) as film:
        return sum(len(window.frames) for window in film)
