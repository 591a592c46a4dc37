"""The page: films, one film, folders, search; what works without scripts works by forms. THE jinja2 door of the service."""

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse

from pipeline.clock import moment
from pipeline.engine.opening import limits
from pipeline.errors import InputError, ScenescribeError
from pipeline.passes.json import read as read_summary
from pipeline.report.summary import ABOUT
from pipeline.retrieval.find import search
from pipeline.sanitize import clean
from pipeline.serve.faults import HttpError, status_of
from pipeline.serve.key import COOKIE
from pipeline.serve.multipart import read_form
from pipeline.serve.routes.jobs import NewJob, queue
from pipeline.serve.service import Service
from pipeline.serve.tasks import Task
from pipeline.serve.views import film_view

PAGE = Path(__file__).parents[1] / "page"
ASSETS = {
    "page.css": "text/css",
    "icon.svg": "image/svg+xml",
    **dict.fromkeys(("app.js", "dom.js", "film.js", "speak.js", "talk.js", "signin.js", "streams.js"), "text/javascript"),
}


def router(service: Service) -> APIRouter:
    from jinja2 import Environment, FileSystemLoader

    routes = APIRouter(include_in_schema=False)
    templates = Environment(loader=FileSystemLoader(PAGE), autoescape=True, auto_reload=False)
    templates.filters["clean"] = clean  # a title has no <bdi>: what turns a line around would turn the tab's

    def page(name: str, status: int = 200, **values: Any) -> HTMLResponse:
        ready = "ready" if service.studio.engine.ready else "loading"
        said = {"clock": moment, "engine": f"{service.studio.model.author}: {ready}", "cameras": bool(service.streams), **values}
        return HTMLResponse(templates.get_template(name).render(said), status)

    @routes.get("/page/{name}")
    async def asset(name: str) -> FileResponse:
        if name not in ASSETS:
            raise HttpError(404, "not_found", "the page has no such part")
        return FileResponse(PAGE / name, media_type=ASSETS[name], headers={"Cache-Control": "no-cache"})

    @routes.get("/signin")
    async def signin() -> HTMLResponse:
        return page("signin.html", wrong=False)

    @routes.post("/signin")
    async def sign_in(request: Request) -> Response:
        """The key for a cookie: players and event streams of a browser send no headers of ours."""
        fields = parse_qs((await request.body()).decode("utf-8", "replace"))
        if not service.key.opens(fields.get("key", [""])[0].strip()):
            return page("signin.html", 401, wrong=True)
        answer = RedirectResponse("/", 303)
        secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))  # only makes it stricter
        answer.set_cookie(COOKIE, service.key.session, max_age=30 * 86_400, httponly=True, samesite="strict", secure=secure)
        return answer

    @routes.get("/streams")
    async def streams() -> HTMLResponse:
        return page("streams.html", streams=[service.streams.view(name) for name in service.streams.names()])

    @routes.get("/")
    async def films() -> HTMLResponse:
        known = []
        for film in service.films.all(most=500):
            jobs = service.jobs.list(film=film.id, most=1)
            known.append({
                "id": film.id, "name": film.name, "duration": film.facts["duration"], "described": list(service.library.described(film.id)),
                "status": jobs[0].status.replace("_", " ") if jobs else "",
            })  # fmt: skip
        return page(
            "films.html",
            films=known,
            roots=list(service.roots.folders),
            knows=limits(service.studio.preset, service.studio.settings.engine),
        )

    @routes.post("/films/upload")
    async def upload(request: Request) -> Response:
        form = await read_form(
            request.stream(), request.headers.get("content-type", ""), service.incoming, most=service.settings.most_upload
        )
        if form.file is None:
            raise HttpError(400, "bad_request", "the form has no file in it", param="file")
        film, _ = await service.take(form.file, "user_data")
        await asyncio.to_thread(queue, service, NewJob(film=film.id), None)
        return RedirectResponse(f"/films/{film.id}", 303)

    @routes.get("/films/roots")
    async def roots(path: str = "") -> HTMLResponse:
        entries = await asyncio.to_thread(service.roots.listing, path)
        return page("roots.html", path=path or "Folders", entries=entries, up=path.rpartition("/")[0])

    @routes.post("/films/add")
    async def add(request: Request) -> Response:
        fields = parse_qs((await request.body()).decode("utf-8", "replace"))
        film, _ = await service.add_place(*service.roots.place(fields.get("path", [""])[0]))
        return RedirectResponse(f"/films/{film.id}", 303)

    @routes.get("/films/search")
    async def found(q: str = "") -> HTMLResponse:
        documents = await asyncio.to_thread(service.library.documents, service.films.ids())
        hits: list[dict[str, Any]] = []
        some = False
        if q.strip() and documents:
            try:
                results = await asyncio.to_thread(
                    partial(search, q, [str(path) for path in documents], state_folder=service.folder, most=50)
                )
            except ScenescribeError as error:
                if status_of(error) != 400:
                    raise
            else:
                some = results.some
                known = service.films.ids()
                for hit in results.hits:
                    if (id := service.library.film_of(hit.document)) not in known:
                        continue  # it was removed just now
                    film = service.films.get(id)
                    link = f"/films/{film.id}#t={hit.start:.2f}"
                    hits.append({"name": film.name, "start": hit.start, "text": hit.text, "kind": hit.kind, "page": link})
        return page("search.html", q=q, hits=hits, some=some)

    @routes.get("/films/{id}")
    async def film(id: str) -> HTMLResponse:
        known = service.films.get(id)
        seen = film_view(service, known)
        jobs = service.jobs.list(film=id, most=1)
        values: dict[str, Any] = {
            "film": seen, "job": jobs[0] if jobs else None, "model": service.studio.preset.name, "captions": (), "tracks": {}, "files": {},
            "language": "", "vtt": "", "summary": None, "default_language": service.studio.recipe.language,
        }  # fmt: skip
        if described := service.library.described(id):
            language, one = next(iter(described.items()))
            document = await asyncio.to_thread(one.document)
            tracks = seen["tracks"][language]
            ours = (".described.", ".chaptered.", ".spoken.", ".chapters.", ".summary.")
            files = {name: address for name, address in seen["files"][language].items() if any(mark in name for mark in ours)}
            if (path := service.library.made(id, language, ".summary.json")) is not None:
                with suppress(InputError):  # damaged, or made anew just now: the captions are shown all the same
                    summary = await asyncio.to_thread(read_summary, path)
                    values |= {"summary": summary, "about": ABOUT[summary.method]}
            values |= {
                "language": language, "captions": document.captions, "tracks": tracks, "files": files, "said_by": document.model.author,
                "vtt": f"{tracks['vtt']}?v={quote(one.tag)}",
            }  # fmt: skip
        return page("film.html", **values)

    @routes.post("/films/{id}/remove")
    async def remove(id: str, request: Request) -> Response:
        if parse_qs((await request.body()).decode("utf-8", "replace")).get("sure") != ["true"]:
            raise HttpError(400, "bad_value", "say that you are sure", param="sure")
        await asyncio.to_thread(service.forget, id)
        return RedirectResponse("/", 303)

    @routes.post("/films/{id}/jobs")
    async def describe(id: str, request: Request) -> Response:
        fields = {name: values[0] for name, values in parse_qs((await request.body()).decode("utf-8", "replace")).items()}
        service.films.get(id)
        settings: dict[str, Any] = {name: fields[name] for name in ("language", "prompt") if fields.get(name)}
        if fields.get("overwrite") == "true":
            settings["overwrite"] = True
        task = fields.get("task", "caption")
        if task not in get_args(Task):
            raise HttpError(400, "bad_value", "there is no such task", param="task")
        if task != "caption":
            settings = {name: value for name, value in settings.items() if name == "language" and task != "preview"}
        await asyncio.to_thread(queue, service, NewJob.model_validate({"film": id, "task": task}), None, settings)
        return RedirectResponse(f"/films/{id}", 303)

    return routes
