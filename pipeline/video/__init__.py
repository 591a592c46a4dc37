"""From a file to windows of frames: ``probe`` says what a film is, ``open_film`` reads it in child processes.

Nothing heavy is imported before one of these names is used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.video.film import Film, open_film
    from pipeline.video.limits import Limits
    from pipeline.video.look import probe
    from pipeline.video.pool import WorkerPool

__all__ = ["Film", "Limits", "WorkerPool", "open_film", "probe"]

_HOMES = {"Film": "film", "open_film": "film", "Limits": "limits", "WorkerPool": "pool", "probe": "look"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"pipeline.video.{_HOMES[name]}"), name)
