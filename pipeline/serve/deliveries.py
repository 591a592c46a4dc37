"""Who is told that a job is over: its webhook, and the media server that asked for it. Kept in the outbox until it is told."""

import asyncio
from typing import TYPE_CHECKING

from pipeline import log as logs
from pipeline.accident import logged
from pipeline.errors import EnvironmentFault, ScenescribeError
from pipeline.serve.faults import HttpError
from pipeline.serve.media_servers import refresh
from pipeline.serve.views import job_view
from pipeline.store.outbox import Delivery
from pipeline.watch.deliveries import TRIES
from pipeline.watch.reachable import Reachable
from pipeline.watch.webhook import Webhook

if TYPE_CHECKING:
    from pipeline.serve.service import Service

log = logs.get(__name__)


class Deliveries:
    """Runs the outbox; a receiver that hangs delays those of its kind alone."""

    def __init__(self, service: "Service") -> None:
        self._service, self._webhook = service, Webhook(Reachable(service.settings.allow_webhook))

    async def run(self) -> None:
        """For ever."""
        try:
            await asyncio.gather(self._lane("webhook"), self._lane("server"))
        finally:
            await self._webhook.close()

    async def _lane(self, kind: str) -> None:
        while True:
            due: list[Delivery] = []
            try:
                due = await asyncio.to_thread(self._service.outbox.due, kind)
                for delivery in due:
                    await self._do(delivery)
            except ScenescribeError as error:
                due = []
                log.warning("later", errand=kind, message=error.message)
                await asyncio.sleep(10 * self._service.timings.deliveries_pause)
            except Exception as error:  # of the outbox: the jobs go on
                due = []
                logged(error, errand=kind)
                await asyncio.sleep(10 * self._service.timings.deliveries_pause)
            if not due:
                await asyncio.sleep(self._service.timings.deliveries_pause)

    async def _do(self, delivery: Delivery) -> None:
        later = self._service.timings.deliveries_retry
        try:
            trouble = await self._told(delivery)
        except EnvironmentFault:
            raise
        except HttpError as error:
            trouble = f"refused: {error.message}"
        except Exception as error:  # one delivery's accident is its own: the others go on
            trouble = str(logged(error, errand=delivery.kind, job=delivery.body.get("job")))
        if not trouble:
            self._service.outbox.done(delivery.id)
        elif delivery.tries + 1 >= TRIES or trouble.startswith("refused"):
            log.error("given up", errand=delivery.kind, job=delivery.body.get("job"), message=trouble, tries=delivery.tries + 1)
            self._service.outbox.done(delivery.id)
        else:
            self._service.outbox.later(delivery, later[min(delivery.tries, len(later) - 1)])

    async def _told(self, delivery: Delivery) -> str:
        """An empty text, or why it could not be told."""
        job = self._service.jobs.get(delivery.body["job"])
        if delivery.kind != "webhook":
            return await refresh(self._service.settings, job.told)
        event = {"id": delivery.id, "event": f"job.{job.status}", "job": job_view(self._service, job)}
        return await self._webhook.post(job.webhook, self._service.settings.webhook_secret, str(delivery.id), event)
