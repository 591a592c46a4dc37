"""The doors: for each the good inputs that mutants are made from, and what reads one. A reader may raise the errors of the tree."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import ModelError
from pipeline.errors import ScenescribeError
from scripts.fuzzes import endpoints, peers, seeds, sets, texts

EXPECTED = (ScenescribeError, ModelError)
"""what a reader may raise: one line for a person"""

ROOT = Path(__file__).resolve().parents[2]
GOLDENS = ROOT / "tests" / "goldens" / "formats"
FOLDER = Path(tempfile.mkdtemp(prefix="scenescribe-fuzz-"))
"""of the doors that read a file; one of this process alone, since many may run at once, and gone when it ends"""
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Door:
    seeds: Sequence[bytes]
    read: Callable[[bytes], object]
    close: Callable[[], None] = lambda: None


def _golden(*names: str) -> list[bytes]:
    return [(GOLDENS / name).read_bytes() for name in names]


def _subtitles(form: str) -> Callable[[bytes], object]:
    def read(data: bytes) -> object:
        from pipeline import formats
        from pipeline.cues import Layout, make_track
        from pipeline.encoding import decoded
        from pipeline.formats.json import document_of

        track = formats.parse(form, decoded(data).text).track
        laid_out, _ = make_track(document_of(track), Layout())
        return [formats.write(name, one).encode() for one in (track, laid_out) for name in formats.names()]

    return read


def _document(data: bytes) -> object:
    from pipeline import formats
    from pipeline.cues import Layout, make_track

    document = formats.read_document(data.decode("utf-8", "replace"))
    track, _ = make_track(document, Layout())
    return [formats.write(name, track, document).encode() for name in formats.names()]


KEY = {"file": [1, 2], "model": "m"}


def _journal(data: bytes) -> object:
    from pipeline.store.journal import Journal

    path = _written("journal", data)
    path.with_name("journal.damaged").unlink(missing_ok=True)
    with Journal(path, KEY) as journal:
        return journal.captions


def _options(data: bytes) -> object:
    from pipeline.options.base import load
    from pipeline.options.caption import Settings

    return load(Settings, {}, _written("options.toml", data)).settings


def _state(data: bytes) -> object:
    from pipeline.store.database import Database

    for name in ("jobs.sqlite3-wal", "jobs.sqlite3-shm"):
        (FOLDER / name).unlink(missing_ok=True)
    _written("jobs.sqlite3", data)
    database = Database(FOLDER, file="jobs.sqlite3")
    try:
        return database.rows("SELECT * FROM jobs LIMIT 10")
    finally:
        database.close()


def _state_seed() -> bytes:
    from pipeline.store.database import Database

    for path in FOLDER.glob("jobs.sqlite3*"):
        path.unlink()
    Database(FOLDER, file="jobs.sqlite3").close()
    return (FOLDER / "jobs.sqlite3").read_bytes()


def _name(data: bytes) -> object:
    from pipeline.cli.console import name_of
    from pipeline.inputs import Film
    from pipeline.outputs import plan
    from pipeline.sidecar_names import labels_in

    name = os.fsdecode(data.replace(b"\0", b"").replace(b"/", b"")[:255]) or "x"
    film = Film(Path("in", name), Path(name))
    outputs = plan([film], folder=Path("out"), language="zh-Hans", formats=("srt", "ttml"), burn=True, mux=True)[film.path]
    for path in (*outputs.all, outputs.journal):
        assert path.parent == Path("out"), path
        assert len(os.fsencode(path.name)) <= 255, path
        assert name_of(path).isprintable()
    return labels_in(FOLDER / name)


def _encoding(data: bytes) -> object:
    from pipeline.encoding import decoded

    return decoded(data).text.encode("utf-8", "surrogatepass")


def _context(data: bytes) -> object:
    from pipeline.captioning.context import beside, with_context

    return with_context("What?", beside(_written("film.context.txt", data).with_name("film.mp4")))


def _model(data: bytes) -> object:
    from models.presets import preset

    _written("chat_template.jinja", b"image")
    for name in ("config.json", "preprocessor_config.json", "tokenizer_config.json"):
        _written(name, data)
    return preset(str(FOLDER)).frame_size(1920, 1080)


def _preset(data: bytes) -> object:
    from models.preset import read_preset

    return read_preset(_written("preset.toml", data)).frame_size(1920, 1080)


def _listing(data: bytes) -> object:
    from pipeline.media.streams import understood

    return understood(data.decode("utf-8", "replace"))


def _second_step(data: bytes) -> object:
    from pipeline.passes.refine import parse

    return parse(data.decode("utf-8", "replace"), 3)


def _written(name: str, data: bytes) -> Path:
    path = FOLDER / name
    path.write_bytes(data)
    return path


def _of_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    return lambda data: read(_written(name, data))


DOORS: dict[str, Callable[[], Door]] = {
    "srt": lambda: Door(_golden("film.en.srt", "film.ja.srt", "film.ar.srt"), _subtitles("srt")),
    "vtt": lambda: Door(_golden("film.en.vtt", "film.th.vtt", "film.hi.vtt"), _subtitles("vtt")),
    "ass": lambda: Door(_golden("film.en.ass", "film.zh-Hans.ass"), _subtitles("ass")),
    "ttml": lambda: Door(_golden("film.en.ttml", "film.ar.ttml", "film.ja.ttml"), _subtitles("ttml")),
    "microdvd": lambda: Door([seeds.MICRODVD, seeds.MPL], _subtitles("sub")),
    "lrc": lambda: Door([seeds.LRC], _subtitles("lrc")),
    "sbv": lambda: Door([seeds.SBV], _subtitles("sbv")),
    "json": lambda: Door(_golden("film.en.json", "film.ar.json"), _document),
    "journal": lambda: Door([seeds.journal(KEY)], _journal),
    "options": lambda: Door([seeds.toml()], _options),
    "state": lambda: Door([_state_seed()], _state),
    "names": lambda: Door(seeds.NAMES, _name),
    "encoding": lambda: Door(
        [(GOLDENS / "film.ja.srt").read_text(encoding="utf-8").encode(name) for name in ("shift_jis", "utf-16-le", "utf-8")], _encoding
    ),
    "context": lambda: Door([b"Anna and her dog Rex.\n", "\u6620\u753b <image> {words}".encode()], _context),
    "model": lambda: Door([seeds.SIZES], _model),
    "preset": lambda: Door([path.read_bytes() for path in (ROOT / "models" / "presets").glob("*.toml")], _preset),
    "listing": lambda: Door([seeds.LISTING], _listing),
    "refine": lambda: Door([b"1. A dog.\n2. A cat.\n3. A tree.\n"], _second_step),
    "answers": lambda: Door([seeds.ANSWER, seeds.PIECES], endpoints.answer),
    "service": lambda: Door(peers.REQUESTS, *peers.service()),
    "fleet": lambda: Door(peers.fleet_seeds(), peers.fleet),
    "reader": lambda: Door(peers.READER, peers.reader),
    "events": lambda: Door(peers.EVENTS, peers.events),
    "cameras": lambda: Door(peers.CAMERAS, _of_file("cameras.toml", peers.cameras)),
    "addresses": lambda: Door(peers.ADDRESSES, peers.address),
    "chapters-vtt": lambda: Door([texts.CHAPTERS["vtt"]], _of_file("c.vtt", texts.chapters)),
    "chapters-json": lambda: Door([texts.CHAPTERS["json"]], _of_file("c.json", texts.chapters)),
    "chapters-txt": lambda: Door([texts.CHAPTERS["txt"]], _of_file("c.txt", texts.chapters)),
    "summary": lambda: Door([texts.summary_seed()], texts.summary),
    "summary-answer": lambda: Door([texts.SUMMARY_ANSWER], texts.summary_answer),
    "tars": lambda: Door(sets.tar_seeds(), _of_file("s.tar", sets.summed(sets.tars))),
    "tables": lambda: Door(sets.table_seeds(), _of_file("t.parquet", sets.tables)),
    "run": lambda: Door(sets.ledger_seeds("_scenescribe/run"), sets.ledger("_scenescribe/run", FOLDER)),
    "plan": lambda: Door(sets.ledger_seeds("_scenescribe/plan/index"), sets.ledger("_scenescribe/plan/index", FOLDER)),
    "plan-items": lambda: Door(sets.ledger_seeds("_scenescribe/plan/items"), sets.ledger("_scenescribe/plan/items", FOLDER)),
    "done": lambda: Door(sets.ledger_seeds("_scenescribe/done"), sets.ledger("_scenescribe/done", FOLDER)),
    "parts": lambda: Door(sets.ledger_seeds("data/"), sets.ledger("data/", FOLDER)),
    "playlists": lambda: Door(sets.PLAYLISTS, sets.playlist),
    "segments": lambda: Door(sets.SEGMENTS, sets.segment),
    "pictures": lambda: Door(peers.picture_seeds(), peers.pictures),
    "languages": lambda: Door([b"en", b"zh-Hans", b"pt-BR", b"sl-rozaj-biske-1994", b"German", b"x-a"], texts.language),
    "queries": lambda: Door(texts.QUERIES, texts.query),
}  # fmt: skip
"""name -> what makes the door: the seeds of some cost time"""
