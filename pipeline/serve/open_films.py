"""Films that are asked about: each stays open with the frames that it was shown by, so that its next question finds them, and their
place in the engine's KV cache."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pipeline.asking.choosing import Chooser
from pipeline.asking.inputs import Opened
from pipeline.asking.requests import Requests
from pipeline.asking.talk import Talk
from pipeline.asking.warmth import Warmth
from pipeline.captioning.recipe import Recipe
from pipeline.entering import entered
from pipeline.errors import InputError, ScenescribeError
from pipeline.file_version import FileVersion
from pipeline.options.ask import AskSettings
from pipeline.options.caption import Asking
from pipeline.serve.faults import HttpError

if TYPE_CHECKING:
    from pipeline.serve.captions import Described
    from pipeline.serve.films import KnownFilm
    from pipeline.serve.questions import AboutFilm
    from pipeline.serve.service import Service

KEPT = 512 * 1024 * 1024
"""bytes of frames that are kept, of films that were asked about last; one in use is never dropped"""
MOST = 32
"""films open at once that nobody is asking about just now"""
LEFT_AFTER = 600.0
"""seconds after its last question that a film is closed"""


@dataclass(slots=True, eq=False)
class OpenFilm:
    """One film under one way of looking at it."""

    held: ExitStack
    chooser: Chooser
    warmth: Warmth
    users: int = 0
    used: float = field(default_factory=time.monotonic)


class OpenFilms:
    """All methods belong to one event loop."""

    def __init__(self, service: "Service") -> None:
        self._service = service
        self._open: OrderedDict[tuple[Any, ...], OpenFilm] = OrderedDict()
        self._opening: dict[tuple[Any, ...], asyncio.Task[OpenFilm]] = {}

    @asynccontextmanager
    async def talk(self, asked: "AboutFilm", owner: Any) -> AsyncIterator[Talk]:
        """A talk that knows what was said, on a film that is open. Raises InputError, HttpError 404."""
        chat, studio = asked.chat, self._service.studio
        described = self._service.library.described(asked.film.id)
        found = described.get(studio.recipe.language) or next(iter(described.values()), None)
        settings = self._settings(asked, described=found is not None)
        key = (asked.film.id, settings.at, settings.frames, settings.mode, found.tag if found else "")
        while key not in self._open:
            self._service.films.get(asked.film.id)  # it may have been removed while it was opened
            if (opening := self._opening.get(key)) is None:
                opening = self._opening[key] = asyncio.create_task(self._opened(asked.film, settings, found))
                opening.add_done_callback(partial(self._is_open, key))
            await asyncio.shield(opening)  # others may wait for it too
        one = self._open[key]
        self._open.move_to_end(key)
        one.users += 1
        try:
            yield Talk(
                studio.host, (), settings, chooser=one.chooser, history=asked.history, instructions=asked.instructions,
                schema=chat.schema_of_answer, owner=owner,
            )  # fmt: skip
            self._keep_warm(one)
        finally:
            one.users -= 1
            one.used = time.monotonic()
            await self._trim()

    def _settings(self, asked: "AboutFilm", *, described: bool) -> AskSettings:
        """The service's own, with what the question says. Raises HttpError 400."""
        chat, ours = asked.chat, self._service.settings
        mode = "look" if chat.mode == "auto" and not described else chat.mode  # no captions lead to a part of it
        sampling = chat.sampling(chat.max_completion_tokens)
        values = {name: getattr(ours, name) for name in Asking.model_fields if hasattr(ours, name)}
        own = {
            "at": "-".join(f"{seconds:.3f}" for seconds in chat.range) if chat.range is not None else None,
            "frames": chat.frames, "mode": mode, "caption": False, "state_dir": self._service.folder,
            "temperature": sampling.temperature, "top_p": sampling.top_p, "max_tokens": sampling.max_tokens, "seed": sampling.seed,
            "decode_workers": ours.decode_workers, "decode": ours.decode,
        }  # fmt: skip
        try:
            return AskSettings(**values | own)
        except ValidationError as error:
            first = error.errors()[0]
            param = "range" if first["loc"][:1] == ("at",) else str(first["loc"][0] if first["loc"] else "")
            raise HttpError(400, "bad_value", str(first["msg"])[:300], param=param) from None

    def _is_open(self, key: tuple[Any, ...], opening: "asyncio.Task[OpenFilm]") -> None:
        del self._opening[key]
        if not opening.cancelled() and opening.exception() is None:
            self._open[key] = opening.result()

    async def _opened(self, film: "KnownFilm", settings: AskSettings, found: "Described | None") -> OpenFilm:
        host = self._service.studio.host
        document = await asyncio.to_thread(found.document) if found is not None else None
        with ExitStack() as held:
            path = await entered(held, partial(self._service.opened, film))
            source = host.source(path)
            opened = Opened(
                path=path, version=FileVersion.at(path), source=source, info=await asyncio.to_thread(source.probe), document=document,
                json=found.path if found is not None else None, cuts=document.shots if document is not None else (),
            )  # fmt: skip
            if settings.span is not None and settings.span[0] >= opened.duration:
                raise InputError("range_past_the_end", f"the film ends at {opened.duration:.1f} s, before this range begins")
            chooser = Chooser(host, (opened,), Recipe.of(settings.describing(), host.preset), settings, None)
            return OpenFilm(held.pop_all(), chooser, Warmth(host.engine))

    def _keep_warm(self, one: OpenFilm) -> None:
        """What the engine has read of the film is touched while captions would push it out of the cache."""
        chooser = one.chooser
        if chooser.shown_whole is not None and not chooser.bare:
            requests = Requests(chooser.preset, chooser.recipe, chooser.settings)
            one.warmth.keep(requests.about(chooser.shown_whole, "?", ()))

    async def sweep(self) -> None:
        """Close films that nobody has asked about for a while."""
        late = time.monotonic() - LEFT_AFTER
        for key in [key for key, one in self._open.items() if not one.users and one.used < late]:
            await self._close(key)

    async def _trim(self) -> None:
        for key in [key for key, one in self._open.items() if not one.users][:-1]:
            if len(self._open) <= MOST and sum(one.chooser.nbytes for one in self._open.values()) <= KEPT:
                return
            await self._close(key)

    async def close(self) -> None:
        opening = list(self._opening.values())
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        for key in list(self._open):
            await self._close(key)

    async def forget(self, film: str) -> None:
        """Close a film that is removed; questions that are being answered read on in what they have open."""
        for key in [key for key, one in self._open.items() if key[0] == film and not one.users]:
            await self._close(key)

    async def _close(self, key: tuple[Any, ...]) -> None:
        if (one := self._open.pop(key, None)) is not None:
            await one.warmth.close()
            with suppress(ScenescribeError, OSError):
                one.held.close()
