"""The processes that make scenes and clips while the GPU learns."""

import multiprocessing
import os
import queue
from collections.abc import Iterator
from random import Random
from typing import Any

from scripts.shapes_training import feed
from scripts.shapes_training.feed import Clips, Rows


class Kitchen:
    """Worker processes: some make rows for the GPU to draw, the others make clips through H.264.

    `easy`, the share of scenes with a single object, may be changed at any time.
    """

    def __init__(self, *, seed: int, workers: int, batch: int, exam: int, smoke: bool) -> None:
        context = multiprocessing.get_context("spawn")
        self._easy = context.Value("d", 1.0)
        self._videos: Any = context.Queue(24)
        self._stills: Any = context.Queue(6)
        self._clips: Any = context.Queue(200)
        self._exams: Any = context.Queue()
        cooks = 1 if smoke else max(2, workers // 4)
        self._workers = []
        for number in range(max(2, workers)):
            queues = (self._videos, self._stills) if number < cooks else (self._clips, self._exams)
            share = -(-exam // max(1, workers - cooks)) if exam and number >= cooks else 0
            job = (seed * 1000 + number, number < cooks, batch, share, self._easy, *queues)
            self._workers.append(context.Process(target=_work, args=job, daemon=True))
        for worker in self._workers:
            worker.start()
        self.exam_parts = len(self._workers) - cooks

    @property
    def easy(self) -> float:
        return float(self._easy.value)

    @easy.setter
    def easy(self, share: float) -> None:
        self._easy.value = share

    def rows(self, *, still: bool) -> Rows:
        """The next batch of fresh scenes."""
        return (self._stills if still else self._videos).get()  # type: ignore[no-any-return]

    def new_clips(self) -> Iterator[Clips]:
        """The clips that are ready, at most a few at once."""
        for _ in range(8):
            try:
                yield self._clips.get_nowait()
            except queue.Empty:
                return

    def exam(self) -> list[Any]:
        """The exam's papers, a part from each worker."""
        return [self._exams.get() for _ in range(self.exam_parts)]

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.terminate()


def _work(seed: int, cook: bool, batch: int, exam: int, easy: Any, first: Any, second: Any) -> None:
    import cv2
    import torch

    os.nice(10)  # what drives the GPU goes first
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    rng = Random(seed)
    if cook:
        while True:
            for _ in range(9):
                first.put(feed.rows(rng, batch, still=False, easy=easy.value))
            second.put(feed.rows(rng, batch, still=True, easy=easy.value))
    if exam:
        from scripts.shapes_training.exam import papers

        second.put(papers(Random(seed + 77_000_000), exam))
    while True:
        first.put(feed.clips(rng, 8, easy=easy.value))
