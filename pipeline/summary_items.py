"""What is to be summarized: films, folders and finished captions that were named, each as a document with a place for what is written.

movie.mp4                    its captions under -o, else those beside it, else it is described first
folder                       its films; one without films: the captions in it
movie.descriptions.json      these captions
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from pipeline import formats
from pipeline.errors import InputError
from pipeline.filenames import fitted
from pipeline.folders import files_below
from pipeline.inputs import Film, described_stem, find_films
from pipeline.languages import check_tag
from pipeline.missing import missing
from pipeline.options.caption import Settings
from pipeline.outputs import Outputs, plan
from pipeline.safe_open import MEGABYTE, read_text
from pipeline.types import Document

SUFFIX = ".descriptions.json"
LARGEST = 64 * MEGABYTE
"""bytes of a film's JSON"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One film to summarize."""

    name: Path
    """what the user named, or found in a folder that was named"""
    json: Path
    film: Film | None
    """None where only the JSON was named and the film does not stand beside it"""
    folder: Path
    stem: str

    @property
    def described(self) -> bool:
        return os.path.exists(self.json)


def find_items(names: Sequence[str], settings: Settings, *, recursive: bool) -> tuple[list[Item], list[tuple[str, InputError]]]:
    """What the user named, each film once, and what was named and could not be."""
    names = _without_outputs(names)
    found = find_films([name for name in names if not name.endswith(".json")], recursive=recursive)
    under = _places(found.films, settings, settings.output_folder)
    beside = under if settings.output_folder is None else _places(found.films, settings, None)
    items = [
        Item(
            name=film.path,
            json=_captions_of(film, under[film.path].json, beside[film.path].json),
            film=film,
            folder=under[film.path].folder,
            stem=under[film.path].stem,
        )
        for film in found.films
    ]
    jsons, errors = [Path(name) for name in names if name.endswith(".json")], list[tuple[str, InputError]]()
    for name, error in found.errors:
        inside = list(_captions_below(Path(name), recursive=recursive)) if error.code == "no_videos" else []
        jsons += inside
        errors += [] if inside else [(name, error)]
    known = {os.path.abspath(item.json) for item in items}
    for path in jsons:
        if not os.path.exists(path):  # also of a name that is too long for a file system
            errors.append((os.fspath(path), InputError("not_found", missing(path), path=os.fspath(path))))
        elif os.path.abspath(path) not in known:
            known.add(os.path.abspath(path))
            stem = path.name.removesuffix(SUFFIX) if path.name.endswith(SUFFIX) else path.stem
            items.append(Item(name=path, json=path, film=None, folder=settings.output_folder or path.parent, stem=stem))
    return _told_apart(items), errors


def films_of(items: Sequence[Item]) -> tuple[Film, ...]:
    """The films that have no captions yet, or of whose windows the model refused some: they are asked again."""
    return tuple(item.film for item in items if item.film is not None and not _complete(item.json))


def read_document(path: Path) -> Document:
    """A film's captions. Raises InputError ``not_found``, ``unreadable``, ``bad_json``."""
    from pipeline.formats import json

    try:
        return json.from_text(read_text(path, LARGEST))
    except FileNotFoundError:
        raise InputError("not_found", missing(path), path=str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("unreadable", f"{path.name} can't be read: {getattr(error, 'strerror', None) or error}") from None


def _without_outputs(names: Sequence[str]) -> list[str]:
    """Without what stands beside captions that are named too, and was made from them: a shell's ``*`` brings it along."""
    stems = {(Path(name).parent, described_stem(Path(name).name)) for name in names if name.endswith(SUFFIX)}
    return [name for name in names if name.endswith(SUFFIX) or (Path(name).parent, described_stem(Path(name).name)) not in stems]


def _places(films: Sequence[Film], settings: Settings, folder: Path | None) -> dict[Path, Outputs]:
    wanted = [name.strip().lower() for name in settings.format.split(",") if name.strip()]
    return plan(
        films, folder=folder, language=check_tag(settings.language), formats=formats.names() if "all" in wanted else wanted,
        burn=False, mux=False, part=settings.part,
    )  # fmt: skip


def _captions_of(film: Film, under: Path, beside: Path) -> Path:
    """The JSON under ``-o`` where there is one or has to be made; that beside the film where it is of this very film and whole."""
    if beside == under or os.path.exists(under) or not _complete(beside):
        return under
    try:
        alike = read_document(beside).source.size == film.path.stat().st_size
    except (InputError, OSError):
        alike = False
    return beside if alike else under


def _complete(path: Path) -> bool:
    """Whether all windows are described; what can't be read is told later."""
    if not path.exists():
        return False
    try:
        document = read_document(path)
    except InputError:
        return True
    return document.answered == len(document.captions)


def _captions_below(folder: Path, *, recursive: bool) -> Iterator[Path]:
    for path in map(Path, files_below(folder, recursive=recursive)):
        if path.name.endswith(SUFFIX) and not path.name.startswith("."):
            yield path


def _told_apart(items: Sequence[Item]) -> list[Item]:
    """No two are written under one name: captions out of several folders that are called alike gain their folder's name."""

    def place(item: Item, stem: str) -> tuple[str, str]:
        return os.path.abspath(item.folder), stem.casefold()

    alike = Counter(place(item, item.stem) for item in items)
    taken = set[tuple[str, str]]()
    apart: list[Item] = []
    for item in items:
        stem = item.stem
        if item.film is None and alike[place(item, stem)] > 1:
            stem = fitted(f"{item.json.absolute().parent.name}.{stem}")
        free = next(one for one in chain([stem], (f"{stem}~{n}" for n in count(2))) if place(item, one) not in taken)
        taken.add(place(item, free))
        apart.append(replace(item, stem=free))
    return apart
