"""The index follows the files: what is new comes in, what changed is read anew, what is gone goes."""

import os
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipeline.errors import InputError, ScenescribeError, UsageError
from pipeline.formats import json as ours
from pipeline.outline import Chapter, Sentence, Summary
from pipeline.passes import json as summaries
from pipeline.retrieval import index as index_module
from pipeline.retrieval import words as words_room
from pipeline.retrieval.find import search
from pipeline.retrieval.index import Index
from pipeline.retrieval.reading import SUFFIX, Found, _chapter_text, documents
from pipeline.retrieval.schema import DATABASE, MIGRATIONS
from pipeline.store.database import Database
from pipeline.types import Caption, Document, Model, Source


def write(folder: Path, name: str, *texts: str, stem: str | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    document = Document(
        source=Source(name=name, size=1, duration=8.0 * len(texts), fps=25.0, width=64, height=36, start=0.0),
        model=Model(name="m", id="m", revision="1", engine="echo", engine_version="1"),
        settings={},
        captions=tuple(Caption(start=8.0 * n, end=8.0 * n + 8, text=text) for n, text in enumerate(texts)),
    )
    path = folder / ((stem or Path(name).stem) + SUFFIX)
    path.write_text(ours.to_text(document))
    return path


def texts(*found: str, folder: Path, query: str, **options: object) -> list[str]:
    results = search(query, found, state_folder=folder / "state", **options)  # type: ignore[arg-type]
    return [hit.text for hit in results.hits]


def test_the_best_comes_first_with_its_film_and_its_times(tmp_path: Path) -> None:
    write(tmp_path / "films", "a.mp4", "a dog sleeps", "a red van stops at the barrier and a man gets out of the van")
    write(tmp_path / "films", "b.mp4", "a red van", "an empty street")
    (tmp_path / "films" / "b.mp4").write_bytes(b"film")
    results = search("red van", [str(tmp_path / "films")], state_folder=tmp_path / "state")
    assert [(hit.film, hit.start, hit.end, hit.text) for hit in results.hits] == [
        (tmp_path / "films" / "b.mp4", 0.0, 8.0, "a red van"),
        (Path("a.mp4"), 8.0, 16.0, "a red van stops at the barrier and a man gets out of the van"),
    ]
    assert results.hits[0].score > results.hits[1].score > 0
    assert results.searched == 2


def test_files_that_change_and_go_are_followed(tmp_path: Path) -> None:
    films = tmp_path / "films"
    write(films, "a.mp4", "a dog sleeps")
    gone = write(films, "b.mp4", "a dog runs")
    assert sorted(texts(str(films), folder=tmp_path, query="dog")) == ["a dog runs", "a dog sleeps"]
    write(films, "a.mp4", "a cat sleeps", "a bird sings")
    gone.unlink()
    write(films, "c.mp4", "a dog barks")
    assert texts(str(films), folder=tmp_path, query="dog") == ["a dog barks"]
    assert texts(str(films), folder=tmp_path, query="cat") == ["a cat sleeps"]
    assert texts(folder=tmp_path, query="dog") == ["a dog barks"], "without a name: all that is known, and nothing that is gone"
    with Index(tmp_path / "state") as index:
        assert index.database.rows("SELECT count(*) FROM captions")[0][0] == 3
        # every word of what went is gone from the index itself
        assert (
            index.database.rows("SELECT rowid FROM words WHERE words MATCH 'runs OR sleeps'")[0][0]
            == index.captions(
                [row[0] for row in index.database.rows("SELECT id FROM captions WHERE text='a cat sleeps'")], [1.0]
            )[0].caption
        )


def test_only_what_is_named_is_searched(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one", "a.mp4", "a dog sleeps"), write(tmp_path / "other", "b.mp4", "a dog runs")
    assert sorted(texts(str(tmp_path), folder=tmp_path, query="dog")) == ["a dog runs", "a dog sleeps"]
    assert texts(str(other), folder=tmp_path, query="dog") == ["a dog runs"]
    assert texts(str(one.with_name("a.mp4")), folder=tmp_path, query="dog") == ["a dog sleeps"], "a film stands for its captions"


def test_days(tmp_path: Path) -> None:
    old, new = write(tmp_path / "f", "a.mp4", "a dog sleeps"), write(tmp_path / "f", "b.mp4", "a dog runs")
    long_ago = date.today() - timedelta(days=30)
    os.utime(old, (os.stat(new).st_atime, os.stat(new).st_mtime - 30 * 86400))
    assert texts(str(tmp_path / "f"), folder=tmp_path, query="dog", since=date.today() - timedelta(days=1)) == ["a dog runs"]
    assert texts(str(tmp_path / "f"), folder=tmp_path, query="dog", until=long_ago + timedelta(days=1)) == ["a dog sleeps"]


def test_days_that_no_file_has_and_files_of_no_day(tmp_path: Path) -> None:
    late, early = write(tmp_path / "f", "a.mp4", "a dog sleeps"), write(tmp_path / "f", "b.mp4", "a dog runs")
    os.utime(late, ns=(10**19, 10**19))
    os.utime(early, ns=(-(10**18), -(10**18)))

    def found(**days: date) -> list[str]:
        return sorted(texts(str(tmp_path / "f"), folder=tmp_path, query="dog", **days))

    assert found(since=date.min, until=date.max) == ["a dog runs", "a dog sleeps"]
    assert found(since=date.today()) == ["a dog sleeps"]
    assert found(until=date(1970, 1, 1)) == ["a dog runs"]
    assert found(until=date(2261, 12, 31)) == ["a dog runs"]
    assert found(since=date.max) == ["a dog sleeps"]


def test_some_of_the_words_where_none_has_all(tmp_path: Path) -> None:
    path = write(tmp_path / "f", "a.mp4", "a dog sleeps", "a cat runs")
    results = search("dog runs", [str(path)], state_folder=tmp_path / "state")
    assert results.some
    assert len(results.hits) == 2
    assert not search("horse stands", [str(path)], state_folder=tmp_path / "state").some, "none has any of them"


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    write(tmp_path / "f", "a.mp4", "a dog sleeps")
    (tmp_path / "f" / ("bad" + SUFFIX)).write_text('{"schema_version": 1, "captions": [')
    newer = write(tmp_path / "f", "c.mp4", "a dog runs")
    newer.write_text(newer.read_text().replace('"schema_version": 1', '"schema_version": 7'))
    os.mkfifo(tmp_path / "f" / ("pipe" + SUFFIX))
    told = dict[str, str]()

    def trouble(name: Path | str, error: ScenescribeError) -> None:
        told[Path(name).name] = error.code

    names = [str(tmp_path / "f"), str(tmp_path / "nothing.mp4"), str(tmp_path / "f" / "d.mp4")]
    (tmp_path / "f" / "d.mp4").write_bytes(b"film")
    results = search("dog", names, state_folder=tmp_path / "state", on_trouble=trouble)
    assert [hit.text for hit in results.hits] == ["a dog sleeps"]
    assert told == {
        "bad" + SUFFIX: "bad_json", "c" + SUFFIX: "bad_json", "pipe" + SUFFIX: "unreadable", "nothing.mp4": "not_found",
        "d.mp4": "no_captions",
    }  # fmt: skip


def test_an_accident_of_one_file_does_not_stop_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        write(tmp_path / "f", name, "a dog sleeps")
    real, told = index_module.read, dict[str, str]()

    def breaks(path: Path) -> Found:
        if path.name.startswith("b."):
            raise RuntimeError("broken")
        return real(path)

    def trouble(name: Path | str, error: ScenescribeError) -> None:
        told[Path(name).name] = error.code

    monkeypatch.setattr(index_module, "read", breaks)
    assert len(search("dog", [str(tmp_path / "f")], state_folder=tmp_path / "state", on_trouble=trouble).hits) == 2
    assert told == {"b" + SUFFIX: "internal_error"}
    monkeypatch.setattr(index_module, "read", real)
    assert len(search("dog", [str(tmp_path / "f")], state_folder=tmp_path / "state").hits) == 3, "asked again"


def test_a_source_name_that_walks_out_of_its_folder_names_no_other_film(tmp_path: Path) -> None:
    (tmp_path / "secret.mp4").write_bytes(b"film")
    path = write(tmp_path / "f", "../secret.mp4", "a dog sleeps", stem="x")
    results = search("dog", [str(path)], state_folder=tmp_path / "state")
    assert results.hits[0].film == Path("secret.mp4")


def test_a_film_that_was_renamed_with_its_captions_has_its_new_name(tmp_path: Path) -> None:
    path = write(tmp_path / "f", "old.mp4", "a dog sleeps")
    assert search("dog", [str(path)], state_folder=tmp_path / "state").hits[0].film == Path("old.mp4")
    renamed = path.rename(path.with_name("new" + SUFFIX))
    film = tmp_path / "f" / "new.mp4"
    film.write_bytes(b"film")
    assert [hit.film for hit in search("dog", [str(tmp_path / "f")], state_folder=tmp_path / "state").hits] == [film]
    film.rename(film.with_name("third.mkv"))
    renamed.rename(film.with_name("third.mkv" + SUFFIX))
    found = search("dog", [str(tmp_path / "f")], state_folder=tmp_path / "state").hits
    assert [hit.film for hit in found] == [film.with_name("third.mkv")]


def test_a_damaged_index_is_made_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "f", "a.mp4", "a dog sleeps")
    assert texts(str(path), folder=tmp_path, query="dog")
    (tmp_path / "state" / DATABASE).write_bytes(b"no database at all" * 1000)
    for ending in ("-wal", "-shm"):
        (tmp_path / "state" / (DATABASE + ending)).unlink(missing_ok=True)
    assert texts(str(path), folder=tmp_path, query="dog") == ["a dog sleeps"]


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("table", ["words_data", "captions"])
def test_an_index_whose_damage_shows_in_the_middle_of_a_search_is_made_anew_too(tmp_path: Path, table: str, named: bool) -> None:
    """What could be opened was told as damaged at each search, whatever was named."""
    path, told = write(tmp_path / "f", "a.mp4", *(f"dog {n} sleeps" for n in range(2000))), list[str]()
    names = [str(path), str(path.parent / ("gone" + SUFFIX))] if named else []
    texts(str(path), folder=tmp_path, query="dog")
    file = tmp_path / "state" / DATABASE
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = [row[0] for row in db.execute("SELECT pageno FROM dbstat WHERE name=?", (table,))]
        size = db.execute("PRAGMA page_size").fetchone()[0]
    with file.open("r+b") as opened:
        for page in pages:
            opened.seek((page - 1) * size)
            opened.write(b"\xff" * size)
    found = search("dog 77", names, state_folder=tmp_path / "state", on_trouble=lambda name, error: told.append(error.code))
    assert [hit.text for hit in found.hits] == ["dog 77 sleeps"]
    assert told == ["not_found"] * named


def test_nothing_was_ever_searched(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name a film, a folder") as caught:
        search("dog", state_folder=tmp_path / "state")
    assert caught.value.code == "nothing_indexed"


def test_a_folder_without_captions(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="scenescribe caption") as caught:
        list(documents([str(tmp_path)]))
    assert caught.value.code == "no_captions"


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("A quiet day", "A quiet day. Pets rest at home."), ("Who rests?", "Who rests? Pets rest at home."),
        ("Pets rest...", "Pets rest at home."), ("Pets rest\u2026", "Pets rest at home."), ("...", "... Pets rest at home."),
    ],
)  # fmt: skip
def test_a_chapter_tells_its_title_once(title: str, told: str) -> None:
    assert _chapter_text(title, ["Pets rest at home."]) == told
    assert _chapter_text("Alone", []) == "Alone."


