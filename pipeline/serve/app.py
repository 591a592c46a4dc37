"""The application: THE door to fastapi, with the routes beside it. Every error has one shape; nothing reaches a route but through the doors."""

import warnings
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from pipeline import __version__
from pipeline.accident import logged
from pipeline.errors import ScenescribeError
from pipeline.serve.doors import Doors
from pipeline.serve.entrance import Application
from pipeline.serve.faults import HttpError, accident, body_of, headers_of, status_of
from pipeline.serve.routes import chat, files, films, health, hooks, jobs, pages, search, streams, tracks
from pipeline.serve.service import Service

ABOUT = """Films in, descriptions out, and questions about them. Errors are `{"error": {"message", "type", "code", "param"}}`;
`code` is one of the reason codes of docs/troubleshooting.md."""


class Api(FastAPI):
    """FastAPI, with the errors' shape in its schema."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            schema = super().openapi()
            schema["components"].setdefault("schemas", {}).pop("HTTPValidationError", None)
            schema["components"]["schemas"].pop("ValidationError", None)
            schema["components"]["schemas"]["Error"] = _ERROR
            schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            schema["security"] = [{"key": []}]
            shape = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
            for path in schema["paths"].values():
                for operation in path.values():
                    operation["responses"].pop("422", None)
                    operation["responses"]["4XX"] = {"description": "refused; code says why", "content": shape}
                    operation["responses"]["5XX"] = {"description": "not now; code says why", "content": shape}
        return super().openapi()


_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "code", "param"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "code": {"type": "string"},
                "param": {"type": ["string", "null"]},
            },
        }
    },
}


def make_app(service: Service) -> Application:
    """The application of a service that is entered."""
    warnings.filterwarnings("ignore", module=r"PIL\.")  # what is odd about a stranger's picture is no line of our log
    app = Api(title="Scenescribe", version=__version__, description=ABOUT, docs_url=None, redoc_url=None)
    for routes in (health, files, films, jobs, tracks, search, chat, hooks, streams, pages):
        app.include_router(routes.router(service))
    app.add_exception_handler(ScenescribeError, _ours)
    app.add_exception_handler(RequestValidationError, _wrong)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _accident)
    settings = service.settings
    return Doors(app, key=service.key, hosts=settings.allow_host, origins=settings.allow_origin, most_upload=settings.most_upload)


async def _ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, ScenescribeError)
    return JSONResponse(body_of(error), status_of(error), headers_of(error))


async def _wrong(_: Request, error: Exception) -> Response:
    """400 with the field that is wrong, as OpenAI's clients expect it."""
    assert isinstance(error, RequestValidationError)
    first = max(error.errors(), key=lambda one: len(one["loc"]))  # of a choice of shapes the one that was meant comes furthest
    place = [str(part) for part in first["loc"] if part not in ("body", "query", "path", "header") and "[" not in str(part)]
    if first["type"] == "json_invalid":
        said = (
            f"the body is no JSON: {str(first.get('ctx', {}).get('error', ''))[:200]} (character {place[-1] if place else '?'})"
        )
        return JSONResponse(body_of(HttpError(400, "bad_value", said)), 400)
    param = ".".join(place)[:200] or None
    code = "unsupported_parameter" if first["type"] == "extra_forbidden" else "bad_value"
    said = "this service has no such field" if code == "unsupported_parameter" else str(first["msg"])[:300]
    return JSONResponse(body_of(HttpError(400, code, f"{param or 'the body'}: {said}", param=param)), 400)


async def _plain(_: Request, error: Exception) -> Response:
    """What starlette and the doors' counting of a body refuse."""
    assert isinstance(error, HTTPException)
    said = error.detail if error.detail != HTTPStatus(error.status_code).phrase else f"{error.detail}; see /openapi.json"
    refused = HttpError(error.status_code, "bad_request", said)
    if error.status_code == 404:
        refused = HttpError(404, "not_found", said)
    elif error.status_code == 405:
        refused = HttpError(405, "bad_method", said)
    elif error.status_code == 408:
        refused = HttpError(408, "too_slow", said)
    elif error.status_code == 413:
        refused = HttpError(413, "too_large", said)
    return JSONResponse(body_of(refused), error.status_code, {**(error.headers or {}), **headers_of(refused)})


async def _gone(_: Request, error: Exception) -> Response:
    """Who hangs up in the middle of a body hears nothing more, and is no fault of ours."""
    return Response(status_code=400)


async def _accident(request: Request, error: Exception) -> Response:
    logged(error, path=request.url.path)
    told = accident(error)
    return JSONResponse(body_of(told), told.status, headers_of(told))
