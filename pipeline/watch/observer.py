"""Who is told what the daemon does: the log by default, a person's screen where one looks on (``pipeline/cli/watch_screen.py``)."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import log as logs
from pipeline.errors import ScenescribeError
from pipeline.inputs import Film
from pipeline.observing import Observer, Result
from pipeline.store.identity import Found
from pipeline.watch.state import State

log = logs.get("pipeline.watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a job ended. ``state``: done, skipped or failed; ``result`` where the film was described."""

    film: Film
    state: str
    reason: str = ""
    message: str = ""
    captions: int = 0
    result: Result | None = None


class WatchObserver:
    """Told on the event loop, quickly; the defaults do nothing."""

    def watching(self, state: State, *, taken_back: int, retried: int) -> None:
        """The daemon runs. ``taken_back``: films that a crash interrupted, ``retried``: failed ones that are tried again."""

    def queued(self, found: Sequence[Found], count: int) -> None:
        """Films arrived, ``count`` of them in a version that is new."""

    def waits(self, changing: Sequence[Path]) -> None:
        """Files have been waited for, a minute or longer, that still change; said again now and then."""

    def film(self, film: Film) -> Observer:
        """A film's job begins: who is told of it. ``left`` is called when it is over."""
        return Observer()

    def loaded(self) -> None:
        """The model is there."""

    def left(self, film: Film) -> None:
        """The film is not worked on any more, for whatever reason."""

    def again(self, film: Film, error: ScenescribeError, after: float) -> None:
        """It failed, and is tried again in ``after`` seconds."""

    def ended(self, ended: Ended) -> None:
        """Its job is over."""

    def stopped(self) -> None:
        """The daemon has ended."""


class LogLines(WatchObserver):
    """One line in the log for each; the film is named first."""

    def __init__(self) -> None:
        self._called: Callable[[Path], Path | str] = lambda path: path

    def watching(self, state: State, *, taken_back: int, retried: int) -> None:
        folder, self._called = state.settings.state_folder, state.called
        log.info("watching", folder=self._called(state.root), taken_back=taken_back, retried=retried, state_folder=folder)

    def queued(self, found: Sequence[Found], count: int) -> None:
        names = {"path": self._called(found[0].path)} if len(found) == 1 else {}
        log.info("queued", **names, films=count)

    def waits(self, changing: Sequence[Path]) -> None:
        text = "they are taken when they stand still for --settle seconds"
        log.info(
            "waits for files that still change",
            films=len(changing),
            path=self._called(changing[0]),
            reason="still_changing",
            message=text,
        )

    def again(self, film: Film, error: ScenescribeError, after: float) -> None:
        log.warning("another try", path=self._called(film.path), reason=error.code, message=error.message, in_seconds=after)

    def ended(self, ended: Ended) -> None:
        told = {name: value for name in ("reason", "message", "captions") if (value := getattr(ended, name))}
        (log.error if ended.state == "failed" else log.info)(ended.state, path=os.fspath(self._called(ended.film.path)), **told)

    def stopped(self) -> None:
        log.info("stopped")
