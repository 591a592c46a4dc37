"""One search from a person's words to hits: the index brought up to date, then asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

from platformdirs import user_state_path

from pipeline.errors import EnvironmentFault, InputError, ScenescribeError, UsageError
from pipeline.retrieval.films import candidates, films_of, with_films
from pipeline.retrieval.hits import Hit
from pipeline.retrieval.index import Index, indexed_in
from pipeline.retrieval.meaning import Embedder, by_meaning, fused, prepare
from pipeline.retrieval.reading import documents
from pipeline.retrieval.text import query_of
from pipeline.retrieval.words import Words

By = Literal["words", "meaning", "both"]
POOL = 50
"""hits of each channel that are fused"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was found. ``some``: no caption holds all words, these hold some of them."""

    hits: tuple[Hit, ...]
    some: bool = False
    searched: int = 0
    """documents that were looked through"""


def search(
    query: str,
    names: Sequence[str] = (),
    *,
    state_folder: Path | None = None,
    most: int = 10,
    by: By = "words",
    since: date | None = None,
    until: date | None = None,
    embedder: Embedder | None = None,
    on_trouble: Callable[[Path | str, ScenescribeError], None] = lambda *_: None,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> Results:
    """Search the captions of these films, folders and JSON files; of all that were searched before where none is named.

    A document that can't be read, a name that is not there, is told to ``on_trouble``; the others are searched. A film whose captions
    stand elsewhere may be named along with them. ``on_progress`` is told how many documents' vectors are made, of how many. ``since``
    and ``until``: days, both within, on which the captions were written. Raises UsageError ``bad_value`` (no word to look for) and
    ``nothing_indexed``, EnvironmentFault ``state_unwritable``.
    """
    query_of(query)  # said before any file is read
    if by != "words" and embedder is None:
        raise UsageError("bad_value", "a search by meaning needs an embedding model")
    told = _Once(on_trouble)
    named = _paths(names, told)

    def searched(index: Index) -> Results:
        paths = named if names else index.known()
        if not paths and not names:
            raise UsageError("nothing_indexed", "nothing was searched before: name a film, a folder or a .descriptions.json")
        among = index.update(paths, told)
        if since is not None or until is not None:
            among = index.written_between(since, until, among)
        limits = among if len(among) < index.count else None
        words, some, near = list[Hit](), False, list[Hit]()
        if by != "meaning":
            words, some = Words(index.database).search(query, most=most if by == "words" else POOL, among=limits)
        if by != "words":
            assert embedder is not None
            prepare(index, embedder, among, on_progress)
            near = by_meaning(index, embedder, query, most=most if by == "meaning" else POOL, among=among)
        hits = fused(words, near, most) if by == "both" else (words or near)
        return Results(hits=tuple(hits), some=some and not near, searched=index.films(among))

    results = indexed_in(state_folder or user_state_path("scenescribe"), searched)
    return replace(results, hits=tuple(with_films(results.hits, names)))


class _Once:
    """Tells of each name once: an index that is made anew reads all of them again."""

    def __init__(self, on_trouble: Callable[[Path | str, ScenescribeError], None]) -> None:
        self._on_trouble, self._told = on_trouble, set[str]()

    def __call__(self, name: Path | str, error: ScenescribeError) -> None:
        if str(name) not in self._told:
            self._told.add(str(name))
            self._on_trouble(name, error)


def _paths(names: Sequence[str], on_trouble: Callable[[Path | str, ScenescribeError], None]) -> list[Path]:
    paths, without = dict[Path, None](), list[tuple[str, InputError]]()
    for name in names:
        try:
            paths |= dict.fromkeys(documents([name]))
        except InputError as error:
            if error.code == "no_captions":  # they may stand where another name leads to
                without.append((name, error))
            else:
                on_trouble(name, error)
    for name, trouble in without:
        films = films_of([name])
        if not any(True for path in paths for _ in candidates(films, path)):
            on_trouble(name, trouble)
    return list(paths)


def meaning_error(error: Exception) -> ScenescribeError:
    """An error of the models' side as one of ours."""
    from models.errors import EngineMissing, ModelError

    assert isinstance(error, ModelError)
    kind = EnvironmentFault if isinstance(error, EngineMissing) else UsageError
    more = (
        "; --embedding-model names a folder that is here, and without --by the words are looked for"
        if error.code == "model_not_found"
        else ""
    )
    return kind(error.code, error.message + more, **error.data)
