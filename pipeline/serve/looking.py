"""A film as a question shows it: frames spread over all of it, or over a part. Kept for the next question about it."""

import asyncio
from collections import OrderedDict
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.errors import InputError
from pipeline.frames import FrameBatch
from pipeline.part import Part
from pipeline.serve.films import KnownFilm

if TYPE_CHECKING:
    from pipeline.serve.service import Service

KEPT = 256 * 1024 * 1024
"""bytes of frames that are kept, those that were used last"""


class Looks:
    """Frames of films. All methods belong to one event loop."""

    def __init__(self, service: "Service") -> None:
        self._service = service
        self._kept: OrderedDict[str, FrameBatch] = OrderedDict()

    async def at(self, film: KnownFilm, frames: int, part: Part | None) -> tuple[str, FrameBatch]:
        """A name for these pictures (the same for the same ones) and the pictures. Raises InputError, HttpError."""
        key = f"{film.id} {frames} {part.label if part is not None else 'all'}"
        if key in self._kept:
            self._kept.move_to_end(key)
            return key, self._kept[key]
        async with self._service.looks:
            batch = await asyncio.to_thread(self._read, film, frames, part)
        self._kept[key] = batch
        while len(self._kept) > 1 and sum(one.data.nbytes for one in self._kept.values()) > KEPT:
            self._kept.popitem(last=False)
        return key, batch

    def _read(self, film: KnownFilm, frames: int, part: Part | None) -> FrameBatch:
        studio = self._service.studio
        length = float(film.facts["duration"]) + 1.0
        recipe = replace(
            studio.recipe, windows=f"fixed:seconds={min(86_400.0, max(1.0, length)):.3f}", sampler=f"uniform:count={frames}", part=part,
            skip_static=False,
        )  # fmt: skip
        with ExitStack() as held:
            path = held.enter_context(self._service.opened(film))
            source = studio.host.source(path)
            source.probe()
            reading = held.enter_context(source.windows(recipe))
            for window in reading:
                if len(window.frames):
                    # a copy: the pictures lie in memory that the reader gives back
                    return FrameBatch(data=window.frames.data.copy(), times=window.frames.times, indices=window.frames.indices)
        raise InputError("no_decodable_frames", "no picture could be decoded from this film")
