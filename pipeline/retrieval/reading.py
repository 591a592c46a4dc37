"""Finished captions on the disk, and as little of each file as a search needs."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import InputError, ScenescribeError
from pipeline.filenames import fitted
from pipeline.folders import files_below
from pipeline.formats import json as ours
from pipeline.safe_open import MEGABYTE, read_bytes
from pipeline.storage import not_here

SUFFIX = ".descriptions.json"
SUMMARY = ".summary.json"
Kind = Literal["caption", "summary", "chapter"]
LARGEST = 64 * MEGABYTE
"""bytes of one film's JSON"""


@dataclass(frozen=True, slots=True)
class Found:
    """The text of one film's captions, as far as a search needs it."""

    film: Path
    """the film where it stands beside its JSON, otherwise its name"""
    language: str
    captions: tuple[tuple[float, float, str], ...]
    """start, end, text"""
    kinds: tuple[Kind, ...] = ()
    """for each what it is; none: all are captions"""


@dataclass(frozen=True, slots=True)
class _Caption:
    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class _Document:
    schema_version: int
    source: _Source
    language: str
    captions: list[_Caption]


@dataclass(frozen=True, slots=True)
class _Head:
    source: _Source


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def documents(names: Sequence[str]) -> Iterator[Path]:
    """The JSON files that the user named, each once: a JSON, a film that has one beside it, or a folder and those below it.

    Raises InputError ``not_found``, ``not_here``, ``no_captions``.
    """
    seen: set[Path] = set()
    for name in names:
        if elsewhere := not_here(name):
            raise elsewhere
        for path in _named(Path(name)):
            absolute = Path(os.path.abspath(path))
            if absolute not in seen:
                seen.add(absolute)
                yield absolute


def _named(path: Path) -> Iterator[Path]:
    if os.path.isdir(path):  # unlike Path's own these say no of a name that is too long for a file system
        found = False
        for file in map(Path, files_below(path)):
            if file.name.endswith((SUFFIX, SUMMARY)) and not file.name.startswith("."):
                found = found or file.name.endswith(SUFFIX)
                yield file
        if not found:
            raise InputError(
                "no_captions", f"no captions in this folder; scenescribe caption '{path}' makes them", path=str(path)
            )
    elif path.name.endswith(".json"):
        if not os.path.exists(path):
            raise InputError("not_found", "there is no such file", path=str(path))
        yield path
        yield from _summary(path)
    else:
        described = next((one for one in beside(path) if os.path.exists(one)), None)
        if described is None:
            if not os.path.exists(path):
                raise InputError("not_found", "there is no such file", path=str(path))
            raise InputError(
                "no_captions", f"no captions beside this film; scenescribe caption '{path}' makes them", path=str(path)
            )
        yield described
        yield from _summary(described)


def beside(film: Path) -> tuple[Path, ...]:
    """Where a film's captions may stand beside it: under the name that ``caption`` gives them, which is a shorter one of a long name."""
    return tuple(film.with_name(fitted(name) + SUFFIX) for name in (film.stem, film.name))


def _summary(described: Path) -> Iterator[Path]:
    """The summary beside a film's captions, where there is one."""
    if described.name.endswith(SUFFIX):
        summary = described.with_name(described.name.removesuffix(SUFFIX) + SUMMARY)
        if os.path.exists(summary):
            yield summary


def read(path: Path) -> Found:
    """The captions of a document, or the sentences and chapters of a summary.

    Raises InputError ``bad_json``, ``bad_summary``, ``unreadable``.
    """
    try:
        data = read_bytes(path, LARGEST)
    except OSError as error:
        raise InputError("unreadable", f"{path.name} can't be read: {error.strerror or error}", path=str(path)) from None
    if path.name.endswith(SUMMARY):
        return _of_summary(path, data)
    try:
        ours.refuse_many(data)
        document: Any = _adapter(_Document).validate_json(data)
        if document.schema_version != ours.SCHEMA_VERSION or not _are_times(document.captions):
            raise InputError("bad_json", "")
    except (ValidationError, ScenescribeError):
        document = ours.from_text(
            data.decode("utf-8", "replace")
        )  # it knows what to say of it, and what halves of characters are
    captions = tuple((one.start, one.end, one.text) for one in document.captions if one.text)
    return Found(film=_film(path, document.source.name), language=document.language, captions=captions)


def size_of(path: Path) -> int | None:
    """Bytes of the film that a document or a summary is about; None where it can't be read."""
    try:
        told: Any = _adapter(_Head).validate_json(read_bytes(path, LARGEST))
    except (OSError, ScenescribeError, ValidationError):
        return None
    return int(told.source.size)


def _are_times(captions: Sequence[_Caption]) -> bool:
    """Whether all can be times of a film: a number without end, and one that is none, compare as false."""
    return all(abs(one.start) <= ours.LONGEST and one.start <= one.end <= ours.LONGEST for one in captions)


def _film(path: Path, said: str) -> Path:
    """The film that a JSON names, where it stands beside it, or one that was renamed together with it; otherwise the name."""
    name = Path(os.fsdecode(os.path.basename(said.replace("\0", ""))))
    stem = path.name.removesuffix(SUMMARY).removesuffix(SUFFIX)
    for candidate in (name.name, stem + name.suffix, stem):
        if candidate not in ("", ".", path.name) and os.path.isfile(found := path.with_name(candidate)):
            return found
    return name


def _chapter_text(title: str, sentences: list[str]) -> str:
    """The title and what is told of a chapter; a title that was cut from the first sentence is not said twice."""
    words = title.rstrip(" .…")
    if sentences and words and sentences[0].startswith(words):
        return " ".join(sentences)
    return " ".join([title if title.endswith(tuple(".!?…。！？")) else f"{title}.", *sentences])


def _of_summary(path: Path, data: bytes) -> Found:
    from pipeline.passes import json as summaries

    summary = summaries.from_text(data.decode("utf-8", "replace"))
    texts: list[tuple[float, float, str]] = []
    kinds: list[Kind] = []
    for sentence in summary.sentences:
        if sentence.text and sentence.times:
            texts.append((sentence.times[0][0], sentence.times[-1][1], sentence.text))
            kinds.append("summary")
    for chapter in summary.chapters:
        texts.append((chapter.start, chapter.end, _chapter_text(chapter.title, [one.text for one in chapter.sentences])))
        kinds.append("chapter")
    return Found(film=_film(path, summary.source.name), language=summary.language, captions=tuple(texts), kinds=tuple(kinds))
