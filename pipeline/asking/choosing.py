"""Which way a question is answered, and what the model is shown for it.

all of it, where it is short       a part of it (--at)       the passages that its captions lead to, where it is long
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pipeline.asking import finding, looking, wording
from pipeline.asking.inputs import Opened, take_captions
from pipeline.asking.types import Passage, Shown
from pipeline.captioning.recipe import Recipe
from pipeline.engine.engine import GIB
from pipeline.errors import InputError, UsageError
from pipeline.host import Host
from pipeline.inputs import Film
from pipeline.options.ask import AskSettings
from pipeline.types import Notice

READ = 96
"""captions that are read at once, at most"""
CANDIDATES = 32
"""passages that are asked whether they are the one, where captions lead to them"""
ALL = 240
"""and where they lead to none: over all of the film"""
NAMED = 5
"""films that a warning names"""
Leave = Callable[[Sequence[Opened]], Awaitable[bool]]
"""asked before long films without captions are described"""


@dataclass(frozen=True, slots=True)
class Choice:
    """``when``: each passage is asked; ``look``: at ``shown``; ``read``: ``captions`` alone."""

    mode: Literal["look", "read", "when"]
    shown: Shown | None
    captions: list[Passage] = field(default_factory=list)


class Chooser:
    """One conversation's; what was looked at whole is kept for its next question."""

    def __init__(self, host: Host, films: Sequence[Opened], recipe: Recipe, settings: AskSettings, leave: Leave | None) -> None:
        self.host, self.films, self.recipe, self.settings = host, tuple(films), recipe, settings
        self.preset, self.bare = host.preset, host.preset.ask.bare
        self.frames = settings.frames or host.preset.ask.frames
        self._refuse_too_many()
        self._leave = leave
        self.shown_whole: Shown | None = None
        """all that is asked about, where it was short enough to be looked at"""
        self._too_long = False
        self._asked_again: set[Path] = set()
        """films of which windows that were refused before were asked once more"""
        self._looking = asyncio.Lock()

    @property
    def nbytes(self) -> int:
        """Of the frames that are kept."""
        return self.shown_whole.data.nbytes if self.shown_whole is not None else 0

    async def choose(self, question: str, *, times: bool = True) -> Choice:
        """How it is answered, the frames, and the captions that are read; without ``times`` never by the passages that say yes."""
        mode, when = self.settings.mode, times and wording.asks_when(question)
        if mode != "read" and (whole := await self.look_at_all()) is not None:
            several = sum(not passage.still for passage in whole.passages) > 1
            return Choice("when" if when and several and self._asks_each(question) else "look", whole)
        await self._have_captions()
        everything = self._passages()
        if when and mode != "read":
            if not self._asks_each(question):
                return Choice("when", None, everything)
            hits = await self._hits(question, CANDIDATES)
            return Choice("when", None, finding.in_order(hits or finding.spread(everything, ALL), self.films))
        if mode == "read":
            hits = await self._hits(question, READ) if len(everything) > READ or self.bare else []
            chosen = hits or finding.spread(everything, READ)
            return Choice("read", None, chosen if self.bare else finding.in_order(chosen, self.films))
        most = max(1, self.frames // self.preset.frame_count)
        chosen = await self._hits(question, most) or finding.spread(everything, most)
        return Choice("look", await self.look_at(finding.in_order(chosen, self.films), self.frames))

    async def look_at_all(self) -> Shown | None:
        """Frames of all that is asked about; None where it is too long for that."""
        async with self._looking:  # of two questions at once, one looks
            await self._look_at_all()
        return self.shown_whole

    async def _look_at_all(self) -> None:
        if self.shown_whole is None and not self._too_long:
            force = self.settings.mode == "look" or self.settings.at is not None
            each = self.preset.frame_count if self.bare else 2
            try:
                self.shown_whole = await looking.whole(
                    self.films, self.recipe, frames=self.frames, each=each, at=self.settings.span, force=force, size=self._size(),
                    exact=self.settings.frames is not None,
                )  # fmt: skip
            except looking.TooLong:
                if len(self.films) > self.frames and not any(film.source for film in self.films):
                    count = f"{len(self.films)} pictures are more than the {self.frames} that a question is shown"
                    raise UsageError("too_many_pictures", f"{count}; --frames raises that") from None
                self._too_long = True

    def _refuse_too_many(self) -> None:
        """Raise UsageError ``too_many_frames`` where they take more memory than pictures may; what a model takes is far less."""
        wide, high = self._size()
        held, each = int(self.host.settings.memory_gb * GIB), 3 * wide * high
        if self.settings.frames and self.frames * each > held:
            raise UsageError(
                "too_many_frames",
                f"--frames {self.frames}: pictures of {wide}x{high} are held in {held / GIB:g} GiB of memory, which is room for"
                f" {held // each:,}; most models take a few hundred",
            )

    def told_fewer(self, shown: Shown) -> tuple[Notice, ...]:
        """Where a film has fewer frames than were asked for: that it was shown by those."""
        wanted = self.settings.frames or 0
        if len(shown.times) >= wanted or all(passage.still for passage in shown.passages):
            return ()
        message = f"{len(shown.times)} frames were looked at, not {wanted}: what was looked at has no more"
        return (Notice(code="fewer_frames", message=message),)

    def told_missing(self) -> tuple[Notice, ...]:
        """Of films whose captions have holes or that have none, where captions lead to the answer."""
        if self.shown_whole is not None:
            return ()
        several = len(self.films) > 1
        return self._left_out() + tuple(
            replace(notice, message=f"{film.path.name}: {notice.message}") if several else notice
            for film in self.films
            if film.document is not None
            for notice in film.document.unanswered
        )

    async def look_at(self, passages: Sequence[Passage], frames: int) -> Shown:
        return await looking.passages(self.films, passages, self.recipe, frames=frames, size=self._size())

    async def _have_captions(self) -> None:
        """Captions of every film, made now where there are none and that is allowed. Where they are not, the question is answered by
        those that have some, and the answer says which were left out; raises InputError ``no_captions`` where none has.

        With ``--caption`` windows that the model refused are asked again too, once a conversation. Captions that are damaged are not
        replaced without a word.
        """
        if self.settings.caption:
            holes = [film for film in self.films if film.document is not None and film.document.unanswered]
            await self._caption([film for film in holes if film.path not in self._asked_again])
        without = self._without()
        if bare := [film for film in without if film.damaged is None]:
            allowed = self.settings.caption
            if allowed is None:
                allowed = self._leave is not None and await self._leave(bare)
            if allowed:
                await self._caption(bare)
        if without and not any(film.passages for film in self.films):
            raise _untold(without[0])

    def _without(self) -> list[Opened]:
        return [film for film in self.films if film.source is not None and film.document is None]

    def _left_out(self) -> tuple[Notice, ...]:
        without = self._without()
        told = [Notice(code=film.damaged.code, message=_untold(film).message) for film in without if film.damaged is not None]
        if bare := [film.path.name for film in without if film.damaged is None]:
            names = ", ".join(bare[:NAMED]) + (f" and {len(bare) - NAMED} more" if len(bare) > NAMED else "")
            message = f"left out, for want of captions: {names}; --caption makes them first"
            told.append(Notice(code="no_captions", message=message))
        return tuple(told)

    async def _caption(self, films: Sequence[Opened]) -> None:
        """Describe films into the files beside them; what is described already is kept. Raises as ``Studio.describe``."""
        if not films:
            return
        from pipeline.run import plan_outputs
        from pipeline.store.lookup import WhatIsThere
        from pipeline.studio import Studio

        studio = Studio(self.settings.describing(), host=self.host)
        outputs = plan_outputs([Film(film.path, Path(film.path.name)) for film in films], studio)
        for film in films:
            self._asked_again.add(film.path)
            if film.json is not None and film.json.absolute() != outputs[film.path].json.absolute():
                continue  # they were written under another name, by hand: they stay as they are
            await studio.describe(film.path, outputs[film.path], lookup=WhatIsThere(outputs[film.path]))
            take_captions(film)
            if film.document is None:
                raise InputError("no_captions", "its captions were made, and can't be found again", path=str(film.path))

    def _passages(self) -> list[Passage]:
        span = self.settings.span
        return [
            passage
            for film in self.films
            for passage in (film.passages if film.source is not None else (Passage(film=film.path, start=0.0, end=0.0),))
            if span is None or passage.still or (passage.start < span[1] and passage.end > span[0])
        ]

    async def _hits(self, question: str, most: int) -> list[Passage]:
        allowed = {(passage.film, passage.start) for passage in self._passages()}
        wanted = most if self.settings.span is None else READ * 10
        hits = await finding.found(question, self.films, self.settings.state_folder, most=wanted)
        return [hit for hit in hits if (hit.film, hit.start) in allowed][:most]

    def _asks_each(self, question: str) -> bool:
        return wording.yes_or_no(question, bare=self.bare) is not None

    def _size(self) -> tuple[int, int]:
        info = next((film.info for film in self.films if film.info is not None), None)
        if info is not None:
            return self.recipe.frame_size(info)
        picture = self.films[0].picture
        assert picture is not None
        return self.recipe.size.of(picture.shape[1], picture.shape[0])


def _untold(film: Opened) -> InputError:
    """Why captions can't lead to what is seen in a film that has none, and what to do."""
    if (damaged := film.damaged) is not None:
        sentence = f"its captions are damaged: {damaged.message}; scenescribe caption --overwrite makes them anew"
        return InputError(damaged.code, sentence, path=str(film.path))
    return InputError(
        "no_captions",
        "it is too long to be looked at whole and has no captions: --caption makes them first, --at 1:20-1:40 asks about a"
        " part, --mode look shows a few frames of all of it",
        path=str(film.path),
    )
