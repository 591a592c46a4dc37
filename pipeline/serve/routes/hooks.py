"""``/hooks``: a media server tells of a new film; it is described, and its sidecars are written beside it."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from pipeline.engine.opening import refuse_unnamed_embedded
from pipeline.errors import InputError
from pipeline.file_version import FileVersion
from pipeline.serve.bodies import checked
from pipeline.serve.faults import HttpError
from pipeline.serve.media_servers import SERVERS, mapped, path_of, read_event
from pipeline.serve.multipart import read_form
from pipeline.serve.service import Service
from pipeline.serve.views import job_view

SETTLE, LOOKS = 2.0, 30
"""seconds between two looks at a file that may still be copied, and looks"""


def router(service: Service) -> APIRouter:
    routes = APIRouter(tags=["media servers"])

    @routes.get("/v1/hooks")
    async def addresses(request: Request) -> dict[str, str]:
        """The addresses to give to media servers; the key in them opens the hooks alone."""
        secure = request.headers.get("x-forwarded-proto") == "https"  # a proxy's word is believed only where it makes it stricter
        here = request.base_url.replace(scheme="https") if secure else request.base_url
        return {server: f"{here}hooks/{server}?key={service.key.hook}" for server in SERVERS}

    @routes.post("/hooks/{server}", status_code=202)
    async def told(server: Literal["jellyfin", "emby", "plex"], request: Request, response: Response) -> dict[str, Any]:
        """An event of a media server. Of films that were added a job is made, once, and again where it failed or was cancelled; other
        events are heard and no more (200)."""
        event = read_event(server, await _body(request))
        if event is None:
            response.status_code = 200
            return {"object": "event", "job": None}
        refuse_unnamed_embedded(service.studio.settings, service.studio.preset)  # nobody looks at what it would write
        path = mapped(service.settings, event.path or await path_of(service.settings, server, event.item))
        place = service.roots.within(Path(path))
        if place is None:
            raise HttpError(
                400, "outside_root", f"{path[:200]!r} is below no --root; --map FROM=TO says where the server's folders are here"
            )
        await _settled(Path(path))
        film, _ = await service.add_place(*place)
        job, new = service.jobs.add(  # a film's id is of this version of it
            film.id, "caption", {}, beside=True, told=f"{server} {event.item}" if event.item else "", key=f"hook {film.id}", afresh=True
        )  # fmt: skip
        if new:
            service.wake()
        return {"object": "event", "job": job_view(service, job)}

    return routes


async def _settled(path: Path) -> None:
    """Until the file stands still: servers tell of films that are still being copied. Raises InputError ``source_changed``."""
    before = FileVersion.at(path)
    for _ in range(LOOKS):
        await asyncio.sleep(SETTLE)
        if before == (now := FileVersion.at(path)):
            return
        before = now
    raise InputError("source_changed", "the file is still being written; tell again when it is whole")


async def _body(request: Request) -> Mapping[str, Any]:
    """JSON, or the field ``payload`` of a form, as Plex sends it. Raises HttpError 400."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        text = (await read_form(request.stream(), kind, None, most=0)).fields.get("payload", "")
    else:
        text = (await request.body()).decode("utf-8", "replace")
    try:
        found = checked(json.loads(text))
    except (ValueError, RecursionError):
        raise HttpError(400, "bad_event", "the event is no JSON that can be read") from None
    if not isinstance(found, dict):
        raise HttpError(400, "bad_event", "the event is no JSON object")
    return found
