"""``--listen``: a page that shows what is seen now, and what it is made of. A fastapi and uvicorn door.

    /             the page: the newest text of each stream in a polite live region beside its picture, and those before it
    /picture/NAME the picture that the newest text is about, as JPEG
    /events       server-sent events; ``Last-Event-ID`` gives what was missed, of the last KEPT
    /latest       the newest caption of each stream, as JSON
    /healthz      the event loop turns     /readyz  every stream is live      /metrics  Prometheus

Read-only. A client that is too slow is cut off, and asks for what it missed when it comes back.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.installed import adding
from pipeline.errors import EnvironmentFault
from pipeline.live.events import line
from pipeline.live.metrics import exposition
from pipeline.live.outputs.listeners import Listeners, jpeg
from pipeline.watch.connections import bound, patient
from pipeline.watch.health import address_of
from pipeline.watch.hosts import is_called_right, is_loopback

if TYPE_CHECKING:
    from pipeline.live.station import Station

FILES = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; frame-ancestors 'none'",
}


class Page(Listeners):
    name = "page"

    def __init__(self, listen: str, station: "Station", *, on_address: Callable[[str], None] = lambda _: None) -> None:
        """Raises UsageError ``bad_value``: no address; EnvironmentFault ``serve_missing``: fastapi and uvicorn are not installed."""
        super().__init__()
        self._place, self._listen, self._station, self._on_address = address_of(listen), listen, station, on_address
        self._server: Any = None
        self._serving: asyncio.Task[None] | None = None
        self.address = ""
        try:
            import fastapi  # noqa: F401
            import uvicorn  # noqa: F401
        except ImportError:
            raise EnvironmentFault("serve_missing", f"--listen needs fastapi and uvicorn: {adding('serve')}") from None

    async def open(self) -> None:
        """Raises EnvironmentFault ``address_in_use``."""
        import uvicorn

        class Quiet(uvicorn.Server):
            @contextlib.contextmanager
            def capture_signals(self):  # type: ignore[no-untyped-def]
                yield  # signals are the command line's

        try:
            sock = bound(*self._place)
        except (OSError, UnicodeError) as error:
            raise EnvironmentFault("address_in_use", f"can't listen on {self._listen}: {error}") from error
        host, port = sock.getsockname()[:2]
        self.address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        config = uvicorn.Config(
            self._app(),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            ws="none",
            http=patient(),
        )
        self._server = Quiet(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[sock]), name="page")
        self._on_address(self.address)

    async def close(self) -> None:
        self.hang_up()
        if self._serving is not None:
            await asyncio.sleep(0.05)  # the last events go out
            self._server.should_exit = True
            await asyncio.gather(self._serving, return_exceptions=True)

    def _app(self) -> Any:
        from fastapi import FastAPI, Request, Response
        from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

        async def file(request: Request) -> Response:
            name, kind = FILES[request.url.path]
            return Response((Path(__file__).parent / name).read_bytes(), media_type=kind, headers=HEADERS)

        async def events(request: Request) -> Response:
            if self.full:
                return PlainTextResponse("too many clients\n", status_code=503, headers={"Retry-After": "10"})
            told = self.told(request.headers.get("Last-Event-ID", ""))
            return StreamingResponse(told, media_type="text/event-stream", headers={**HEADERS, "X-Accel-Buffering": "no"})

        async def latest(request: Request) -> Response:
            return JSONResponse({name: json.loads(line(event)) for name, event in self.latest.items()}, headers=HEADERS)

        async def picture(request: Request) -> Response:
            found = next((one for one in self._station.streams if one.plan.name == request.path_params["name"]), None)
            shown = found.describing.shown if found is not None else None
            if found is None or shown is None:
                return PlainTextResponse("there is no picture\n", status_code=404, headers=HEADERS)
            return Response(
                await asyncio.to_thread(jpeg, shown, self._station.shape_of(found.plan.name).get("size")),
                media_type="image/jpeg",
                headers=HEADERS,
            )

        async def healthz(request: Request) -> Response:
            return JSONResponse({"alive": True})

        async def readyz(request: Request) -> Response:
            streams = {stream.plan.name: {"state": stream.state, "reason": stream.reason} for stream in self._station.streams}
            ready = all(stream.state == "live" for stream in self._station.streams)
            return JSONResponse({"ready": ready, "streams": streams}, status_code=200 if ready else 503)

        async def metrics(request: Request) -> Response:
            text = exposition(self._station.streams, self._station.outputs, self.latencies)
            return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

        for path in FILES:
            app.add_route(path, file)
        app.add_route("/picture/{name}", picture)
        for one in (events, latest, healthz, readyz, metrics):
            app.add_route(f"/{one.__name__}", one)
        return _called_right(app) if is_loopback(self._place[0]) else app


def _called_right(app: Any) -> Any:
    """On this machine alone, pages of other names are sent away: they could rebind their name to it, and read what cameras see."""
    from fastapi.responses import PlainTextResponse

    async def looked_at(scope: Any, receive: Any, send: Any) -> None:
        hosts = [value.decode("latin-1") for name, value in scope.get("headers", ()) if name == b"host"]
        if scope["type"] == "http" and not is_called_right(hosts[0] if hosts else ""):
            refusal = PlainTextResponse("call it by its address, or as localhost\n", status_code=421)
            await refusal(scope, receive, send)
            return
        await app(scope, receive, send)

    return looked_at
