"""``--hls DIR``: each stream as HLS in a folder of its own, the picture as it came and what is said as its subtitles.

    DIR/gate/live.m3u8           what a player is given
    DIR/gate/video.m3u8  desc.m3u8  video-N.ts  desc-N.vtt

Without the picture (``--no-hls-video``) desc.m3u8 and desc-N.vtt alone, for the master playlist of who shows the picture: its stamps, its
segments' length and its dates are those of the stream.

Any web server gives them out. Every file is there before a playlist names it, and stays for a while after none does.
"""

import math
import os
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.captioning.recipe import Recipe
from pipeline.cues import make_track
from pipeline.errors import OutputError
from pipeline.files import explained, write_whole
from pipeline.live.document import document_of
from pipeline.live.events import Event
from pipeline.live.outputs import m3u8
from pipeline.live.outputs.pictures import PictureOutput
from pipeline.live.outputs.rendition import Rendition
from pipeline.live.pieces import Piece
from pipeline.safe_open import MEGABYTE, read_text
from pipeline.types import Caption, Cue, Model, Outcome

_OURS = re.compile(r"(?:video-(\d{9,})\.ts|desc-(\d{9,})\.vtt|(?:live|video|desc)\.m3u8)")
"""segments are counted from the seconds since 1970 at which a run began, or on from those of the run before where the clock was set back"""
LEAST = 10**8
"""the number of a first segment, at least: of nine digits, under a clock that is not set yet too"""
MOST_DIGITS = 16
"""of a number that is gone on from: players count as JavaScript does"""
PLAYLISTS = ("live.m3u8", "video.m3u8", "desc.m3u8")


class Hls(PictureOutput):
    name = "hls"

    def __init__(
        self, folder: Path, recipe: Recipe, model: Model, shape: Callable[[str], dict[str, Any]], *, seconds: float, late: bool,
        patience: float, video: bool = True,
    ) -> None:  # fmt: skip
        """``seconds``: of a segment, at most. ``video``: whether the picture is written too. ``patience``: for which a piece waits for
        its description."""
        super().__init__(folder, recipe, model, shape)
        self._target, self._late, self._patience, self._video = max(1, math.ceil(seconds)), late, patience, video
        self._renditions: dict[str, Rendition] = {}
        self._masters: dict[str, str] = {}
        self._codecs: dict[str, str] = {}

    def wants(self, event: Event) -> bool:
        return event["event"] in ("caption", "unchanged", "gap", "offline", "source", "piece", "heartbeat")

    async def finish(self) -> None:
        """Streams that did not end are ended where they are."""
        for stream, rendition in self._renditions.items():
            if not rendition.ended and (self._folder / stream).is_dir():
                rendition.ended = True
                await self._surely(self._show, stream, rendition)

    def take(self, event: Event) -> None:
        stream = event["stream"]
        rendition = self._renditions.get(stream)
        if rendition is not None and event["event"] == "piece" and not (self._folder / stream).is_dir():
            self._warn(f"{self._folder / stream} was taken away; it begins anew")
            rendition = None
        if rendition is None:
            rendition = self._renditions[stream] = self._begin(stream)
        if event["event"] == "piece":
            piece: Piece = event["_piece"]
            rendition.picture(piece, time.monotonic())
            self._codecs[stream] = self._codecs.get(stream) or m3u8.codecs_of(piece.data)
        else:
            rendition.told(event)
            came = event["event"] == "source" and event["state"] == "live"
            if came and self._video and not self._shape(stream).get("copied", True):
                self._warn(f"{stream}: {self._shape(stream).get('codec')} can't be carried by MPEG-TS; its picture is not shown")
        self._show(stream, rendition)

    def _begin(self, stream: str) -> Rendition:
        place, numbers = self._folder / stream, [LEAST, int(time.time())]
        if stream in self._renditions:
            numbers.append(self._renditions[stream].next)
        self._masters.pop(stream, None)
        try:
            place.mkdir(parents=True, exist_ok=True)
            if _is_ours(place):
                for file in place.iterdir():  # of a run before
                    if found := _OURS.fullmatch(file.name):
                        numbers += [int(number) + 1 for number in found.groups() if number and len(number) < MOST_DIGITS]
                        file.unlink()
            elif there := [name for name in PLAYLISTS if os.path.lexists(place / name)]:
                raise OutputError(
                    "output_exists", f"{place / there[0]} is of another program; name another folder with --hls, or take it away"
                )
        except OSError as error:
            raise explained(place, error) from None
        return Rendition(first=max(numbers), late=self._late, patience=self._patience, layout=self._layout)

    def _show(self, stream: str, rendition: Rendition) -> None:
        step = rendition.due(time.monotonic())
        place, language = self._folder / stream, self._recipe.language
        try:
            for segment, data in step.write:
                if self._video:
                    _put(place / segment.video, data)
                _put(place / segment.desc, m3u8.subtitles(segment, language).encode())
            if step.write or (rendition.ended and rendition.segments):
                for name, desc in (("video.m3u8", False), ("desc.m3u8", True)) if self._video else (("desc.m3u8", True),):
                    text = m3u8.media(
                        rendition.segments, target=self._target, breaks=rendition.breaks, desc=desc, ended=rendition.ended
                    )
                    _put(place / name, text.encode())
                if self._video:
                    self._put_master(stream, rendition)
            for segment in step.delete:
                (place / segment.video).unlink(missing_ok=True)
                (place / segment.desc).unlink(missing_ok=True)
        except OSError as error:
            raise explained(place, error) from None

    def _put_master(self, stream: str, rendition: Rendition) -> None:
        shape = self._shape(stream)
        text = m3u8.master(
            language=self._recipe.language, bandwidth=math.ceil(rendition.peak * 1.1 / 100_000) * 100_000,
            codecs=self._codecs.get(stream, ""), size=shape.get("size", ()), rate=shape.get("fps", 0.0),
        )  # fmt: skip
        if self._masters.get(stream) != text:
            _put(self._folder / stream / "live.m3u8", text.encode())
            self._masters[stream] = text

    def _layout(self, start: float, end: float, text: str) -> tuple[Cue, ...]:
        """A text's cues, by the rules that films have: laid out in its own time alone, since its neighbours may be shown already."""
        caption = Caption(start=0.0, end=end - start, text=text, outcome=Outcome.OK)
        document = document_of(
            [caption], [], name="", size=0, duration=end - start, shape={}, recipe=self._recipe, model=self._model, stream={}
        )
        cues = make_track(document)[0].cues
        return tuple(replace(cue, start=cue.start + start, end=min(cue.end + start, end)) for cue in cues)


def _is_ours(place: Path) -> bool:
    """Whether a run before wrote here: its master playlist names our two; without the picture, all files have our names."""
    if not os.path.lexists(place / PLAYLISTS[0]):
        return not os.path.lexists(place / PLAYLISTS[1]) and all(_OURS.fullmatch(file.name) for file in place.iterdir())
    try:
        text = read_text(place / PLAYLISTS[0], MEGABYTE)
    except (OSError, ValueError):
        return False
    return all(line in text for line in m3u8.NAMED)


def _put(path: Path, data: bytes) -> None:
    """Write the file whole: who asks for it gets the old one or the new one. Not forced onto the disk: it is old in a minute."""
    write_whole(path, data, durable=False)
