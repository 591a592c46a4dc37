"""``/v1/jobs``: what is to be done with films, and what becomes of it, as it happens."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import StreamingResponse

from pipeline.errors import nearest
from pipeline.options.base import first_fault
from pipeline.serve.bodies import CheckedRoute
from pipeline.serve.faults import HttpError
from pipeline.serve.jobs import Job
from pipeline.serve.service import Service
from pipeline.serve.sse import EVERY, PING, STREAM_HEADERS
from pipeline.serve.tasks import Task, allowed, check_settings
from pipeline.serve.views import job_view
from pipeline.watch.reachable import Reachable
from pipeline.watch.webhook import AN_ADDRESS, is_address

READERS = 256
"""of events, at once: each holds a connection, and is looked for in the table at each ring"""

Status = Literal["queued", "in_progress", "completed", "failed", "cancelled"]


class NewJob(BaseModel):
    """``settings`` are options of ``scenescribe caption`` in snake_case."""

    model_config = ConfigDict(extra="forbid")
    film: str = Field(max_length=200)
    task: Task = "caption"
    settings: dict[str, Any] = Field(default_factory=dict)
    webhook: str = Field(default="", max_length=2000)
    """an http(s) address that is told, signed, when the job is over"""


def router(service: Service) -> APIRouter:
    routes = APIRouter(route_class=CheckedRoute, prefix="/v1/jobs", tags=["jobs"])
    reachable = Reachable(service.settings.allow_webhook)

    @routes.post("", status_code=202)
    async def create(
        body: NewJob,
        response: Response,
        idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
    ) -> dict[str, Any]:
        """Queue a job. With an ``Idempotency-Key`` that was used before: the job of then."""
        service.films.get(body.film)
        if body.webhook and not is_address(body.webhook):
            raise HttpError(400, "bad_value", f"give a webhook that is {AN_ADDRESS}", param="webhook")
        if body.webhook and (host := reachable.refuses(body.webhook)):
            message = f"{host[:80]} is no public address; start the service with --allow-webhook, if jobs may tell it"
            raise HttpError(400, "webhook_refused", message, param="webhook")
        job = await asyncio.to_thread(queue, service, body, idempotency_key)
        response.headers["Location"] = f"/v1/jobs/{job.id}"
        return job_view(service, job)

    @routes.get("")
    async def index(
        status: Status | None = None,
        film: str | None = None,
        after: Annotated[str | None, Query(description="the id of the last job of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> dict[str, Any]:
        """The newest first."""
        if after is not None:
            service.jobs.get(after)  # of an unknown one the end would seem to be reached
        found = service.jobs.list(status=status, film=film, after=after, most=limit + 1)
        return {"object": "list", "data": [job_view(service, job) for job in found[:limit]], "has_more": len(found) > limit}

    @routes.get("/{id}")
    async def get(id: str) -> dict[str, Any]:
        return job_view(service, service.jobs.get(id))

    @routes.delete("/{id}")
    async def cancel(id: str) -> dict[str, Any]:
        """End a job; what was captioned until then is kept for the next. One that is over stays as it is."""
        service.worker.cancel(service.jobs.get(id))
        return job_view(service, service.jobs.get(id))

    @routes.get("/{id}/events", response_class=StreamingResponse)
    async def events(
        id: str,
        last_event_id: Annotated[str | None, Header()] = None,
        after: Annotated[int, Query(ge=0, le=2**62, description="for those who can send no Last-Event-ID")] = 0,
    ) -> StreamingResponse:
        """Server-sent events: ``state``, ``progress``, ``caption``, ``notice``, ``done``, ``error``. After a break go on with ``Last-Event-ID``."""
        job = service.jobs.get(id)
        if service.bell.readers >= READERS:
            raise HttpError(429, "too_many_asks", "as many read the events of jobs as may; come again", retry_after=10)
        if last_event_id is not None:
            if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 19):
                raise HttpError(
                    400, "bad_value", "Last-Event-ID is the number of the last event that was seen", param="Last-Event-ID"
                )
            after = int(last_event_id)
        return StreamingResponse(_events(service, job, after), media_type="text/event-stream", headers=STREAM_HEADERS)

    return routes


def queue(service: Service, body: NewJob, key: str | None, own: Mapping[str, Any] | None = None) -> Job:
    """Check a job and queue it. Raises HttpError 400 with the ``param`` that is wrong, UsageError, EnvironmentFault."""
    settings = {**body.settings, **(own or {})}
    names = allowed(body.task)
    for name in settings:
        if name not in names:
            raise HttpError(
                400,
                "unknown_option",
                f"a job has no setting {name[:80]!r}{nearest(name, names)}",
                param=f"settings.{name[:80]}",
            )
    if body.task not in ("caption", "preview") and "language" not in settings and (there := service.library.described(body.film)):
        settings["language"] = next(iter(there))
    try:
        check_settings(service, body.task, dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        raise HttpError(400, "bad_value", f"{name}: {first_fault(error)}", param=f"settings.{name}") from None
    job, new = service.jobs.add(body.film, body.task, settings, webhook=body.webhook, key=key)
    if new:
        service.films.touch(body.film)
        service.wake()
    return job


async def _events(service: Service, job: Job, after: int) -> AsyncIterator[bytes]:
    with service.bell.reading():
        yield PING
        while True:
            rung = service.bell.next(job.id)
            try:
                over = service.jobs.get(job.id).over  # before the look: what ends a job is an event too
                found = await asyncio.to_thread(service.events.after, job.id, after)
                for event in found:
                    yield format_sse_event(data_str=event.data, event=event.name, id=str(event.number))
                    after = event.number
                    if event.last:
                        return
                if found:
                    continue
                if over:  # its last event was seen before, or trimmed
                    return
                done, _ = await asyncio.wait({rung}, timeout=EVERY)
                if not done:
                    yield PING
            finally:
                rung.cancel()  # whoever left waits no more
