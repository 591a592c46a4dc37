"""What an earlier run left: results that are finished, files that are not ours, a source that is not the same any more."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.errors import OutputError, ScenescribeError
from pipeline.filenames import SIDECARS
from pipeline.outputs import Outputs
from pipeline.safe_open import read_text
from pipeline.store.whose import is_made_of
from pipeline.types import Caption, Document, Outcome, Span, VideoInfo, span_of

LARGEST = 64 * 1024 * 1024
"""bytes of a JSON of ours; ten hours of captions are 10 MB"""

_LATER = ("part",)
"""settings that a document has only where they were asked for: without them it is another one"""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier run knew. ``current``: the outputs that are there were made from it, and only missing ones are written."""

    document: Document
    current: bool
    settled: bool = False
    """nothing is asked again: it was asked with other settings, and is taken as it is"""

    @property
    def unanswered(self) -> int:
        """Windows that the engine refused then: they are asked again."""
        return 0 if self.settled else len(self.document.captions) - self.document.answered

    @property
    def open(self) -> bool:
        """Whether anything is asked again: windows, or the second step of ``--refine``."""
        return self.unanswered > 0 or (self.document.unrefined and not self.settled)

    @property
    def answered(self) -> dict[Span, Caption]:
        """The other windows, as the model described them, by their times to the millisecond."""
        return {
            span_of(caption.start, caption.end): caption
            if caption.original is None
            else replace(caption, text=caption.original, original=None)
            for caption in self.document.captions
            if caption.outcome is not Outcome.FAILED
        }


class Lookup:
    """Where a film's document is looked for before the model is asked, and kept after. This one knows and keeps nothing."""

    async def find(self, key: Mapping[str, Any], info: VideoInfo) -> Earlier | None:
        """The document that makes asking needless, or None. Raises OutputError where an output's name is somebody else's."""
        return None

    async def keep(self, document: Document) -> Document:
        """A new document is there and not yet written: what is to be written of it."""
        return document


class FileLookup(Lookup):
    """The JSON beside the outputs. The watch folder has one of its own, which knows films by their content."""

    def __init__(self, outputs: Outputs, *, overwrite: bool = False) -> None:
        self.outputs, self.overwrite = outputs, overwrite

    async def find(self, key: Mapping[str, Any], info: VideoInfo) -> Earlier | None:
        document = await asyncio.to_thread(find, self.outputs, key, info.size, overwrite=self.overwrite)
        await asyncio.to_thread(refuse_strangers, self.outputs, overwrite=self.overwrite)
        return Earlier(document, current=True) if document is not None else None


class WhatIsThere(FileLookup):
    """For what uses captions: those that are there, whatever they were asked with. Windows that were refused with these very
    settings are asked again."""

    async def find(self, key: Mapping[str, Any], info: VideoInfo) -> Earlier | None:
        if not self.outputs.json.exists():
            return await super().find(key, info)
        document = await asyncio.to_thread(_read, self.outputs.json)
        try:
            alike = await asyncio.to_thread(find, self.outputs, key, info.size, overwrite=False) is not None
        except OutputError as error:
            if error.code != "settings_differ":
                raise
            alike = False
        return Earlier(document, current=True, settled=not alike)


def find(outputs: Outputs, key: Mapping[str, Any], size: int, *, overwrite: bool) -> Document | None:
    """The document of an earlier run of this film (its ``size`` in bytes) with these settings, or None.

    Raises OutputError ``output_exists`` where the JSON's name is taken by something else, and ``settings_differ`` where the film
    was described with other settings: neither is replaced without ``--overwrite``.
    """
    if overwrite or not os.path.lexists(outputs.json):
        return None
    document = _read(outputs.json)
    if document.source.size != size:
        return None  # another film has taken the name since: it is described anew, over our own outputs
    changed = sorted(name for name in {*key, *_LATER} if document.settings.get(name) != key.get(name))
    if changed:
        raise OutputError(
            "settings_differ",
            f"it was described before with another {', '.join(changed)}; --overwrite describes it anew, another -o keeps both",
            changed=changed,
        )
    return document


def refuse_strangers(outputs: Outputs, *, overwrite: bool) -> None:
    """Raise OutputError ``output_exists`` where an output's name is taken by a file that we did not write.

    Files with our JSON beside them are ours, if their names are: what ``--sidecar-name`` calls them a film's dialogue may be called too.
    """
    if overwrite:
        return
    there = [path for path in outputs.all if os.path.lexists(path)]
    if outputs.json in there:
        named = [] if outputs.sidecars == SIDECARS else [path for path in map(outputs.sidecar, outputs.formats) if path in there]
        document = _read(outputs.json) if named else None
        there = [path for path in named if document is not None and not is_made_of(path, document)]
    for path in there:
        raise _in_the_way(path)


def _read(path: Path) -> Document:
    """A JSON of ours. Raises OutputError ``output_exists`` where it is none."""
    from pipeline.formats import json

    try:
        return json.from_text(read_text(path, LARGEST))
    except (ScenescribeError, OSError, UnicodeDecodeError):
        raise _in_the_way(path) from None


def _in_the_way(path: Path) -> OutputError:
    return OutputError(
        "output_exists", f"{path} is there and was not written by Scenescribe; --overwrite replaces it", path=str(path)
    )
