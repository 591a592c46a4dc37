"""Doors of what is read as text: chapters, summaries, names of languages, queries."""

from functools import cache
from pathlib import Path
from typing import Any


def chapters(path: Path) -> object:
    from pipeline.chapters import names, write
    from pipeline.chapters.reading import read

    found = read(path, 3600.0)
    return [write(name, found) for name in names()]


CHAPTERS = {
    "vtt": b"WEBVTT\n\n00:00.000 --> 01:00.000\nBeginning\n\n01:00.000 --> 1:02:00.000\nThe rest\n",
    "json": b'{"version": "1.2.0", "chapters": [{"startTime": 0, "title": "Beginning"}, {"startTime": 60.5, "endTime": 90, "title": "Rest"}]}',
    "txt": b"0:00 Beginning\n[1:02:03] - The rest\n59:59.5 End\n",
}


def summary(data: bytes) -> object:
    from pipeline.passes.json import from_text, to_text
    from pipeline.passes.markdown import to_text as to_markdown

    found = from_text(data.decode("utf-8", "replace"))
    return [to_text(found).encode(), to_markdown(found).encode()]


def summary_seed() -> bytes:
    from pipeline.outline import Chapter, Sentence, Summary
    from pipeline.passes.json import to_text
    from pipeline.types import Model, Source

    one = Sentence(text="A dog runs.", captions=(1, 2), times=((0.0, 4.0),))
    made = Summary(
        source=Source(name="a.mp4", size=1, duration=9.0, fps=25.0, width=64, height=36, start=0.0),
        model=Model(name="shapes", id="shapes", revision="1", engine="echo", engine_version="1"),
        settings={"length": "short"}, captions="ab", sentences=(one,), chapters=(Chapter(start=0.0, end=9.0, title="Dogs", sentences=(one,)),),
        method="written",
    )  # fmt: skip
    return to_text(made).encode()


def summary_answer(data: bytes) -> object:
    from pipeline.passes.answer import Note, parse

    return parse(data.decode("utf-8", "replace"), [Note("A dog.", (0,)), Note("A cat.", (1, 2)), Note("A tree.", (3,))])


SUMMARY_ANSWER = (
    b'{"title": "Pets", "sentences": [{"text": "A dog and a cat.", "captions": [1, 2]}, {"text": "A tree.", "captions": [3]}]}'
)


def language(data: bytes) -> object:
    from pipeline.languages import alpha3, check_tag, english_name

    tag = check_tag(data.decode("utf-8", "surrogateescape"))
    return tag, english_name(tag), alpha3(tag)


QUERIES = [b'red "two words" -dog', "\u7ea2\u8272 caf\u00e9*".encode(), b"NEAR(a b, 2) OR c:d ^e"]


def query(data: bytes) -> object:
    """Words as SQLite's full-text search is asked for them."""
    from pipeline.retrieval.text import indexed, query_of

    text = data.decode("utf-8", "surrogateescape")
    found = query_of(text)
    return _full_text().execute("SELECT count(*) FROM t WHERE t MATCH ?", (found.every,)).fetchone(), "".join(
        indexed(text)
    ).encode()


@cache
def _full_text() -> Any:
    import sqlite3

    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE t USING fts5(body, pairs)")
    db.execute("INSERT INTO t VALUES('a red ball rolls', '')")
    return db
