"""``/healthz`` (the process lives), ``/readyz`` (films can be described now), ``/metrics``."""

from typing import Any

from fastapi import APIRouter, Response

from pipeline.serve.metrics import exposition
from pipeline.serve.service import Service


def router(service: Service) -> APIRouter:
    routes = APIRouter(tags=["health"])

    @routes.head("/healthz", include_in_schema=False)
    @routes.get("/healthz")
    async def healthz() -> dict[str, bool]:
        """The event loop turns. Needs no key."""
        return {"alive": True}

    @routes.get("/readyz", responses={503: {"description": "not now; waiting_for says why"}})
    async def readyz(response: Response) -> dict[str, Any]:
        """Whether the model is loaded and nothing is in the way; and what the service is doing."""
        engine, fault = service.studio.engine, service.worker.breaker.fault
        ready = engine.ready and fault is None
        response.status_code = 200 if ready else 503
        return {
            "ready": ready,
            "model": service.studio.preset.name,
            "author": service.studio.model.author,
            "engine": "ready" if engine.ready else "loading",
            "loading_seconds": round(engine.loading_seconds, 1),
            "waiting_for": {"code": fault.code, "message": fault.message} if fault else None,
            "requests": {"in_flight": engine.in_flight, "waiting": engine.waiting},
            "asks": {"open": service.asks.open, "most": service.asks.most},
            "windows_per_second": round(service.counters.windows_per_second, 2),
            "jobs": service.jobs.counts(),
            "gauges": dict(engine.gauges.latest),
        }

    @routes.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """For Prometheus; docs/serve.md lists the names."""
        return Response(exposition(service), media_type="text/plain; version=0.0.4; charset=utf-8")

    return routes
