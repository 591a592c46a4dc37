"""Films of a data set: a row a window, with its times. One that lies elsewhere is copied here first, and removed again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from pipeline.caption_stream import LocalStream, Told
from pipeline.captioning.recipe import Recipe
from pipeline.captioning.tally import Tally
from pipeline.datasets.items import Item, Row
from pipeline.datasets.ledger import Ledger
from pipeline.errors import InputError
from pipeline.files import temporary_folder
from pipeline.host import Host
from pipeline.imagesources.base import Wishes
from pipeline.sources.film import FilmSource
from pipeline.storage import Storage, open_storage

PIECE = 32 << 20
"""bytes that are fetched at once of a film that lies elsewhere"""


def has_films(ledger: Ledger) -> bool:
    """Whether there are films in the plan: then the engine has to take their windows too."""
    return any(unit.weight > unit.items for unit in ledger.frozen.units.values())


class Films:
    """Describes films with a host's engine and decoders; one at a time is read."""

    def __init__(self, host: Host, recipe: Recipe, wishes: Wishes, model: str) -> None:
        self._host, self._recipe, self._wishes, self._model = host, recipe, wishes, model

    async def rows(self, item: Item, read: Callable[[], None]) -> list[Row]:
        """The rows of a film, one that says why where it has none; ``read`` is called when it is read to its end.

        Raises EnvironmentFault and UsageError where the engine can't go on.
        """
        try:
            async with self._here(item) as path:
                return await self._described(item, path, read)
        except InputError as error:
            return [Row.failed(item, error.code, model=self._model)]
        finally:
            read()

    async def _described(self, item: Item, path: Path, read: Callable[[], None]) -> list[Row]:
        source = FilmSource(path, self._host.pool, workers=self._host.decode_workers)
        info = await asyncio.to_thread(source.probe)
        told = Told(
            caption=lambda caption, position: None,
            notice=lambda notice: None,
            read=read,
            window=lambda window: None,
            pictures=False,
        )
        rows = []
        async with LocalStream(self._host.engine, source, self._recipe, known={}, on=told, tally=Tally()) as stream:
            async for one in stream:
                row = Row(
                    key=item.key, source=item.source, content=None, width=info.width, height=info.height, caption=one.text,
                    outcome=one.outcome, reason="request_refused" if one.outcome == "failed" else "", prompt_tokens=one.prompt_tokens,
                    completion_tokens=one.completion_tokens, model=self._model, kept=item.kept, start=one.start, end=one.end,
                    frames=one.frames,
                )  # fmt: skip
                rows.append(row)
        if not rows:
            raise InputError("no_decodable_frames", "the film has no window that can be described")
        return rows

    @contextlib.asynccontextmanager
    async def _here(self, item: Item) -> AsyncIterator[Path]:
        """The film as a file of this machine. Raises InputError."""
        name = str(item.locator["film"])
        storage = open_storage(item.source, self._wishes.storage)
        if storage.folder is not None:
            yield storage.folder / name
            return
        with temporary_folder() as folder:
            path = folder / f"film{Path(name).suffix}"
            await asyncio.to_thread(_fetch, storage, name, path)
            yield path


def _fetch(storage: Storage, name: str, path: Path) -> None:
    size, at = storage.head(name).size, 0
    with path.open("wb") as file:
        while at < size:
            piece = storage.get_range(name, at, min(PIECE, size - at))
            if not piece:
                raise InputError("storage_failed", f"{storage}/{name} became shorter while it was read")
            file.write(piece)
            at += len(piece)
