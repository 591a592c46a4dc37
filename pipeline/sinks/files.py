"""Captions as files: the JSON, sidecars, a burned and a muxed video, under the names that ``outputs.py`` gives them."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from models.nvtx import marked
from pipeline.described_before import place_of
from pipeline.errors import InputError, OutputError, ScenescribeError
from pipeline.files import explained, write_whole
from pipeline.outputs import Outputs
from pipeline.sinks.base import Written
from pipeline.types import Caption, Document, Notice, Track, VideoInfo
from pipeline.unfinished import done

if TYPE_CHECKING:
    from pipeline.cues import Layout
    from pipeline.media import Look

OnStep = Callable[[str, float], None]
"""told that a video is being written: ``burn`` or ``mux``, and how much of it, from 0 to 1"""


class FileSink:
    """The files of one film. The JSON comes first: with it on the disk the journal may go, and all else can be made again."""

    def __init__(
        self,
        outputs: Outputs,
        layout: "Layout",
        look: "Look",
        *,
        encoders: asyncio.Semaphore,
        on_step: OnStep = lambda what, done: None,
    ) -> None:
        """``encoders``: as many videos are written at once; an encoder takes all cores that it finds."""
        self.outputs, self.layout, self.look = outputs, layout, look
        self._encoders, self._on_step = encoders, on_step
        self._info: VideoInfo | None = None
        self._free = False
        """whether nobody had the name of the JSON when the film was begun"""
        self._there: set[Path] = set()
        """outputs that were there then: ours, or they were refused"""

    @property
    def journal(self) -> Path:
        return self.outputs.journal

    async def open(self, info: VideoInfo) -> None:
        self._info = info
        self._free = not os.path.lexists(self.outputs.json)
        self._there = {path for path in self.outputs.all if os.path.lexists(path)}

    async def caption(self, caption: Caption) -> None:
        """Nothing: files are written when all is known; until then the journal keeps it."""

    async def close(self, document: Document, *, current: bool = False) -> Written:
        anew = self.outputs.all[1:] if self.outputs.anew else ()
        wanted = [path for path in self.outputs.all if not current or path in anew or not done(path)]
        began = time.monotonic()
        track, notices = await asyncio.to_thread(self._write_texts, document, wanted)
        seconds = time.monotonic() - began
        found = list(notices) if wanted else []
        for what, work in self._videos(track, wanted):
            async with self._encoders:  # waiting for its turn is no writing
                began = time.monotonic()
                try:
                    found += await self._with_progress(what, work)
                except ScenescribeError as error:
                    raise self._with_what_is_there(error, what) from error
                seconds += time.monotonic() - began
        return Written(
            new=bool(wanted), paths=self.outputs.all, notices=(*self.outputs.notices, *found), seconds=seconds
        )  # fmt: skip

    def _with_what_is_there(self, error: ScenescribeError, what: str) -> ScenescribeError:
        """The error of a video, which also says where the captions are: they are written, and an hour of work is not lost."""
        texts = [self.outputs.json, *(self.outputs.sidecar(name) for name in self.outputs.formats)]
        written = ", ".join(path.name for path in texts if path.exists())
        sentence = f"{error.message}; --{what} failed, the captions are in {self.outputs.folder}: {written}"
        # letters that no font here has are this film's: the next one may have none of them
        kind = OutputError if error.code == "no_font" else type(error)
        return kind(error.code, sentence, **error.data)

    def _write_texts(self, document: Document, wanted: Collection[Path]) -> tuple[Track, tuple[Notice, ...]]:
        """The JSON, then the sidecars among ``wanted``. Blocks: each file is synced, and the film is listened to where pauses matter."""
        from pipeline import formats
        from pipeline.cues import make_track
        from pipeline.formats import json
        from pipeline.speech.known import heard, possible

        assert self._info is not None, "open comes first"
        about: tuple[Notice, ...] = ()
        if wanted:
            try:
                document = heard(document, self._info.path, self.layout)
            except InputError as error:  # of its sound: the captions are there, and are not lost for it
                about = (Notice(code="not_listened", message=f"{error.message}; texts stand at their windows"),)
        with marked("write"):
            if self.outputs.json in wanted:
                try:
                    self.outputs.folder.mkdir(parents=True, exist_ok=True)
                except OSError as error:
                    raise explained(self.outputs.folder, error) from error
                # what stands beside a JSON is taken for its own by the next run, also where this one ends before it is made anew
                others = [path for path in self.outputs.all if path != self.outputs.json]
                if self._free and os.path.lexists(self.outputs.json):
                    raise self._taken(self.outputs.json)
                for came in (path for path in others if path not in self._there and os.path.lexists(path)):
                    raise self._taken(came)
                # by a rename: a link has two names for a moment, and one would be left where we are killed in it
                place = place_of(self._info.path) if self.outputs.apart else ""
                placed = replace(document, source=replace(document.source, place=place))
                write_whole(self.outputs.json, json.to_text(placed).encode(), outdated=others)
            self.outputs.journal.unlink(missing_ok=True)
            track, notices = make_track(document, possible(self.layout, document))
            for name in self.outputs.formats:
                if self.outputs.sidecar(name) in wanted:
                    write_whole(self.outputs.sidecar(name), formats.write(name, track).encode())
            return track, (*about, *notices)

    def _taken(self, path: Path) -> OutputError:
        """The error of a film whose output somebody wrote meanwhile: another run to the same place, who fetches dialogues."""
        who = "another run" if path == self.outputs.json else "somebody else"
        text = f"{path} was written by {who} meanwhile and stays as it is; run it again, or write elsewhere with -o"
        return OutputError("output_exists", text, path=path)

    def _videos(self, track: Track, wanted: Collection[Path]) -> list[tuple[str, Callable[..., tuple[Notice, ...]]]]:
        from pipeline import media

        assert self._info is not None, "open comes first"
        works: list[tuple[str, Callable[..., tuple[Notice, ...]]]] = []
        if (burned := self.outputs.burned) is not None and burned in wanted:
            look = self.look
            burn = partial(media.burn, style=look.style, layout=look.layout, encoding=look.encoding(burned), fonts=look.fonts)
            works.append(("burn", partial(burn, self._info.path, track, burned)))
        if (muxed := self.outputs.muxed) is not None and muxed in wanted:
            works.append(("mux", partial(media.mux, self._info.path, [track], muxed)))
        return works

    async def _with_progress(self, what: str, work: Callable[..., tuple[Notice, ...]]) -> tuple[Notice, ...]:
        """Run a long writing step on a thread; its progress comes back to the event loop, cancelling it ends its ffmpeg."""
        loop, cancel = asyncio.get_running_loop(), threading.Event()
        length = self._info.duration if self._info is not None else 0.0

        def tell(seconds: float) -> None:
            loop.call_soon_threadsafe(self._on_step, what, min(seconds / length, 1.0) if length > 0 else 0.0)

        self._on_step(what, 0.0)
        task = asyncio.create_task(asyncio.to_thread(work, on_progress=tell, cancel=cancel))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            cancel.set()
            await asyncio.gather(task, return_exceptions=True)
            raise
