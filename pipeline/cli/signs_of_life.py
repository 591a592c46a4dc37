"""What is said while a model loads: that it goes on, for how long, and what is usual."""

import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from pipeline.cli import console
from pipeline.cli.summary import clock
from pipeline.store.past import Past, kind, recall

if TYPE_CHECKING:
    from pipeline.captioning.recipe import Recipe

MOMENT = 2.0
"""seconds of loading after which it is said how long that usually takes"""
SECOND = 1.0
"""between two looks at whether it is loaded"""
PLAIN_EVERY = 10.0
"""seconds between two such lines where stderr is no terminal"""
USUAL = {
    "vllm": "a small model on a CPU usually takes about a minute, a large one on a GPU one to five; the first time it is downloaded too",
    "vllm-cpu": "usually about a minute; the first time a model of the hub is downloaded too",
    "transformers": "usually under a minute; the first time a model of the hub is downloaded too",
}
"""engine -> what usually takes how long, where no earlier run says it"""
WAITED_FOR = {"openai": "asking the server", "echo": "starting the engine"}
"""engine that loads no model -> what is waited for instead"""


def waited_for(engine: str) -> str:
    """``loading the model``, or what an engine does that loads none."""
    return WAITED_FOR.get(engine, "loading the model")


def loading(seconds: float, engine: str) -> str:
    """``loading the model: 0:12``: it stands on the line of each film, so it is short."""
    return f"{waited_for(engine)}: {clock(seconds)}"


def loaded(seconds: float) -> str:
    """``model loaded in 0:54``."""
    return f"model loaded in {clock(seconds)}"


def usual(past: Past | None, engine: str) -> str:
    """``loading the model; the last time took 0:54``, said once where loading takes longer than a moment."""
    known = f"the last time took {clock(past.start)}" if past is not None and past.start >= 1 else USUAL.get(engine, "")
    return f"{waited_for(engine)}{f'; {known}' if known else ''}"


def earlier(recipe: "Recipe", engine: str) -> Past | None:
    """The latest run of the same kind. ``engine``: as ``--engine`` calls it."""
    return recall(kind(recipe.model, engine, recipe.windows, recipe.sampler))


class Model(Protocol):
    """What is waited for."""

    @property
    def ready(self) -> bool:
        """Whether it is loaded."""

    def starting_seconds(self, since: float, until: float) -> float:
        """Seconds between two moments of time.monotonic's clock in which it was loading."""


class Waiting:
    """A context manager of commands that have no screen of films: on stderr it says that the model loads, until that is there.

    On a terminal one line that counts the seconds and is taken away in the end, elsewhere a line now and then. It works from a
    thread of its own, so the block may wait in any way. ``counts``: False where others write to the terminal meanwhile.
    """

    def __init__(self, model: Model, engine: str, past: Past | None = None, *, counts: bool = True) -> None:
        self._model, self._engine, self._usual = model, engine, usual(past, engine)
        self._counts = counts and sys.stderr.isatty()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if not self._model.ready:
            self._thread = threading.Thread(target=self._tell, name="signs of life", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Say nothing more; may be called before the block is left, and twice."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _tell(self) -> None:
        told = 0.0
        shown = False
        while not self._over.wait(SECOND) and not self._model.ready:
            passed = self._model.starting_seconds(0.0, time.monotonic())  # 0 where it is not even asked for
            if not told and passed >= MOMENT:
                told = time.monotonic()
                console.say(self._usual)
            elif told and self._counts:
                shown = True
                console.rewrite(loading(passed, self._engine))
            elif told and time.monotonic() - told >= PLAIN_EVERY:
                told = time.monotonic()
                console.say(loading(passed, self._engine))
        if shown:
            console.rewrite("")
