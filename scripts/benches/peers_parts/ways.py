"""What a user would write instead: three ways to have a folder of films captioned with vLLM's ``LLM``, from a tutorial's to a careful one.

Frames are those of ``uniform:count=8`` over windows of 8 s, resized to what the model takes; each way gives its captions back in order.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SECONDS, COUNT = 8.0, 8
"""of a window, and frames that it is shown by"""
AT_ONCE = 16
"""films in one call, where threads read ahead"""
Video = NDArray[np.uint8]


class Asking:
    """A loaded ``LLM`` and the prompt of one window."""

    def __init__(self, llm: Any, sampling: Any, prompt: str) -> None:
        self.llm, self.sampling, self.prompt = llm, sampling, prompt

    def __call__(self, videos: Sequence[Video]) -> list[str]:
        """One call for as many windows as there are."""
        asked = [{"prompt": self.prompt, "multi_modal_data": {"video": [(video, METADATA)]}} for video in videos]
        return [output.outputs[0].text for output in self.llm.generate(asked, self.sampling, use_tqdm=False)]


METADATA = {
    "fps": COUNT / SECONDS,
    "total_num_frames": COUNT,
    "frames_indices": list(range(COUNT)),
    "duration": SECONDS,
    "do_sample_frames": False,
}
"""what vLLM wants to know of a video, for models that are told times"""


def windows(path: Path, side: int) -> Iterator[Video]:
    """The windows of a film, as a loop over ``cv2.VideoCapture`` gives them: all frames are decoded, those that are wanted kept."""
    film = cv2.VideoCapture(str(path))
    frames, each = int(film.get(cv2.CAP_PROP_FRAME_COUNT)), round(film.get(cv2.CAP_PROP_FPS) * SECONDS)
    number = 0
    for start in range(0, frames, each):
        length = min(each, frames - start)
        wanted = [start + int((i + 0.5) * length / COUNT) for i in range(COUNT)]
        found = []
        while number < start + length and film.grab():
            for _ in range(wanted.count(number)):
                _, frame = film.retrieve()
                found.append(cv2.cvtColor(cv2.resize(frame, (side, side)), cv2.COLOR_BGR2RGB))
            number += 1
        if found:
            yield np.stack(found)
    film.release()


def loop(ask: Asking, films: Sequence[Path], side: int) -> list[str]:
    """The tutorial's: read a window, ask about it, read the next."""
    return [text for film in films for window in windows(film, side) for text in ask([window])]


def film_by_film(ask: Asking, films: Sequence[Path], side: int) -> list[str]:
    """A careful script: read a film, ask about all of its windows in one call, read the next."""
    return [text for film in films for text in ask(list(windows(film, side)))]


def read_ahead(ask: Asking, films: Sequence[Path], side: int, threads: int) -> list[str]:
    """A more careful one: threads read films ahead while the model answers, and each call has the windows of sixteen films."""
    texts: list[str] = []
    with ThreadPoolExecutor(threads) as pool:
        reading = [pool.submit(lambda film=film: list(windows(film, side))) for film in films]  # type: ignore[misc]
        for first in range(0, len(reading), AT_ONCE):
            texts += ask([window for read in reading[first : first + AT_ONCE] for window in read.result()])
            reading[first : first + AT_ONCE] = [pool.submit(list)] * len(reading[first : first + AT_ONCE])  # let the pictures go
    return texts
