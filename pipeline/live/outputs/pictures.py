"""What ``--hls`` and ``--record`` have in common: a folder to which each stream's pieces come beside its events."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.captioning.recipe import Recipe
from pipeline.files import explained
from pipeline.live.events import Event
from pipeline.live.outputs.base import Output
from pipeline.live.pieces import Piece
from pipeline.types import Model

MOST_BYTES = 1 << 28
"""of pieces that wait to be written"""


class PictureOutput(Output):
    """An output of pieces. ``take`` is called with each event in order, on a thread; a piece is the event ``piece``, as its ``_piece``."""

    def __init__(self, folder: Path, recipe: Recipe, model: Model, shape: Callable[[str], dict[str, Any]]) -> None:
        """``shape``: what is known of a stream's pictures, by its name."""
        super().__init__()
        self._folder, self._recipe, self._model, self._shape = folder, recipe, model, shape

    async def open(self) -> None:
        """Raises OutputError ``unwritable``."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explained(self._folder, error) from None
        await super().open()

    def picture(self, piece: Piece) -> None:
        # counted anew each time: a piece leaves the queue by being written and by being given up
        if len(piece.data) + sum(len(event["_piece"].data) for event in self._waiting if event["event"] == "piece") > MOST_BYTES:
            self.lost += 1
            self._warn("the disk is too slow; pictures are given up", lost=self.lost)
            return
        self.offer({"event": "piece", "stream": piece.stream, "_piece": piece})

    async def write(self, event: Event) -> None:
        await asyncio.to_thread(self.take, event)

    def take(self, event: Event) -> None:
        """Write an event. Raises OutputError."""
        raise NotImplementedError
