"""What an earlier run left: results that are finished, files that are not ours, a source that is not the same any more."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import OutputError, ScenescribeError
from pipeline.outputs import Outputs
from pipeline.safe_open import read_text
from pipeline.types import Document, VideoInfo

LARGEST = 64 * 1024 * 1024
"""bytes of a JSON of ours; ten hours of captions are 10 MB"""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier run knew. ``current``: the outputs that are there were made from it, and only missing ones are written."""

    document: Document
    current: bool


class Shelf:
    """Where a film's document is looked for before the model is asked, and kept after: the JSON beside the outputs.

    The watch folder has one of its own, which knows films by their content.
    """

    def __init__(self, *, overwrite: bool = False) -> None:
        self.overwrite = overwrite

    async def find(self, outputs: Outputs, key: Mapping[str, Any], info: VideoInfo) -> Earlier | None:
        """The document that makes asking needless, or None. Raises OutputError where an output's name is somebody else's."""
        document = await asyncio.to_thread(find, outputs, key, info.size, overwrite=self.overwrite)
        if document is not None:
            return Earlier(document, current=True)
        await asyncio.to_thread(refuse_strangers, outputs, overwrite=self.overwrite)
        return None

    async def keep(self, document: Document) -> Document:
        """A new document is there and not yet written: what is to be written of it. Here the JSON will keep it."""
        return document


def find(outputs: Outputs, key: Mapping[str, Any], size: int, *, overwrite: bool) -> Document | None:
    """The document of an earlier run of this film (its ``size`` in bytes) with these settings, or None.

    Raises OutputError ``output_exists`` where the JSON's name is taken by something else, and ``settings_differ`` where the film
    was described with other settings: neither is replaced without ``--overwrite``.
    """
    from pipeline.formats import json

    if overwrite or not os.path.lexists(outputs.json):
        return None
    try:
        document = json.from_text(read_text(outputs.json, LARGEST))
    except (ScenescribeError, OSError, UnicodeDecodeError):
        raise _in_the_way(outputs.json) from None
    if document.source.size != size:
        return None  # another film has taken the name since: it is described anew, over our own outputs
    changed = sorted(name for name, value in key.items() if document.settings.get(name) != value)
    if changed:
        raise OutputError(
            "settings_differ",
            f"it was described before with another {', '.join(changed)}; --overwrite describes it anew",
            changed=changed,
        )
    return document


def refuse_strangers(outputs: Outputs, *, overwrite: bool) -> None:
    """Raise OutputError ``output_exists`` where an output's name is taken by a file that we did not write.

    Files with our JSON beside them are ours.
    """
    if overwrite or outputs.json.exists():
        return
    for path in outputs.all:
        if os.path.lexists(path):
            raise _in_the_way(path)


def stamp(path: Path) -> int:
    """When the file was last written, in nanoseconds; 0 where it is gone."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def compare(path: Path, size: int, stamped: int) -> Literal["same", "changed", "vanished"]:
    """What became of a file that had this size and stamp."""
    try:
        now = path.stat()
    except OSError:
        return "vanished"
    return "same" if (now.st_size, now.st_mtime_ns) == (size, stamped) else "changed"


def _in_the_way(path: Path) -> OutputError:
    return OutputError(
        "output_exists", f"{path} is there and was not written by Scenescribe; --overwrite replaces it", path=str(path)
    )
