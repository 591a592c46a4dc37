"""The service for tests: the real server on a port of its own, in a thread with a loop of its own, so that any client may ask it."""

import asyncio
import io
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from patience import PATIENCE, START

from models.engines.echo import EchoCaptioner
from pipeline.options.serve import ServeSettings
from pipeline.serve.server import serve
from pipeline.serve.service import Service
from pipeline.watch.timings import Timings

HURRIED = Timings(
    stop=4.0, grace=0.0, tick=0.05, retry=(0.05, 0.05), probe_first=0.1, deliveries_pause=0.05, deliveries_retry=(0.05,)
)


class Running:
    """A service that listens. ``client`` has the key."""

    def __init__(self, state: Path, *, captioner: Any = None, **options: Any) -> None:
        options = {"engine": "echo", "listen": "127.0.0.1:0", "windows": "fixed:seconds=2", **options}
        self.settings = ServeSettings(state_dir=state, **options)
        here = options["engine"] == "echo" and "hosts" not in options
        self.captioner = EchoCaptioner() if captioner is None and here else captioner
        self.error: BaseException | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="service")
        self._thread.start()
        self._ready.wait(PATIENCE)
        if self.error is not None:
            raise self.error
        self.client = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=PATIENCE)

    def _run(self) -> None:
        async def main() -> None:
            self._stop, self.loop = asyncio.Event(), asyncio.get_running_loop()
            await serve(self.settings.listen, self._made, self._stop, self._listens)

        try:
            asyncio.run(main())
        except BaseException as error:
            self.error = error
        finally:
            self._ready.set()

    def _made(self) -> Service:
        return Service(self.settings, captioner=self.captioner, timings=HURRIED)

    def _listens(self, url: str, service: Service) -> None:
        self.url, self.service, self.key = url, service, service.key.text
        self._ready.set()

    def stop(self) -> None:
        self.client.close()
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), f"the service ends; it stands here:\n{stands(self.loop)}"

    def on_loop(self, work: Any) -> Any:
        """The result of a coroutine that runs on the service's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(START)

    def upload(self, path: Path, name: str | None = None) -> dict[str, Any]:
        answer = self.client.post(
            "/v1/files", files={"file": (name or path.name, path.read_bytes())}, data={"purpose": "user_data"}
        )
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    def job(self, film: str, task: str = "caption", **settings: Any) -> dict[str, Any]:
        answer = self.client.post("/v1/jobs", json={"film": film, "task": task, "settings": settings})
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def done(self, job: str) -> dict[str, Any]:
        """The job when it is over: its events are read to their end."""
        with self.client.stream("GET", f"/v1/jobs/{job}/events") as answer:
            assert answer.status_code == 200
            for _ in answer.iter_lines():
                pass
        return dict(self.client.get(f"/v1/jobs/{job}").json())


def stands(loop: asyncio.AbstractEventLoop) -> str:
    """Where all threads of this process are, and all tasks of a loop that another thread turns."""
    told = io.StringIO()
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for number, frame in sys._current_frames().items():
        told.write(f"thread {names.get(number, number)}\n")
        traceback.print_stack(frame, file=told)
    for task in asyncio.all_tasks(loop):
        task.print_stack(file=told)
    return told.getvalue()


def breaks_once(error: Exception, real: Callable[..., Any], struck: list[object]) -> Callable[..., Any]:
    """``real``, with an accident the first time that it is called; ``struck`` is not empty then."""

    def broken(*values: Any, **more: Any) -> Any:
        if not struck:
            struck.append(values)
            raise error
        return real(*values, **more)

    return broken


@contextmanager
def running(state: Path, **options: Any) -> Iterator[Running]:
    service = Running(state, **options)
    try:
        yield service
    finally:
        service.stop()


def events_of(text: str) -> list[tuple[int, str, str]]:
    """(id, event, data) of a stream's text."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "id" in fields:
            found.append((int(fields["id"]), fields["event"], fields["data"]))
    return found
