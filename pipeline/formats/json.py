"""JSON: everything that is known about one film, ``schema_version`` 1 (docs/captions.schema.json).

The one format that keeps all of the model's text, cut or not in the cues; ``export`` makes the others from it again.
"""

import json
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import InputError
from pipeline.formats import base
from pipeline.sanitize import printable
from pipeline.types import Caption, Cue, Document, Model, Source, Track

SCHEMA_VERSION = 1


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
    return (
        json.dumps({"schema_version": SCHEMA_VERSION, **_plain(document)}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    )


def from_text(text: str) -> Document:
    """The document in a JSON text. Raises InputError ``bad_json``, which names the field that is wrong."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("bad_json", f"this is not JSON: {error}") from None
    if not isinstance(data, dict) or "schema_version" not in data:
        raise InputError("bad_json", "schema_version: missing; this JSON was not written by scenescribe")
    version = data.pop("schema_version")
    if version != SCHEMA_VERSION:
        raise InputError("bad_json", f"schema_version: this scenescribe reads {SCHEMA_VERSION}, the file has {version!r}")
    try:
        return _adapter().validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "document"
        raise InputError("bad_json", f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}", field=where) from None


def schema() -> dict[str, Any]:
    """The JSON schema of what ``to_text`` writes."""
    made = _adapter().json_schema()
    made["properties"] = {"schema_version": {"const": SCHEMA_VERSION, "type": "integer"}, **made["properties"]}
    made["required"] = ["schema_version", *made["required"]]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Scenescribe captions", **made}


@cache
def _adapter() -> TypeAdapter[Document]:
    return TypeAdapter(Document)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict) or hasattr(value, "items"):
        return {printable(str(key)): _plain(item) for key, item in value.items()}
    return value if value is None or isinstance(value, (int, bool)) else printable(str(value))


def document_of(track: Track) -> Document:
    """A document that knows no more than a subtitle file does: a caption for each cue."""
    captions = tuple(Caption(start=cue.start, end=cue.end, text=cue.text) for cue in track.cues)
    end = float(max((cue.end for cue in track.cues), default=0.0))
    source = Source(name="", size=0, duration=end, fps=0.0, width=track.width, height=track.height, start=0.0)
    nothing = Model(name="", id="", revision="", engine="", engine_version="")
    return Document(source=source, model=nothing, settings={}, captions=captions, language=track.language)
