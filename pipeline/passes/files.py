"""The files of a summary: what they are called, which of them are there and ours, and how they come to be.

    movie.summary.json, movie.summary.md      movie.chapters.vtt|json|txt|ffmeta      movie.chaptered.mp4

The JSON comes first and tells whose the others are: with it on the disk all else is made again without a model.
"""

import os
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import chapters
from pipeline.errors import InputError, OutputError
from pipeline.filenames import name_in
from pipeline.files import explained, write_whole
from pipeline.outline import Summary
from pipeline.passes import json, markdown
from pipeline.types import SUMMARY_REFUSED, Notice
from pipeline.unfinished import done


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryFiles:
    """The places of one film's summary."""

    folder: Path
    stem: str
    chapters: bool = False
    """whether the files of chapters are wished"""
    film: Path | None = None
    """the film, of which a copy with chapters is wished; None: none is"""

    @property
    def json(self) -> Path:
        return name_in(self.folder, self.stem, ".summary.json")

    @property
    def texts(self) -> dict[Path, Callable[[Summary], str]]:
        """The small files, and what is in them."""
        made: dict[Path, Callable[[Summary], str]] = {
            self.json: json.to_text,
            name_in(self.folder, self.stem, ".summary.md"): markdown.to_text,
        }
        for name in chapters.names() if self.chapters else ():
            made[name_in(self.folder, self.stem, f".chapters{chapters.suffix(name)}")] = _chapters_as(name)
        return made

    @property
    def video(self) -> Path | None:
        """The copy with chapters, in the film's own container where that is MP4, MOV or WebM, else in MKV."""
        if self.film is None:
            return None
        suffix = self.film.suffix.lower()
        return name_in(self.folder, self.stem, f".chaptered{suffix if suffix in ('.mp4', '.m4v', '.mov', '.webm') else '.mkv'}")

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file that will be there in the end, the JSON first."""
        return (*self.texts, *((self.video,) if self.video is not None else ()))

    def earlier(self, digest: str, settings: Mapping[str, Any], *, overwrite: bool) -> Summary | None:
        """The summary of an earlier run of these captions with these settings, or None.

        Raises OutputError ``output_exists`` where a name is taken by a file that we did not write, ``settings_differ``.
        """
        if overwrite:
            return None
        if not os.path.lexists(self.json):
            for path in self.all:
                if os.path.lexists(path):
                    raise _in_the_way(path)
            return None
        try:
            summary = json.read(self.json)
        except InputError:
            raise _in_the_way(self.json) from None
        if summary.captions != digest:
            return None  # the film was described anew since: so is its summary, over our own files
        if any(notice.code == SUMMARY_REFUSED for notice in summary.warnings):
            return None  # it is asked again
        changed = sorted(name for name in {*settings, *summary.settings} if settings.get(name) != summary.settings.get(name))
        if changed:
            raise OutputError(
                "settings_differ",
                f"it was summarized before with another {', '.join(changed)}; --overwrite does it anew",
                changed=changed,
            )
        return summary

    def missing(self) -> list[Path]:
        return [path for path in self.all if not done(path)]

    def write_texts(self, summary: Summary, wanted: Collection[Path]) -> None:
        """Those of the small files that are wanted. Blocks. Raises OutputError ``no_space``, ``unwritable``."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explained(self.folder, error) from error
        for path, text in self.texts.items():
            if path in wanted:
                # what stands beside a JSON is taken for its own by the next run, also where this one ends before it is made anew
                others = self.all[1:] if path == self.json else ()
                write_whole(path, text(summary).encode("utf-8", "replace"), outdated=others)

    def write_video(
        self,
        summary: Summary,
        *,
        on_progress: Callable[[float], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> tuple[Notice, ...]:
        """The copy of the film with chapters. Blocks. Raises as ``media.mux``."""
        from pipeline import media

        assert self.film is not None
        assert self.video is not None
        return media.mux(self.film, [], self.video, chapters=summary.chapters, on_progress=on_progress, cancel=cancel)


def _chapters_as(name: str) -> Callable[[Summary], str]:
    return lambda one: chapters.write(name, one.chapters, language=one.language, title=one.source.name)


def _in_the_way(path: Path) -> OutputError:
    return OutputError(
        "output_exists", f"{path} is there and was not written by Scenescribe; --overwrite replaces it", path=str(path)
    )
