"""Films of a data set: a row a window, with its times.

fetch  a b c . .       those that lie elsewhere, ahead of their turn, as many as the spool has room for
read     a a b c       one after the other
ask      a a a b b     its file is removed when its last window is answered
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

from models.temporary import temporary_folder
from pipeline.caption_stream import LocalStream, Told
from pipeline.captioning.recipe import Recipe
from pipeline.captioning.tally import Tally
from pipeline.datasets.items import Item, Row
from pipeline.datasets.ledger import Ledger
from pipeline.errors import InputError
from pipeline.host import Host
from pipeline.imagesources.base import Wishes
from pipeline.media.film_feed import while_read
from pipeline.sources.film import FilmSource
from pipeline.storage import open_storage
from pipeline.storage.spool import Remote, Spool
from pipeline.stretch import Arriving
from pipeline.types import Notice, Outcome

MOST_TOLD = 3
"""things that went wrong in a film, in a sentence about it"""


def has_films(ledger: Ledger) -> bool:
    """Whether there are films in the plan: then the engine has to take their windows too."""
    return ledger.films


class Films:
    """Describes films with a host's engine and decoders; one at a time is read. Of one event loop."""

    def __init__(self, host: Host, recipe: Recipe, wishes: Wishes, model: str, *, most: int) -> None:
        """``most``: bytes of films of storages that lie here at once."""
        self._host, self._recipe, self._wishes, self._model = host, recipe, wishes, model
        self._spool = Spool(most)
        self._reading = asyncio.Lock()

    async def rows(self, item: Item, here: Callable[[], None], read: Callable[[], None]) -> tuple[list[Row], str]:
        """The rows of a film, and a sentence about what went wrong: of each stretch that is lost there is a row with the reason ``partial``;
        where it has no window, one row gives the reason. ``here`` is called when its file is here, ``read`` when it is read to its end;
        each once at least.

        Raises EnvironmentFault and UsageError where the engine can't go on.
        """
        try:
            async with self._here(item) as (path, arriving):
                here()
                await self._reading.acquire()
                mine = True

                def over() -> None:
                    nonlocal mine
                    if mine:
                        mine = False
                        self._reading.release()
                    read()

                try:
                    return await self._described(item, path, arriving, over)
                finally:
                    over()
        except InputError as error:
            return [Row.failed(item, error.code, model=self._model)], error.message
        finally:
            here()
            read()

    async def _described(
        self, item: Item, path: Path, arriving: Arriving | None, read: Callable[[], None]
    ) -> tuple[list[Row], str]:
        source = FilmSource(path, self._host.pool, workers=self._host.decode_workers, arriving=arriving)
        info = await asyncio.to_thread(source.probe)
        refused = list[Notice]()
        told = Told(
            caption=lambda caption, position: None,
            notice=refused.append,
            read=read,
            window=lambda window: None,
            pictures=False,
        )
        rows = []
        async with LocalStream(self._host.engine, source, self._recipe, known={}, on=told, tally=Tally()) as stream:
            async for one in stream:
                told_why = (notice.code for notice in refused if notice.start == one.start)
                reason = next(told_why, "request_refused") if one.outcome is Outcome.FAILED else ""
                row = Row(
                    key=item.key, source=item.source, content=None, width=info.width, height=info.height, caption=one.text,
                    outcome=one.outcome, reason=reason, prompt_tokens=one.prompt_tokens,
                    completion_tokens=one.completion_tokens, model=self._model, kept=item.kept, start=one.start, end=one.end,
                    frames=one.frames,
                )  # fmt: skip
                rows.append(row)
            lost = [one for one in stream.notices if one.code == "partial"]
        if not rows:
            raise InputError("no_decodable_frames", "the film has no window that can be described")
        rows += [replace(Row.failed(item, one.code, model=self._model), start=one.start, end=one.end) for one in lost]
        sentences = dict.fromkeys(one.message for one in (*refused, *lost))
        return rows, "; ".join(list(sentences)[:MOST_TOLD])

    @contextlib.asynccontextmanager
    async def _here(self, item: Item) -> AsyncIterator[tuple[Path, Arriving | None]]:
        """The film as a file of this machine, one that comes while it is read where it is too large. Raises InputError."""
        name = str(item.locator["film"])
        storage = open_storage(item.source, self._wishes.storage)
        if storage.folder is not None:
            yield storage.folder / name, None
            return
        with temporary_folder() as folder:
            path = folder / f"film{Path(name).suffix}"
            entry = await asyncio.to_thread(storage.head, name)
            remote, large = Remote(storage=storage, entry=entry), while_read(self._host.pool)
            async with self._spool.here(remote, path, large=large) as arriving:
                yield path, arriving
