"""``/v1/files``: films that are sent."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import FileResponse

from pipeline.serve.faults import HttpError
from pipeline.serve.films import KnownFilm
from pipeline.serve.held_file import HeldFile
from pipeline.serve.multipart import read_form
from pipeline.serve.service import Service
from pipeline.serve.uploads import Received, receive_raw
from pipeline.serve.views import file_view

PURPOSES = ("user_data", "vision", "assistants")
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "purpose": {"type": "string", "enum": list(PURPOSES)},
                    },
                }
            }
        },
    }
}
RAW = {
    "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


def router(service: Service) -> APIRouter:
    routes = APIRouter(prefix="/v1/files", tags=["files"])

    async def kept(received: Received, purpose: str, response: Response) -> dict[str, Any]:
        film, new = await service.take(received, purpose)
        response.status_code = 201 if new else 200
        response.headers["Location"] = f"/v1/files/{film.id}"
        return file_view(service, film)

    def uploaded(id: str) -> KnownFilm:
        film = service.films.get(id)
        if film.root is not None:
            raise HttpError(404, "no_film", f"{id} was not sent: it stands below a root; see /v1/films")
        return film

    @routes.post("", status_code=201, openapi_extra=FORM)
    async def create(request: Request, response: Response) -> dict[str, Any]:
        """Send a film as a form. The same bytes are the same file: 200 where they were there, 201 where they are new."""
        form = await read_form(
            request.stream(), request.headers.get("content-type", ""), service.incoming, most=service.settings.most_upload
        )
        if form.file is None:
            raise HttpError(400, "bad_request", "the form has no file in it: curl -F file=@film.mp4", param="file")
        purpose = form.fields.get("purpose", "user_data")
        if purpose not in PURPOSES:
            form.file.discard()
            raise HttpError(400, "bad_value", f"purpose is one of {', '.join(PURPOSES)}", param="purpose")
        return await kept(form.file, purpose, response)

    @routes.put("/{name}", status_code=201, openapi_extra=RAW)
    async def put(name: str, request: Request, response: Response) -> dict[str, Any]:
        """Send a film as it is: ``curl -T film.mp4``."""
        return await kept(
            await receive_raw(request.stream(), service.incoming, name, most=service.settings.most_upload), "user_data", response
        )

    @routes.get("")
    async def index(
        after: Annotated[str | None, Query(description="the id of the last file of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    ) -> dict[str, Any]:
        """The newest first."""
        found = service.films.all(after=uploaded(after) if after is not None else None, most=limit + 1, uploads=True)
        return {"object": "list", "data": [file_view(service, film) for film in found[:limit]], "has_more": len(found) > limit}

    @routes.get("/{id}")
    async def get(id: str) -> dict[str, Any]:
        return file_view(service, uploaded(id))

    @routes.head("/{id}/content", include_in_schema=False, response_class=FileResponse)
    @routes.get("/{id}/content", response_class=FileResponse)
    async def content(id: str) -> HeldFile:
        """The bytes, also in ranges."""
        film = uploaded(id)
        return HeldFile(service.upload_path(film), kind="application/octet-stream", name=film.name)

    @routes.delete("/{id}")
    async def delete(id: str) -> dict[str, Any]:
        """The film, its file and its captions."""
        service.forget(uploaded(id).id)
        return {"id": id, "object": "file", "deleted": True}

    return routes