def test_summaries_and_chapters_are_found_too_and_followed(tmp_path: Path) -> None:
    films = tmp_path / "films"
    path = write(films, "a.mp4", "a dog sleeps", "a cat eats")
    document = ours.from_text(path.read_text())
    summary = Summary(
        source=document.source, model=document.model, settings={}, captions="", language="en", method="written",
        sentences=(Sentence(text="Pets rest at home.", captions=(1, 2), times=((0.0, 16.0),)),),
        chapters=(Chapter(start=0.0, end=16.0, title="Morning of the pets"),),
    )  # fmt: skip
    beside = films / "a.summary.json"
    beside.write_text(summaries.to_text(summary))
    for named in (films, path):
        results = search("pets", [str(named)], state_folder=tmp_path / "state")
        assert {(hit.kind, hit.start, hit.end, hit.text) for hit in results.hits} == {
            ("summary", 0.0, 16.0, "Pets rest at home."), ("chapter", 0.0, 16.0, "Morning of the pets."),
        }  # fmt: skip
        assert {hit.film for hit in results.hits} == {Path("a.mp4")}
        assert results.searched == 1
    beside.unlink()
    assert texts(str(films), folder=tmp_path, query="pets") == []
    troubles: list[ScenescribeError] = []
    beside.write_text("{}")
    results = search("dog", [str(films)], state_folder=tmp_path / "state", on_trouble=lambda _, error: troubles.append(error))
    assert ([hit.text for hit in results.hits], [error.code for error in troubles]) == (["a dog sleeps"], ["bad_summary"])


