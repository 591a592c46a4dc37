"""What lives as long as the service: state folder, engine, films, jobs, and the helpers beside them."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pipeline import heap
from pipeline import log as logs
from pipeline.errors import InputError, UsageError
from pipeline.file_version import FileVersion
from pipeline.fleet.opening import open_host
from pipeline.options.serve import ServeSettings
from pipeline.serve.asks import Asks
from pipeline.serve.bell import Bell
from pipeline.serve.captions import Library
from pipeline.serve.deliveries import Deliveries
from pipeline.serve.events import Events
from pipeline.serve.faults import HttpError
from pipeline.serve.fetching import Fetching
from pipeline.serve.films import Films, KnownFilm, id_of_content, id_of_place
from pipeline.serve.heartbeat import Heartbeat
from pipeline.serve.jobs import Jobs
from pipeline.serve.key import FILE, load_key
from pipeline.serve.metrics import Counters
from pipeline.serve.open_films import OpenFilms
from pipeline.serve.previews import Previews
from pipeline.serve.roots import Roots, held
from pipeline.serve.schema import DATABASE, MIGRATIONS
from pipeline.serve.streams import Streams
from pipeline.serve.uploads import Received
from pipeline.serve.worker import Worker
from pipeline.store.database import Database
from pipeline.store.outbox import Outbox
from pipeline.studio import Studio
from pipeline.watch.lock import StateLock
from pipeline.watch.timings import Timings

if TYPE_CHECKING:
    from models.base import Captioner

log = logs.get(__name__)


class Service:
    """An asynchronous context manager around all that is served.

    Raises UsageError (an option that can't be) and EnvironmentFault (another service has the state folder, no engine) when it is
    made or entered.
    """

    def __init__(
        self,
        settings: ServeSettings,
        *,
        captioner: "Captioner | None" = None,
        timings: Timings | None = None,
        verbose: bool = False,
    ) -> None:
        heap.hold_what_is_used()
        self.settings, self.timings = settings, timings or Timings()
        self.folder = settings.state_folder.absolute()
        self.roots = Roots(settings.root)
        try:
            job = settings.for_job()
        except ValueError as error:
            raise UsageError("bad_value", str(error)) from None
        host = open_host(job, captioner=captioner, verbose=verbose, profile="questions")
        self.studio = Studio(job, host=host)
        self.key = load_key(settings.key_file or self.folder / FILE)
        self.streams = Streams(settings.cameras, self.studio)
        self.bell, self.asks, self.counters = Bell(), Asks(settings.max_asks), Counters()
        self.library = Library(self.folder / "films")
        self.looks, self.pictures = asyncio.Semaphore(4), asyncio.Semaphore(2)
        """pictures cut out of films at once, and questions whose pictures are decoded"""
        self.fetching = Fetching(settings.allow_url, most=settings.most_upload)
        self.open_films, self.previews = OpenFilms(self), Previews(self)
        self.began = time.time()
        self._leaving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            lock = stack.enter_context(StateLock(self.folder))
            shutil.rmtree(self.incoming, ignore_errors=True)
            shutil.rmtree(self.folder / "held", ignore_errors=True)
            database = Database(self.folder, file=DATABASE, migrations=MIGRATIONS)
            stack.callback(database.close)
            self.films, self.events = Films(database), Events(database)
            self.jobs = Jobs(database, most=self.settings.max_jobs)
            self.outbox = Outbox(database)
            await stack.enter_async_context(self.studio.host)
            if died := self.jobs.recover():
                log.info("taken back", jobs=died)
            stack.push_async_callback(self.open_films.close)
            self._loop = asyncio.get_running_loop()
            self.worker = Worker(self)
            self.deliveries = Deliveries(self)
            self._helpers = [
                asyncio.create_task(helper, name=name)
                for name, helper in (
                    ("jobs", self.worker.run()), ("deliveries", self.deliveries.run()), ("heartbeat", Heartbeat(self, lock).run()),
                    ("streams", self.streams.run()),
                )
            ]  # fmt: skip
            stack.push_async_callback(self._put_away, self._helpers)
            self.studio.engine.warm()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def leave(self) -> None:
        """Begin to give jobs back, beside the answers that still go out: ten seconds are there for both."""
        if self._leaving is None:
            self._leaving = asyncio.create_task(self.worker.stop(), name="leave")

    async def _put_away(self, helpers: "list[asyncio.Task[None]]") -> None:
        self.leave()
        assert self._leaving is not None
        await self._leaving
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)

    def wake(self) -> None:
        """A job was queued: tell the worker, from whatever thread."""
        self._loop.call_soon_threadsafe(self.worker.wake)

    @property
    def trouble(self) -> BaseException | None:
        """Why a helper died, which ends the service; None while all live."""
        for helper in self._helpers:
            if helper.done() and not helper.cancelled():
                return helper.exception()
        return None

    @property
    def incoming(self) -> Path:
        """Where uploads are until they are whole."""
        return self.folder / "incoming"

    def upload_path(self, film: KnownFilm) -> Path:
        return self.folder / "uploads" / film.id / film.name

    async def take(self, received: Received, purpose: str) -> tuple[KnownFilm, bool]:
        """Keep an upload, where it is a film; whether its bytes were not there before.

        Raises InputError as the gate does: what is no film is thrown away.
        """
        id = id_of_content(received.digest)
        try:
            if self._is_here(id):
                self.films.touch(id)
                received.discard()
                return self.films.get(id), False
            info = await asyncio.to_thread(self.studio.host.source(received.path).probe)
            if self._is_here(id):  # the same bytes came twice at once: those that were first stay, under their name
                received.discard()
                return self.films.get(id), False
            version = FileVersion.at(received.path)
            assert version is not None
            film = KnownFilm.seen(id, None, Path(received.name), version, info, purpose)
            place = self.folder / "uploads" / id
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(place, ignore_errors=True)
            os.rename(received.folder, place)
        except BaseException:
            received.discard()
            raise
        new = self.films.add(film)
        return film, new

    def _is_here(self, upload: str) -> bool:
        return self.films.known(upload) and self.upload_path(self.films.get(upload)).is_file()

    async def add_place(self, root: Path, relative: Path) -> tuple[KnownFilm, bool]:
        """Know a film below a root. Raises HttpError and InputError."""

        def look() -> KnownFilm:
            with held(root, relative, self.folder / "held") as open_film:
                id = id_of_place(root, relative, open_film.version)
                if self.films.known(id):
                    self.films.touch(id)
                    return self.films.get(id)
                info = self.studio.host.source(open_film.path).probe()
                return KnownFilm.seen(id, root, relative, open_film.version, info)

        film = await asyncio.to_thread(look)
        return film, self.films.add(film)

    @contextmanager
    def opened(self, film: KnownFilm) -> Iterator[Path]:
        """A path to the film that can't become another file's. Raises HttpError, InputError ``source_changed``, ``not_found``."""
        if film.root is None:
            path = self.upload_path(film)
            if not path.is_file():
                raise InputError("not_found", "the uploaded file is gone; send it again")
            yield path
            return
        with held(film.root, film.relative, self.folder / "held") as open_film:
            if open_film.version != film.version:
                raise InputError("source_changed", "the file was written to since; add it again by its path")
            yield open_film.path

    def forget(self, id: str) -> None:
        """A film, its captions and, where it was uploaded, its file. Raises HttpError 404, 409."""
        film = self.films.get(id)
        self.films.remove(id)
        self.library.forget(id)
        asyncio.run_coroutine_threadsafe(self.open_films.forget(id), self._loop)
        if film.root is None:
            shutil.rmtree(self.folder / "uploads" / id, ignore_errors=True)

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """Around a question to the engine. Raises HttpError 429 ``too_many_asks``, 503 where the engine is in trouble."""
        if (fault := self.worker.breaker.fault) is not None and not self.studio.engine.ready:
            raise HttpError(503, fault.code, fault.message, retry_after=10)
        with self.asks.place():
            yield
