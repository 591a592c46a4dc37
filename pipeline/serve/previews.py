"""Copies that browsers play, of films that they can't: made when somebody asks, kept while there is room, those played last."""

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.media.preview import preview
from pipeline.serve.uploads import check_room

if TYPE_CHECKING:
    from pipeline.serve.films import KnownFilm
    from pipeline.serve.service import Service

KEPT = 20_000_000_000
"""bytes of all copies together; past them the one goes that was not played for longest"""
NAME = "preview.mp4"


class Previews:
    """``films/ID/preview.mp4`` below the state folder."""

    def __init__(self, service: "Service") -> None:
        self._service = service

    def path(self, film: str) -> Path:
        return self._service.library.folder / film / NAME

    def there(self, film: str) -> bool:
        return self.path(film).is_file()

    def played(self, film: str) -> None:
        """It was asked for just now."""
        with suppress(OSError):
            os.utime(self.path(film))

    async def make(self, film: "KnownFilm", on_step: Callable[[str, float], None]) -> None:
        """Make the copy, where it is not there. Cancelling it ends ffmpeg.

        Raises what ``media.preview.preview`` raises, HttpError 507 ``no_space``.
        """
        out = self.path(film.id)
        if out.is_file():
            return
        check_room(self._service.folder)
        cancel, loop = threading.Event(), asyncio.get_running_loop()
        length = max(0.1, float(film.facts["duration"]))

        def tell(seconds: float) -> None:
            loop.call_soon_threadsafe(on_step, "preview", min(1.0, seconds / length))

        def work() -> None:
            out.parent.mkdir(parents=True, exist_ok=True)
            with self._service.opened(film) as path:
                preview(path, out, on_progress=tell, cancel=cancel)
            self._make_room(out)

        async with self._service.studio.host.encoders:
            task = asyncio.create_task(asyncio.to_thread(work))
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError:
                cancel.set()
                await asyncio.gather(task, return_exceptions=True)
                raise

    def _make_room(self, newest: Path) -> None:
        found = []
        folder = self._service.library.folder
        for path in (folder / film / NAME for film in os.listdir(folder)):
            with suppress(OSError):
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total > KEPT and path != newest:
                path.unlink(missing_ok=True)
                total -= size