def test_words_that_stand_everywhere_are_found_without_looking_at_all_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words_room, "MANY", 50)
    write(tmp_path / "films", "a.mp4", *(["a man walks along a street"] * 40))
    write(tmp_path / "films", "b.mp4", *(["a man walks along a street in the rain"] * 80), "man walks", "a zebra and a man")
    assert texts(str(tmp_path / "films"), folder=tmp_path, query="man walks")[0] == "man walks"
    assert texts(str(tmp_path / "films"), folder=tmp_path, query="man walks", most=100)[-1].endswith("rain")
    # the rare word decides, whatever the common ones say
    assert texts(str(tmp_path / "films"), folder=tmp_path, query="man zebra street nowhere")[0] == "a zebra and a man"
    # one film of many is searched, though the newest captions are another's
    only = texts(str(tmp_path / "films" / ("a" + SUFFIX)), folder=tmp_path, query="man walks")
    assert only == ["a man walks along a street"] * 10
    assert texts(str(tmp_path / "films"), folder=tmp_path, query="man -street")[:2] == ["man walks", "a zebra and a man"]


def test_an_index_of_an_earlier_version_is_made_anew_with_all_that_hangs_on_its_numbers(tmp_path: Path) -> None:
    write(tmp_path / "films", "a.mp4", "วงกลมสีแดง")
    with closing(Database(tmp_path / "state", file=DATABASE, migrations=MIGRATIONS[:2])) as old, old.transaction() as db:
        db.execute("INSERT INTO documents VALUES (1, x'2f', 1, 1, x'2f', 'en', '')")
        db.execute("INSERT INTO captions VALUES (1, 1, 0, 1, 'x', 'caption')")
        db.execute("INSERT INTO words (rowid, body) VALUES (1, 'x')")
        db.execute("INSERT INTO vectors VALUES (1, 'model', x'00')")
    assert texts(str(tmp_path / "films"), folder=tmp_path, query="สีแดง") == ["วงกลมสีแดง"]
    with Index(tmp_path / "state") as index:
        assert index.database.rows("SELECT * FROM vectors") == []
