"""``/v1/search``: where in which film something is seen."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query

from pipeline.errors import UsageError
from pipeline.retrieval.find import search
from pipeline.serve.service import Service


def router(service: Service) -> APIRouter:
    routes = APIRouter(tags=["search"])
    alone = asyncio.Lock()

    @routes.get("/v1/search")
    async def find(
        q: Annotated[
            str, Query(min_length=1, max_length=1000, description='words; "two words" as a phrase, -word must not be there')
        ],
        film: Annotated[str | None, Query(description="the id of one film; all otherwise")] = None,
        k: Annotated[int, Query(ge=1, le=1000)] = 10,
    ) -> dict[str, Any]:
        """The captions that hold these words, the best first; those that hold some of them where none holds all."""
        films = {service.films.get(film).id} if film is not None else service.films.ids()
        documents = await asyncio.to_thread(service.library.documents, films)
        if not documents:
            return {"object": "list", "data": [], "some": False}
        try:
            async with alone:  # the index is brought up to date by each search
                found = await asyncio.to_thread(search, q, [str(path) for path in documents], state_folder=service.folder, most=k)
        except UsageError as error:
            error.data["option"] = "q"
            raise
        data = [
            {
                "film": service.library.film_of(hit.document), "start": hit.start, "end": hit.end, "text": hit.text, "kind": hit.kind,
                "score": round(hit.score, 6),
                "page": f"/films/{service.library.film_of(hit.document)}#t={hit.start:.2f}",
            }
            for hit in found.hits
        ]  # fmt: skip
        return {"object": "list", "data": data, "some": found.some}

    return routes
