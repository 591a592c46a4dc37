"""Pictures of a film, many of one size in one array."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""One picture: height x width x 3, uint8, RGB."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One picture of a batch: a view, no copy."""

    image: Image
    time: float
    """seconds on the player's clock"""
    index: int
    """count of frames before it, in the order they are shown"""

    def __repr__(self) -> str:
        return f"Frame(image={'x'.join(map(str, self.image.shape))}, time={self.time:.3f}, index={self.index})"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameBatch:
    """Pictures of one size in one array: what a model takes as a video, without a further copy.

    A sequence of ``Frame``. Raises ValueError where there are not as many times and indices as pictures.
    """

    data: NDArray[np.uint8]
    """n x height x width x 3, uint8, RGB, C-contiguous"""
    times: tuple[float, ...]
    """seconds on the player's clock, ascending"""
    indices: tuple[int, ...]
    """of each frame: count of frames before it, in the order they are shown"""

    def __post_init__(self) -> None:
        if self.data.ndim != 4 or self.data.shape[3] != 3 or not len(self.data) == len(self.times) == len(self.indices):
            raise ValueError(f"{self.data.shape} pictures, {len(self.times)} times and {len(self.indices)} indices are no batch")

    @classmethod
    def of(cls, frames: Sequence[Frame], size: tuple[int, int] = (0, 0)) -> "FrameBatch":
        """Copy frames of one size together; ``size`` (width, height) is that of a batch without frames."""
        images = [frame.image for frame in frames]
        return cls(
            data=np.stack(images) if images else np.zeros((0, size[1], size[0], 3), np.uint8),
            times=tuple(frame.time for frame in frames),
            indices=tuple(frame.index for frame in frames),
        )

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, place: int) -> Frame:
        return Frame(image=self.data[place], time=self.times[place], index=self.indices[place])

    def __iter__(self) -> Iterator[Frame]:
        return (self[place] for place in range(len(self)))

    def __repr__(self) -> str:
        return f"FrameBatch(data={'x'.join(map(str, self.data.shape))}, times=[{', '.join(f'{t:.3f}' for t in self.times)}])"
