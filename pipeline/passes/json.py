"""``movie.summary.json``: a summary and its chapters, ``schema_version`` 1, ``kind`` summary (docs/summaries.md)."""

import json
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import InputError
from pipeline.formats.json import LONGEST, MOST_BRACKETS, MOST_COMMAS, may_hold_halves, plain
from pipeline.outline import Summary
from pipeline.safe_open import MEGABYTE, read_text
from pipeline.sanitize import whole

SCHEMA_VERSION = 1
KIND = "summary"
LARGEST = 64 * MEGABYTE


def to_text(summary: Summary) -> str:
    """The summary as JSON: fields in the order of ``pipeline.outline``, times on milliseconds."""
    data = {"schema_version": SCHEMA_VERSION, "kind": KIND, **plain(summary)}
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def from_text(text: str) -> Summary:
    """The summary in a JSON text. Raises InputError ``bad_summary``, which names the field that is wrong."""
    if text.count("{") + text.count("[") > MOST_BRACKETS or text.count(",") > MOST_COMMAS:
        raise InputError("bad_summary", "this has more parts than any summary of ours")
    try:
        data = json.loads(text, object_hook=whole if may_hold_halves(text) else None)
    except (ValueError, RecursionError) as error:
        raise InputError("bad_summary", f"this is not JSON: {error}") from None
    if not isinstance(data, dict) or data.pop("kind", None) != KIND:
        raise InputError("bad_summary", "this is no summary that scenescribe wrote")
    if (version := data.pop("schema_version", None)) != SCHEMA_VERSION:
        raise InputError("bad_summary", f"schema_version: this scenescribe reads {SCHEMA_VERSION}, the file has {version!r}")
    try:
        summary = _adapter().validate_python(data)
    except (ValidationError, RecursionError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": "Too deep"}
        where = ".".join(str(part) for part in first["loc"])
        raise InputError("bad_summary", f"{where}: {first['msg']}", field=where) from None
    for number, chapter in enumerate(summary.chapters):
        if not 0 <= chapter.start <= chapter.end <= LONGEST:
            raise InputError("bad_summary", f"chapters.{number}: no times of a film")
    source, sentences = summary.source, [*summary.sentences, *(one for chapter in summary.chapters for one in chapter.sentences)]
    times = [time for sentence in sentences for span in sentence.times for time in span]
    if not all(abs(number) <= LONGEST for number in (source.duration, source.fps, source.start, *times)):
        raise InputError("bad_summary", "source, or a sentence's times: no times of a film")
    return summary


def read(path: Path) -> Summary:
    """The summary in a file. Raises InputError ``not_found``, ``unreadable``, ``bad_summary``."""
    try:
        return from_text(read_text(path, LARGEST))
    except FileNotFoundError:
        raise InputError("not_found", "there is no such file", path=str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("unreadable", f"{path.name} can't be read: {getattr(error, 'strerror', None) or error}") from None


@cache
def _adapter() -> TypeAdapter[Summary]:
    return TypeAdapter(Summary)
