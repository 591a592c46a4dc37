"""Tells what of a stream could not be kept as it came (``--record``, ``--hls``): its reading process gives up what is too much for memory."""

import time

from pipeline import log
from pipeline.video.live.messages import Said, Started, Tick

QUIET = 30.0
"""seconds between two warnings"""
_log = log.get("pipeline.live")


class Uncopied:
    """Of one stream, over all its connections."""

    def __init__(self, stream: str) -> None:
        self.total = 0
        self._stream, self._heard, self._told, self._warned = stream, 0, 0, float("-inf")

    def heard(self, message: Said) -> None:
        """What the reading process said: a new one counts from nothing."""
        if isinstance(message, Started):
            self._heard = 0
        if not isinstance(message, Tick):
            return
        self.total += max(0, message.uncopied - self._heard)
        self._heard = message.uncopied
        if self.total > self._told and time.monotonic() - self._warned > QUIET:
            self._told, self._warned = self.total, time.monotonic()
            _log.warning(
                "pieces of the picture are given up, since they come faster than they can be kept: recordings and HLS lack them",
                stream=self._stream,
                lost=self.total,
            )
