"""Films of captions that stand elsewhere than beside them: named along with these, and found by name and size, as ``ask`` does.

search "a red van" films described        films/a.mp4, described/a.descriptions.json
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.inputs import find_films
from pipeline.retrieval.hits import Hit
from pipeline.retrieval.reading import size_of

Films = Mapping[str, Sequence[Path]]
"""films by their names without suffix"""


def films_of(names: Sequence[str]) -> Films:
    """All films that were named, or that lie in folders which were."""
    found = dict[str, list[Path]]()
    for film in find_films([name for name in names if not name.endswith(".json")], recursive=True).films:
        found.setdefault(film.path.stem, []).append(Path(os.path.abspath(film.path)))
    return found


def candidates(films: Films, document: Path) -> Iterator[Path]:
    """Films whose captions these may be, by what they are called; the longest name first."""
    for end in range(len(document.name), 0, -1):
        yield from films.get(document.name[:end], ())


def with_films(hits: Sequence[Hit], names: Sequence[str]) -> list[Hit]:
    """The hits, with the films of those whose film is no more than a name: the named ones of the size that the captions tell."""
    if all(hit.film.is_absolute() for hit in hits):
        return list(hits)
    films, known = films_of(names), dict[Path, Path | None]()
    for hit in hits:
        if not hit.film.is_absolute() and hit.document not in known:
            known[hit.document] = _film_of(films, hit.document)
    return [replace(hit, film=known.get(hit.document) or hit.film) for hit in hits]


def _film_of(films: Films, document: Path) -> Path | None:
    there = list(candidates(films, document))
    size = size_of(document) if there else None
    return next((film for film in there if size is not None and _size(film) == size), None)


def _size(film: Path) -> int | None:
    try:
        return film.stat().st_size
    except OSError:
        return None
