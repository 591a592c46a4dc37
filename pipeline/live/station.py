"""Many streams on one engine: started staggered, told of together, ended together.

    streams 1..N  -> phases k * window / N, so that their windows close one after the other
                  -> events -> every output

Where the engine is too slow, a stream of a lower ``priority`` gives way before one of a higher.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pipeline import log as logs
from pipeline.accident import failure, logged
from pipeline.captioning.recipe import Recipe
from pipeline.engine.engine import Engine
from pipeline.errors import ScenescribeError
from pipeline.heap import Upkeep
from pipeline.live.events import Event
from pipeline.live.outputs.base import Output
from pipeline.live.pieces import Piece
from pipeline.live.plan import Plan
from pipeline.live.stream import Stream
from pipeline.live.wall import Wall
from pipeline.video.live.process import Spares
from pipeline.watch.systemd import Systemd

HEARTBEAT = 10.0
MOST_SAID = 100
"""accidents of different kinds that are told of"""
log = logs.get(__name__)


class Station:
    def __init__(self, plans: Sequence[Plan], recipe: Recipe, engine: Engine, systemd: Systemd | None = None) -> None:
        """Made on the event loop that it runs on. ``systemd`` is told of the station, where it is the whole of a service."""
        self.engine, self.wall = engine, Wall()
        self._systemd, self._spares = systemd, Spares()
        self.outputs: list[Output] = []
        self.streams: list[Stream] = []
        self._said = set[tuple[str, str]]()
        for number, plan in enumerate(plans):
            stream = Stream(
                plan, recipe, engine, self.emit, spares=self._spares, give=self.give, phase=number * plan.window / len(plans), wall=self.wall,
                level_up=lambda plan=plan: self._level_up(plan),  # type: ignore[misc]
            )  # fmt: skip
            self.streams.append(stream)

    def shape_of(self, name: str) -> dict[str, Any]:
        """Size, rate and codec of a stream's pictures, as far as they are known."""
        return next((stream.shape for stream in self.streams if stream.plan.name == name), {})

    def emit(self, event: Event) -> None:
        self._each("offer", event)

    def give(self, piece: Piece) -> None:
        """A piece of a stream's picture, to who shows or keeps it."""
        self._each("picture", piece)

    def _each(self, what: Literal["offer", "picture"], given: Any) -> None:
        """To every output: what one of them makes of it costs no other, and no stream."""
        for output in self.outputs:
            try:
                getattr(output, what)(given)
            except Exception as error:
                self._accident(f"output {output.name}", error)

    def _accident(self, whose: str, error: BaseException) -> None:
        """Said once of each kind: a stream has some every second."""
        if (told := (whose, repr(error))) not in self._said and len(self._said) < MOST_SAID:
            self._said.add(told)
            logged(error, whose=whose)

    async def run(self) -> dict[str, str]:
        """Until all streams have ended: name -> how. Raises EnvironmentFault and UsageError: the engine can't go on."""
        await asyncio.shield(self.engine.warm())
        for output in self.outputs:
            await output.open()
        if self._systemd is not None:
            self._systemd.ready()
        beating = asyncio.create_task(self._beat(), name="heartbeat")
        running = {asyncio.create_task(stream.run(), name=stream.plan.name): stream for stream in self.streams}
        how: dict[str, str] = {}
        try:
            waiting = set(running)
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    how[running[task].plan.name] = self._how(running[task], task)
            return how
        finally:
            for one in (*running, beating):
                one.cancel()
            await asyncio.gather(*running, beating, return_exceptions=True)
            self._spares.close()
            for output in self.outputs:
                try:
                    await output.close()
                except asyncio.CancelledError:
                    continue
                except Exception as error:
                    self._accident(f"output {output.name}", error)

    def _how(self, stream: Stream, task: "asyncio.Task[str]") -> str:
        """How a stream ended. An accident of one is its own: the others go on. Raises EnvironmentFault and UsageError."""
        try:
            return task.result()
        except ScenescribeError:
            raise
        except Exception as error:
            wrong = failure(Path(stream.plan.name), error)
            stream.reason, stream.told = wrong.code, wrong.message
            return "gave_up"

    def stop(self) -> None:
        """End all streams as if their sources had ended: what waits is still described."""
        if self._systemd is not None:
            self._systemd.stopping()
        for stream in self.streams:
            stream.stop()

    def _level_up(self, plan: Plan) -> bool:
        """Whether a stream of lower priority could give way in place of this one, and does now."""
        lower = [stream for stream in self.streams if stream.plan.priority < plan.priority and stream.state == "live"]
        for stream in sorted(lower, key=lambda stream: (stream.plan.priority, stream.describing.controller.level)):
            controller = stream.describing.controller
            if controller.level < controller.highest:
                controller.gave_way()
                return True
        return False

    def _status(self) -> str:
        """What ``systemctl status`` shows: ``2 live, 1 offline (yard)``."""
        away = [stream.plan.name for stream in self.streams if stream.state not in ("live", "loading", "connecting")]
        live = sum(stream.state == "live" for stream in self.streams)
        return f"{live} of {len(self.streams)} live" + (f"; away: {', '.join(away[:5])}" if away else "")

    async def _beat(self) -> None:
        every = min(HEARTBEAT, (self._systemd.watchdog / 3 if self._systemd is not None else 0.0) or HEARTBEAT)
        upkeep = Upkeep()
        while True:
            if self._systemd is not None:
                self._systemd.alive(self._status())
            await asyncio.sleep(every)
            try:
                await upkeep.look()
            except Exception as error:
                self._accident("heartbeat", error)
            moved = self.wall.look()
            for stream in self.streams:  # an accident of one costs no other its own
                try:
                    if moved:
                        stream.clock_moved(moved)
                    stream.heartbeat()
                except Exception as error:
                    self._accident(f"heartbeat of {stream.plan.name}", error)
