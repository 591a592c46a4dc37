"""``/v1/films``: films that can be described, where they are, and what is known of them. ``/v1/roots``: where to find more."""

import asyncio
import mimetypes
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import FileResponse

from pipeline.media.still import still
from pipeline.serve.bodies import CheckedRoute
from pipeline.serve.faults import HttpError
from pipeline.serve.held_file import HeldFile
from pipeline.serve.service import Service
from pipeline.serve.views import film_view


class NewFilm(BaseModel):
    """One of the three."""

    model_config = ConfigDict(extra="forbid")
    path: str | None = None
    """of a film below a root, beginning with the root's name"""
    file_id: str | None = None
    """of a file that was sent"""
    url: str | None = Field(default=None, max_length=4000)
    """of a film at a host that the service may fetch from"""


def router(service: Service) -> APIRouter:
    routes = APIRouter(route_class=CheckedRoute, tags=["films"])

    @routes.post("/v1/films", status_code=201)
    async def add(body: NewFilm, response: Response) -> dict[str, Any]:
        """Know a film by its path below a root, by the id of a file that was sent, or by an address, from which it is fetched now."""
        if sum(name is not None for name in (body.path, body.file_id, body.url)) != 1:
            raise HttpError(400, "bad_value", "name one film: by path, by file_id or by url", param="path")
        if body.file_id is not None:
            film, new = service.films.get(body.file_id), False
        elif body.url is not None:
            film, new = await service.take(await service.fetching.fetch(body.url, service.incoming), "user_data")
        else:
            assert body.path is not None
            film, new = await service.add_place(*service.roots.place(body.path))
        response.status_code = 201 if new else 200
        response.headers["Location"] = f"/v1/films/{film.id}"
        return film_view(service, film)

    @routes.get("/v1/films")
    async def index(
        after: Annotated[str | None, Query(description="the id of the last film of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:
        """The newest first."""
        films = service.films.all(after=service.films.get(after) if after is not None else None, most=limit + 1)
        return {"object": "list", "data": [film_view(service, film) for film in films[:limit]], "has_more": len(films) > limit}

    @routes.get("/v1/films/{id}")
    async def get(id: str) -> dict[str, Any]:
        return film_view(service, service.films.get(id))

    @routes.delete("/v1/films/{id}")
    async def delete(id: str) -> dict[str, Any]:
        """Forget a film and its captions. A file below a root stays as it is; one that was sent goes."""
        await asyncio.to_thread(service.forget, id)
        return {"id": id, "object": "film", "deleted": True}

    @routes.head("/v1/films/{id}/video", include_in_schema=False, response_class=FileResponse)
    @routes.get("/v1/films/{id}/video", response_class=FileResponse)
    async def video(id: str) -> HeldFile:
        """The film itself, also in ranges: what a player reads."""
        film = service.films.get(id)
        kind = mimetypes.guess_type(film.name)[0] or "application/octet-stream"
        kind = kind if kind.startswith(("video/", "image/gif")) else "application/octet-stream"

        def opened() -> HeldFile:
            with service.opened(film) as path:
                return HeldFile(path, kind=kind)

        return await asyncio.to_thread(opened)

    @routes.head("/v1/films/{id}/preview.mp4", include_in_schema=False, response_class=FileResponse)
    @routes.get("/v1/films/{id}/preview.mp4", response_class=FileResponse)
    async def preview(id: str) -> HeldFile:
        """The copy that every browser plays, where a job made it; also in ranges."""
        film = service.films.get(id)
        if not service.previews.there(film.id):
            raise HttpError(404, "not_found", "there is no such copy yet; ask for a job with the task preview")
        service.previews.played(film.id)
        return HeldFile(service.previews.path(film.id), kind="video/mp4", headers={"Cache-Control": "private, no-cache"})

    @routes.get("/v1/films/{id}/frame.jpg", response_class=Response)
    async def frame(id: str, t: Annotated[float, Query(ge=0, le=1e7, description="seconds")] = 0.0) -> Response:
        """The picture that a player shows at a time."""
        film = service.films.get(id)

        def cut() -> bytes:
            service.incoming.mkdir(exist_ok=True)  # emptied at each start: a killed service leaves nothing
            with service.opened(film) as path, tempfile.TemporaryDirectory(dir=service.incoming) as folder:
                out = Path(folder, "frame.jpg")
                last = float(film.facts["duration"]) - 1.5 / max(1.0, float(film.facts["fps"]))
                still(path, min(t, max(0.0, last)), out)
                return out.read_bytes()

        async with service.looks:
            picture = await asyncio.to_thread(cut)
        return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    @routes.get("/v1/roots")
    async def roots(path: Annotated[str, Query(max_length=4096)] = "") -> dict[str, Any]:
        """The folders and films of a folder below a root; the roots where no path is given."""
        entries = await asyncio.to_thread(service.roots.listing, path)
        data = [
            {"name": entry.name, "path": entry.path, "object": "folder" if entry.folder else "film", "bytes": entry.size}
            for entry in entries
        ]
        return {"object": "list", "path": path, "data": data}

    return routes
