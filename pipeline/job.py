"""One film, from file to outputs.

probe -> finished already? -> journal -> windows -> captions -> JSON -> sidecars -> burned and muxed video
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from models.nvtx import marked
from pipeline import finished
from pipeline.captioning.captioning import captions, span_of
from pipeline.captioning.tally import Tally
from pipeline.errors import InputError
from pipeline.files import explained, write_whole
from pipeline.finished import Shelf
from pipeline.inputs import Film
from pipeline.outputs import Outputs
from pipeline.passes.refine import refine
from pipeline.stats import film_stats
from pipeline.store.journal import Journal
from pipeline.types import Caption, Document, Notice, Outcome, Source, Track, VideoInfo, Window

if TYPE_CHECKING:
    from pipeline.studio import Studio


class Observer:
    """Told what happens to one film; the defaults do nothing. Called on the event loop, quickly."""

    def opened(self, info: VideoInfo) -> None:
        """The film is a film."""

    def read(self, window: Window) -> None:
        """One more window is read and on its way to the engine; its pictures are let go when it is answered.

        The one method that is called on another thread: the film's own.
        """

    def captioned(self, caption: Caption, position: float) -> None:
        """One more caption is there; ``position`` is how many seconds of the film are decoded."""

    def step(self, what: str, done: float = 0.0) -> None:
        """Something after the captions is under way (``burn``, ``mux``), ``done`` of it from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How it ended for one film; a failure is an exception instead."""

    state: Literal["done", "skipped"]
    info: VideoInfo
    document: Document
    outputs: tuple[Path, ...]
    notices: tuple[Notice, ...]
    """all that ``--strict`` counts: the document's warnings, those of the cues and of the written files"""
    described: bool = True
    """whether the film was read and the model asked, rather than files made from captions that were there"""
    write_seconds: float = 0.0
    """what the JSON, the sidecars and the videos took to write; the journal before them is in the document's stats"""


async def describe(
    film: Film,
    outputs: Outputs,
    studio: "Studio",
    observer: Observer | None = None,
    shelf: Shelf | None = None,
    *,
    on_read: Callable[[], None] = lambda: None,
) -> Result:
    """Describe one film and write its outputs; what ``shelf`` knows already is not asked again.

    ``on_read`` is called when nothing more is read of the film: the next one may be.

    Raises InputError, OutputError, EnvironmentFault. What was captioned until then is kept in the journal.
    """
    observer, shelf = observer or Observer(), shelf or Shelf(overwrite=studio.settings.overwrite)
    info = await asyncio.to_thread(studio.probe, film.path)
    observer.opened(info)
    earlier = await shelf.find(outputs, studio.recipe.key(info), info)
    if earlier is None:
        document = await shelf.keep(await _caption(info, outputs, studio, observer, on_read))
    else:
        document = earlier.document
    wanted = [path for path in outputs.all if earlier is None or not earlier.current or not path.exists()]
    notices, seconds = await _write(document, outputs, wanted, info, studio, observer)
    return Result(
        state="done" if wanted else "skipped",
        info=info,
        document=document,
        outputs=outputs.all,
        notices=(*outputs.notices, *document.warnings, *notices),
        described=earlier is None,
        write_seconds=seconds,
    )


async def _caption(
    info: VideoInfo, outputs: Outputs, studio: "Studio", observer: Observer, on_read: Callable[[], None]
) -> Document:
    """The film's document; asked again from the start where the file changed while it was read."""
    document, change = await _caption_once(info, outputs, studio, observer, on_read)
    if change == "changed":
        info = await asyncio.to_thread(studio.probe, info.path)
        document, change = await _caption_once(info, outputs, studio, observer, on_read)
        if change == "changed":
            raise InputError("source_changed", "the file changed while it was read, twice; describe it when it is complete")
    if change == "vanished":
        gone = Notice(
            code="source_vanished", message="the file was removed while it was read; it was finished from the open file"
        )
        return replace(document, warnings=(*document.warnings, gone))
    return document


