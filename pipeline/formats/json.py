"""JSON: everything that is known about one film, ``schema_version`` 1 (docs/captions.schema.json).

The one format that keeps all of the model's text, cut or not in the cues; ``export`` makes the others from it again.
"""

import contextlib
import json
import math
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import InputError
from pipeline.formats import base
from pipeline.sanitize import printable, whole
from pipeline.types import Caption, Cue, Document, Model, Source, Track

SCHEMA_VERSION = 1
DEEPEST = 64
"""brackets in brackets; ours has 5"""
MOST_BRACKETS, MOST_COMMAS = 2_000_000, 20_000_000
"""of one file: 400,000 captions; a small file of nothing but brackets would take gigabytes"""
LONGEST = 1e7
"""seconds, 115 days: no film has a time beyond it"""

_CAPTION = frozenset(field.name for field in fields(Caption))
_HALF = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:[-_][A-Za-z0-9]{1,8}){0,7}")


class Format(base.Format):
    suffix = ".json"
    readable = True

    def write(self, track: Track, document: Document | None = None) -> str:
        return to_text(document or document_of(track))

    def read(self, text: str) -> Track:
        """The captions as cues, one each, as the profile ``none`` would show them."""
        document = from_text(text)
        cues = tuple(
            Cue(start=caption.start, end=caption.end, lines=tuple(caption.text.split("\n")))
            for caption in document.captions
            if caption.text
        )
        return Track(cues=cues, language=document.language, width=document.source.width, height=document.source.height)


