"""The captions that are there, by film and language: documents and the files made beside them."""

import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import InputError, ScenescribeError
from pipeline.file_version import FileVersion
from pipeline.outputs import Outputs, name_outputs
from pipeline.safe_open import read_text
from pipeline.serve.faults import HttpError
from pipeline.store.lookup import LARGEST

if TYPE_CHECKING:
    from pipeline.types import Document

ENDING = ".descriptions.json"


@dataclass(frozen=True, slots=True)
class Described:
    """A film's captions in one language."""

    language: str
    path: Path
    tag: str
    """changes whenever the document does"""

    def document(self) -> "Document":
        """Raises HttpError 404 ``no_captions``, InputError ``bad_json``."""
        try:
            return _document(self.path, self.tag)
        except UnicodeDecodeError:
            raise InputError("bad_json", "the captions of this film are damaged; a job with overwrite makes them anew") from None
        except OSError:
            raise HttpError(404, "no_captions", "the captions of this film are gone") from None


@lru_cache(maxsize=32)
def _document(path: Path, tag: str) -> "Document":
    from pipeline.formats import read_document

    return read_document(read_text(path, LARGEST))


def _names(folder: Path) -> list[str]:
    """What is in a folder; nothing where it is none, or was removed just now. (``Path.glob`` raises then.)"""
    try:
        return os.listdir(folder)
    except OSError:
        return []


class Library:
    """``films/ID/LANGUAGE/NAME.descriptions.json`` and what stands beside it, below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def outputs(
        self, film: str, name: str, language: str, *, formats: tuple[str, ...] = (), burn: bool = False, mux: bool = False
    ) -> Outputs:
        """Where a job of this film writes."""
        return name_outputs(
            Path(name), self.folder / film / language, Path(name).stem, language=language, formats=formats, burn=burn, mux=mux
        )

    def described(self, film: str) -> dict[str, Described]:
        """A film's captions by language."""
        found: dict[str, Described] = {}
        for language in sorted(_names(self.folder / film)):
            for name in _names(self.folder / film / language):
                if name.endswith(ENDING):
                    path = self.folder / film / language / name
                    if (now := FileVersion.at(path)) is not None:  # else it was removed just now
                        found[language] = Described(language, path, f"{now.size:x}-{now.mtime_ns:x}")
        return found

    def find(self, film: str, language: str | None = None) -> Described:
        """The captions in a language, in the only one or the first where none is named. Raises HttpError 404 ``no_captions``."""
        found = self.described(film)
        chosen = found.get(language) if language is not None else next(iter(found.values()), None)
        if chosen is None:
            there = f"; there are {', '.join(found)}" if found else "; ask for a job with the task caption"
            raise HttpError(404, "no_captions", f"this film has no captions{f' in {language[:40]!r}' if language else ''}{there}")
        return chosen

    def files(self, film: str, language: str) -> dict[str, Path]:
        """What is beside a document, by file name: sidecars and videos that jobs made."""
        folder = self.folder / film / language
        try:
            return {
                e.name: Path(e.path)
                for e in os.scandir(folder)
                if e.is_file(follow_symlinks=False) and not e.name.startswith(".")
            }
        except OSError:
            return {}

    def made(self, film: str, language: str, ending: str) -> Path | None:
        """The file beside a document that ends so: ``.summary.json``, ``.chapters.vtt``; None where no job made it."""
        return next((path for name, path in self.files(film, language).items() if name.endswith(ending)), None)

    def documents(self, films: Collection[str]) -> dict[Path, str]:
        """Every document of these films, and the film that it is of: what was left of one that was removed is none."""
        return {
            self.folder / film / language / name: film
            for film in _names(self.folder)
            if film in films
            for language in _names(self.folder / film)
            for name in _names(self.folder / film / language)
            if name.endswith(ENDING)
        }

    def film_of(self, path: Path) -> str:
        """The film that a document, or a summary beside it, is of."""
        return path.relative_to(self.folder).parts[0]

    def take_into_index(self, document: Path, state_folder: Path) -> None:
        """Have the search know a document before the first search does it. Raises InputError, OutputError."""
        from pipeline.retrieval.index import indexed_in

        def trouble(_: Path, error: ScenescribeError) -> None:
            raise error

        indexed_in(state_folder, lambda index: index.update([document], trouble))

    def forget(self, film: str) -> None:
        shutil.rmtree(self.folder / film, ignore_errors=True)