async def _caption_once(
    info: VideoInfo, outputs: Outputs, studio: "Studio", observer: Observer, on_read: Callable[[], None]
) -> tuple[Document, Literal["same", "changed", "vanished"]]:
    """All captions of a film, and whether the file stayed what it was."""
    started, resume = time.monotonic(), studio.settings.resume and not studio.settings.overwrite
    stamp, tally, notices = finished.stamp(info.path), Tally(), list[Notice]()
    key = {"file": [info.size, stamp], **studio.recipe.key(info)}
    opened = time.monotonic()
    with await asyncio.to_thread(Journal, outputs.journal, key, resume=resume) as journal:
        writing = time.monotonic() - opened
        # a window that was refused is asked again: the journal does not say why it was
        kept = [caption for caption in journal.captions if caption.outcome is not Outcome.FAILED]
        known = {span_of(caption.start, caption.end): caption for caption in kept}
        studio.engine.warm()
        with ExitStack() as held:
            reading = held.enter_context(await asyncio.to_thread(studio.open, info, known=frozenset(known)))

            def seen(window: Window) -> Window:
                observer.read(window)
                return window

            def keep(caption: Caption) -> None:
                nonlocal writing
                began = time.monotonic()
                journal.add(caption)
                writing += time.monotonic() - began
                observer.captioned(caption, reading.position)

            def let_go() -> None:
                held.close()  # the film's files and memory, before all answers are there
                on_read()

            async with (
                studio.engine.gauges.over() as gauges,
                aclosing(
                    captions(
                        map(seen, reading), studio.recipe, studio.engine, known=known, on_caption=keep, on_notice=notices.append,
                        on_read=let_go, tally=tally,
                    )
                ) as flow,
            ):  # fmt: skip
                described = tuple([caption async for caption in flow])
        if studio.recipe.refine:
            described, more = await refine(described, studio.recipe, studio.engine)
            notices += more
    if not described:
        raise InputError("no_decodable_frames", "no picture could be decoded from this film")
    document = Document(
        source=Source(
            name=os.fsencode(info.path.name).decode("utf-8", "replace"), size=info.size, duration=info.duration, fps=info.fps,
            width=info.width, height=info.height, start=info.start, codec=info.codec, reader=info.reader,
        ),
        model=studio.model,
        settings=studio.recipe.key(info),
        captions=described,
        shots=reading.shots,
        language=studio.settings.language,
        warnings=tuple(dict.fromkeys((*journal.notices, *info.notices, *reading.notices, *sorted(notices, key=lambda notice: notice.start or 0.0)))),
        stats=film_stats(
            tally,
            info,
            wall=time.monotonic() - started,
            engine_start=studio.engine.starting_seconds(started, time.monotonic()),
            decode=reading.decode_seconds,
            write=writing,
            resumed=len(known),
            held_back_by=studio.engine.clock.held_back_by,
            engine_peaks=gauges,
        ),
    )  # fmt: skip
    return document, finished.compare(info.path, info.size, stamp)


async def _write(
    document: Document, outputs: Outputs, wanted: Collection[Path], info: VideoInfo, studio: "Studio", observer: Observer
) -> tuple[tuple[Notice, ...], float]:
    """The JSON, then the sidecars and videos among ``wanted``, from the document alone; and the seconds that it took."""
    from pipeline import media

    began = time.monotonic()
    track, about_cues = await asyncio.to_thread(_write_texts, document, outputs, wanted, studio)
    seconds = time.monotonic() - began
    notices = list(about_cues) if wanted else []
    works = []
    if (burned := outputs.burned) is not None and burned in wanted:
        look = studio.look
        burn = partial(media.burn, style=look.style, layout=look.layout, encoding=look.encoding(burned), fonts=look.fonts)
        works.append(("burn", partial(burn, info.path, track, burned)))
    if (muxed := outputs.muxed) is not None and muxed in wanted:
        works.append(("mux", partial(media.mux, info.path, [track], muxed)))
    for what, work in works:
        async with studio.writing:  # waiting for its turn is no writing
            began = time.monotonic()
            notices += await _with_progress(what, info, observer, work)
            seconds += time.monotonic() - began
    return tuple(notices), seconds


def _write_texts(
    document: Document, outputs: Outputs, wanted: Collection[Path], studio: "Studio"
) -> tuple[Track, tuple[Notice, ...]]:
    """The JSON first: with it on the disk the journal may go, and all else can be made again. Blocks: each file is synced."""
    from pipeline import formats
    from pipeline.formats import json

    with marked("write"):
        if outputs.json in wanted:
            try:
                outputs.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise explained(outputs.folder, error) from error
            write_whole(outputs.json, json.to_text(document).encode())
        outputs.journal.unlink(missing_ok=True)
        track, notices = studio.make_track(document)
        for name in outputs.formats:
            if outputs.sidecar(name) in wanted:
                write_whole(outputs.sidecar(name), formats.write(name, track).encode())
        return track, notices


async def _with_progress(
    what: str, info: VideoInfo, observer: Observer, work: Callable[..., tuple[Notice, ...]]
) -> tuple[Notice, ...]:
    """Run a long writing step on a thread; its progress comes back to the event loop, cancelling it ends its ffmpeg."""
    loop, cancel = asyncio.get_running_loop(), threading.Event()

    def tell(seconds: float) -> None:
        loop.call_soon_threadsafe(observer.step, what, min(seconds / info.duration, 1.0) if info.duration > 0 else 0.0)

    observer.step(what)
    task = asyncio.create_task(asyncio.to_thread(work, on_progress=tell, cancel=cancel))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        cancel.set()
        await asyncio.gather(task, return_exceptions=True)
        raise
