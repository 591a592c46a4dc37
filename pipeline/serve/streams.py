"""``--cameras FILE``: streams that the operator configured, described on the service's engine and shown. Clients name them; none gives an address."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import log as logs
from pipeline.errors import EnvironmentFault
from pipeline.frames import Image
from pipeline.live.address import Address, Kind
from pipeline.live.cameras import plans
from pipeline.live.events import line
from pipeline.live.outputs.listeners import Listeners
from pipeline.live.plan import Plan
from pipeline.live.station import Station
from pipeline.live.stream import Stream
from pipeline.serve.faults import HttpError

if TYPE_CHECKING:
    from pipeline.studio import Studio

AGAIN = 30.0
"""seconds before streams are begun anew where the engine could not go on"""
log = logs.get(__name__)


class Streams:
    """The configured streams of a service; none, where no file is named."""

    def __init__(self, file: Path | None, studio: "Studio") -> None:
        """Raises UsageError: what the file says can't be."""
        self._studio = studio
        common = Plan(name="", address=Address(kind=Kind.STDIN, url="-", shown="stdin"), previous=0 if studio.preset.knows else 1)
        self.plans = plans([str(file)], common) if file is not None else []
        self.listeners = Listeners()
        self._station: Station | None = None

    def __bool__(self) -> bool:
        return bool(self.plans)

    async def run(self) -> None:
        """Until it is cancelled. An engine that can't go on is told of by the jobs' breaker; here it is tried again."""
        while self.plans:
            self._station = Station(self.plans, self._studio.recipe, self._studio.engine)
            self._station.outputs.append(self.listeners)
            try:
                await self._station.run()
                return  # each was given up, or ended
            except EnvironmentFault as fault:
                log.warning("streams wait for the engine", code=fault.code)
                await asyncio.sleep(AGAIN)

    def names(self) -> list[str]:
        return [plan.name for plan in self.plans]

    def view(self, name: str) -> dict[str, Any]:
        """One stream as clients see it: never its address. Raises HttpError 404."""
        stream = self._stream(name)
        latest = self.listeners.latest.get(name)
        return {
            "object": "stream",
            "name": name,
            "state": stream.state if stream is not None else "loading",
            "reason": stream.reason if stream is not None else "",
            "level": stream.describing.controller.level if stream is not None else 0,
            "seconds": {kind: round(value, 3) for kind, value in stream.timeline.ledger.seconds.items()} if stream else {},
            "latest": json.loads(line(latest)) if latest is not None else None,
            "links": {"events": f"/v1/streams/{name}/events", "picture": f"/v1/streams/{name}/picture"},
        }

    def picture(self, name: str) -> tuple[Image, tuple[int, int] | None]:
        """The last picture of what was described last, and (width, height) of the stream's own. Raises HttpError 404."""
        stream = self._stream(name)
        shown = stream.describing.shown if stream is not None else None
        if stream is None or shown is None:
            raise HttpError(404, "not_found", f"nothing of '{name}' is described yet")
        return shown, stream.shape.get("size")

    def _stream(self, name: str) -> Stream | None:
        if name not in self.names():
            raise HttpError(404, "not_found", f"there is no stream '{name[:64]}'; GET /v1/streams lists them")
        streams = self._station.streams if self._station is not None else []
        return next((one for one in streams if one.plan.name == name), None)