def to_text(document: Document) -> str:
    """The document as JSON: fields in the order of ``pipeline.types``, times on milliseconds, valid UTF-8."""
    data = {"schema_version": SCHEMA_VERSION, **plain(document)}
    if document.speech is None:
        del data["speech"]  # nobody listened: said by its absence, as in files that are older than it
    if not document.source.place:
        del data["source"]["place"]
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def from_text(text: str) -> Document:
    """The document in a JSON text. Raises InputError ``bad_json``, which names the field that is wrong."""
    refuse_many(text)
    try:
        data = json.loads(text, parse_constant=_no_number, object_hook=_whole_at_once if may_hold_halves(text) else _at_once)
        del text  # the captions are in memory once, not as text, as dictionaries and as captions
    except (ValueError, RecursionError) as error:
        raise InputError("bad_json", f"this is not JSON: {error}") from None
    if not isinstance(data, dict) or "schema_version" not in data:
        raise InputError("bad_json", "schema_version: missing; this JSON was not written by scenescribe")
    version = data.pop("schema_version")
    if version != SCHEMA_VERSION:
        raise InputError("bad_json", f"schema_version: this scenescribe reads {SCHEMA_VERSION}, the file has {version!r}")
    if data.get("kind") == "summary":
        raise InputError("bad_json", "this is a film's summary; what is read here are its captions, FILE.descriptions.json")
    if _depth(data) > DEEPEST:
        raise InputError("bad_json", f"its parts stand in each other more than {DEEPEST} deep; ours never do")
    try:
        document = _adapter().validate_python(data)
    except (ValidationError, RecursionError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": "Too deep"}
        where = ".".join(str(part)[:40] for part in first["loc"]) or "document"
        raise InputError("bad_json", f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}", field=where) from None
    for where, wrong in _wrong(document):
        raise InputError("bad_json", f"{where}: {wrong}", field=where)
    return document


def _at_once(read: dict[str, Any]) -> Any:
    """A caption as soon as it is read: as dictionaries all captions of a long film would take more than as what they become.

    One that is wrong stays as it is; the document's own check names its place.
    """
    if "text" in read and "start" in read and "end" in read and read.keys() <= _CAPTION:
        with contextlib.suppress(ValidationError, RecursionError):
            return _one().validate_python(read)
    return read


def refuse_many(text: str | bytes) -> None:
    """Raise InputError ``bad_json`` where a JSON text has more parts than any of ours: parsed, they take ten times its bytes."""

    def count(sign: str) -> int:
        return text.count(sign) if isinstance(text, str) else text.count(sign.encode())

    if count("{") + count("[") > MOST_BRACKETS or count(",") > MOST_COMMAS:
        raise InputError("bad_json", "this has more parts than 400,000 captions have; no film of ours does")


def may_hold_halves(text: str) -> bool:
    """Whether a JSON text may say half of a character, or a NUL; a quick look that is right for nearly all."""
    return _HALF.search(text) is not None


def _whole_at_once(read: dict[str, Any]) -> Any:
    return _at_once(whole(read))


@cache
def _one() -> TypeAdapter[Caption]:
    return TypeAdapter(Caption)


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON's")


def _depth(data: Any) -> int:
    """How deep the parts of parsed JSON stand in each other; level by level, so that no depth ends in a RecursionError."""
    level, depth = [data], 0
    while level and depth <= DEEPEST:
        depth += 1
        inside = [part for part in level if isinstance(part, (dict, list))]
        level = [item for part in inside for item in (part.values() if isinstance(part, dict) else part)]
    return depth - 1


def _wrong(document: Document) -> Iterator[tuple[str, str]]:
    """(field, what is wrong) of values that have the right type and can't be: times without end, a language with a slash.

    ``language`` becomes part of file names.
    """
    if not _LANGUAGE.fullmatch(document.language):
        yield "language", "no language tag, such as en or pt-BR"
    source = document.source
    for name, value in (("duration", source.duration), ("fps", source.fps), ("start", source.start)):
        if not abs(value) <= LONGEST:
            yield f"source.{name}", f"{value:g} can't be"
    if not (0 <= source.width <= 100_000 and 0 <= source.height <= 100_000):
        yield "source.width" if not 0 <= source.width <= 100_000 else "source.height", "no size of a picture"
    for n, caption in enumerate(document.captions):
        if not (abs(caption.start) <= LONGEST and abs(caption.end) <= LONGEST):
            yield f"captions.{n}.start", f"no time of a film (at most {LONGEST:.0f} seconds)"
        if caption.end < caption.start:
            yield f"captions.{n}.end", f"{caption.end:g} is before its start, {caption.start:g}"
    for n, (start, end) in enumerate(document.speech or ()):
        if not 0 <= start <= end <= LONGEST:
            yield f"speech.{n}", "no stretch of a film"
    for n, shot in enumerate(document.shots):
        if not abs(shot) <= LONGEST:
            yield f"shots.{n}", f"no time of a film (at most {LONGEST:.0f} seconds)"


def schema() -> dict[str, Any]:
    """The JSON schema of what ``to_text`` writes."""
    made = _adapter().json_schema()
    made["properties"] = {"schema_version": {"const": SCHEMA_VERSION, "type": "integer"}, **made["properties"]}
    made["required"] = ["schema_version", *made["required"]]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Scenescribe captions", **made}


@cache
def _adapter() -> TypeAdapter[Document]:
    return TypeAdapter(Document)


def plain(value: Any) -> Any:
    """A value of ours as JSON has it: dataclasses as objects, times on milliseconds, text that is valid Unicode."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, float):
        return round(value, 3) if math.isfinite(value) else None  # 1e999 of others' settings: JSON has no word for it
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict) or hasattr(value, "items"):
        return {printable(str(key)): plain(item) for key, item in value.items()}
    return value if value is None or isinstance(value, (int, bool)) else printable(str(value))


def document_of(track: Track) -> Document:
    """A document that knows no more than a subtitle file does: a caption for each cue."""
    captions = tuple(Caption(start=cue.start, end=cue.end, text=cue.text) for cue in track.cues)
    end = float(max((cue.end for cue in track.cues), default=0.0))
    source = Source(name="", size=0, duration=end, fps=0.0, width=track.width, height=track.height, start=0.0)
    nothing = Model(name="", id="", revision="", engine="", engine_version="")
    return Document(source=source, model=nothing, settings={}, captions=captions, language=track.language)
